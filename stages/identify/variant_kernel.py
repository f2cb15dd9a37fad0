"""The compiled form of the character counts of `identify.variant`."""

from typing import Any

import numpy as np
from numba import int64

from stages.text.arrays import Segments
from stages.text.compiled import borrowed, item, kernel

KINDS = 2


@kernel
def count_kinds(data: Any, offsets: Any, kinds: Any, found: Any) -> None:
    """Add up the Han characters of each kind in each document; those with a kind have three bytes."""
    data, offsets, kinds, found = borrowed((data, offsets, kinds, found))
    for document in range(offsets.size - 1):
        place, stop = offsets[document], offsets[document + 1]
        while place < stop:
            byte = item(data, place)
            if byte < 0xE4 or byte > 0xE9:
                place += 1
                continue
            point = (int64(byte) & 15) << 12 | (int64(item(data, place + 1)) & 63) << 6
            kind = item(kinds, point | (int64(item(data, place + 2)) & 63))
            if kind:
                found[int64(kind) - 1, document] += 1
            place += 3


def count(segments: Segments, kinds: np.ndarray) -> np.ndarray:
    """Characters of each kind, int64[KINDS, documents]; `kinds` numbers code points from 1, 0 for none."""
    found = np.zeros((KINDS, len(segments)), np.int64)
    count_kinds(segments.data, segments.offsets, kinds, found)
    return found
