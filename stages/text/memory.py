"""Memory for the arrays of a batch, used again for the next one.

A fresh array of some megabytes costs as much as filling it: the system hands out its pages one by one, all zeros.
"""

import sys
from threading import local
from typing import Any, Final

import numpy as np

SMALLEST: Final = 1 << 16
"""Bytes from which on memory is kept."""
LARGEST: Final = 1 << 26
"""Bytes above which it is given back: only a batch of one very long text needs as much."""

_MOST: Final = 48
"""Blocks that are kept for a thread."""


class _Blocks(local):
    """The blocks of a thread, ascending by size."""

    def __init__(self) -> None:
        self.kept: list[np.ndarray] = []


_BLOCKS: Final = _Blocks()


def room(size: int, kind: Any) -> np.ndarray:
    """An array of so many items whose values are undefined, in a block that nothing refers to any more."""
    wanted = size * np.dtype(kind).itemsize
    if not SMALLEST <= wanted <= LARGEST:
        return np.empty(size, kind)
    kept = _BLOCKS.kept
    for place in range(len(kept)):
        if kept[place].size >= wanted and sys.getrefcount(kept[place]) == 2:  # the list and the question
            return kept[place][:wanted].view(kind)
    if len(kept) >= _MOST:
        kept[:] = [kept[place] for place in range(len(kept)) if sys.getrefcount(kept[place]) > 2]
    block = np.empty(1 << (wanted - 1).bit_length(), np.uint8)
    _BLOCKS.kept = sorted([*kept, block], key=len) if len(kept) < _MOST else kept
    return block[:wanted].view(kind)
