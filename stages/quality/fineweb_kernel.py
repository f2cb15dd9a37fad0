"""The compiled form of the rules of `quality.fineweb`."""

from typing import Any, Final

import numpy as np
from numba import int64, uint64

from stages.quality.repetition_kernel import is_new
from stages.text.arrays import Segments
from stages.text.code_points import decode_before, table_size
from stages.text.compiled import borrowed, kernel
from stages.text.sentences import holds

COUNTS: Final = 4
(LINES, TERMINATED, SHORT, DUPLICATE_CHARACTERS) = range(COUNTS)


@kernel
def count_lines(data: Any, lines: Any, first: Any, ends: Any, short: int, keys: Any, counts: Any) -> None:
    """Fill `counts`, (COUNTS, documents), from lines between line feeds; blank ones are left out."""
    data, lines, first, ends, keys, counts = borrowed((data, lines, first, ends, keys, counts))
    for document in range(first.size - 1):
        begin, end = first[document], first[document + 1]
        total = terminated = few = characters = int64(0)
        slots = table_size(end - begin, keys.size)
        for slot in range(slots):
            keys[slot] = uint64(0)
        for line in range(begin, end):
            if lines.blank[line]:
                continue
            total += 1
            terminated += int64(holds(ends, decode_before(data, lines.ends[line])))
            few += int64(lines.lengths[line] <= short)
            if not is_new(keys, slots - 1, lines.hashes[line]):
                characters += lines.lengths[line]
        counts[LINES, document], counts[TERMINATED, document] = total, terminated
        counts[SHORT, document], counts[DUPLICATE_CHARACTERS, document] = few, characters


def count(segments: Segments, ends: np.ndarray, short: int) -> np.ndarray:
    """Counts of each document: int64[COUNTS, documents]; `ends` are the language's terminators as a bitmap."""
    lines, first = segments.lines
    counts = np.zeros((COUNTS, len(segments)), np.int64)
    most = int(np.diff(first).max(initial=0))
    count_lines(
        segments.data, lines, first, ends, short, np.empty(1 << max(4, (2 * most).bit_length()), np.uint64), counts
    )
    return counts
