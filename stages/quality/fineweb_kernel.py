"""The compiled form of the rules of `quality.fineweb`."""

from typing import Any, Final

import numpy as np
from numba import int64, uint32

from stages.quality.repetition_kernel import clear, is_new
from stages.text.arrays import Segments
from stages.text.code_points import decode_before, table_size
from stages.text.compiled import borrowed, inlined, item, kernel
from stages.text.sentences import holds
from stages.text.windows import WINDOW, equals, first_one

COUNTS: Final = 5
(LINES, TERMINATED, SHORT, DUPLICATE_CHARACTERS, MENU_CHARACTERS) = range(COUNTS)

MENU_LINES: Final = 6
"""Fewer lines without a terminator in a row may be a sentence that runs over lines."""


@inlined
def _is_mark(data: Any, place: Any, end: Any) -> Any:
    """Whether one of the marks | / · » • › stands at a place between two spaces."""
    byte = item(data, place)
    size = int64(0)
    if byte == 0x7C or byte == 0x2F:
        size = int64(1)
    elif byte == 0xC2 and (item(data, place + 1) == 0xB7 or item(data, place + 1) == 0xBB):
        size = int64(2)
    elif byte == 0xE2 and place + 3 < end and item(data, place + 1) == 0x80:
        last = item(data, place + 2)
        size = int64(3) if last == 0xA2 or last == 0xBA else int64(0)
    return size > 0 and place + size < end and item(data, place - 1) == 0x20 and item(data, place + size) == 0x20


@inlined
def _menu_marks(data: Any, start: Any, end: Any) -> Any:
    """How many marks stand in a line."""
    count, place = int64(0), start + 1
    while place < end - 1 and place + WINDOW <= data.size:
        left = end - 1 - place
        within = ~uint32(0) if left >= WINDOW else (uint32(1) << uint32(left)) - uint32(1)
        leads = equals(data, place, 0x7C) | equals(data, place, 0x2F)
        leads |= equals(data, place, 0xC2) | equals(data, place, 0xE2)
        bits = uint32(leads & equals(data, place - 1, 0x20) & within)
        while bits:
            count += int64(_is_mark(data, place + int64(first_one(bits)), end))
            bits &= bits - uint32(1)
        place += WINDOW
    while place < end - 1:
        count += int64(_is_mark(data, place, end))
        place += 1
    return count


@inlined
def _is_menu(data: Any, start: Any, end: Any, length: Any, menu_item: Any) -> Any:
    return length <= menu_item or length <= menu_item * (1 + _menu_marks(data, start, end))


@kernel
def count_lines(
    data: Any, lines: Any, first: Any, ends: Any, short: int, menu_item: int, keys: Any, counts: Any
) -> None:
    """Fill `counts`, (COUNTS, documents), from lines between line feeds; blank ones are left out."""
    data, lines, first, ends, keys, counts = borrowed((data, lines, first, ends, keys, counts))
    for document in range(first.size - 1):
        begin, end = first[document], first[document + 1]
        total = terminated = few = characters = menu = items = waiting = int64(0)
        slots = table_size(end - begin, keys.size)
        clear(keys, slots)
        for line in range(begin, end):
            if item(lines.blank, line):
                continue
            total += 1
            ended = holds(ends, decode_before(data, item(lines.ends, line)))
            terminated += int64(ended)
            if not ended and _is_menu(
                data, item(lines.starts, line), item(lines.ends, line), item(lines.lengths, line), menu_item
            ):
                items += 1
                waiting += item(lines.lengths, line)
            else:
                menu += waiting if items >= MENU_LINES else 0
                items = waiting = int64(0)
            few += int64(item(lines.lengths, line) <= short)
            if not is_new(keys, slots - 1, item(lines.hashes, line)):
                characters += item(lines.lengths, line)
        counts[LINES, document], counts[TERMINATED, document] = total, terminated
        counts[SHORT, document], counts[DUPLICATE_CHARACTERS, document] = few, characters
        counts[MENU_CHARACTERS, document] = menu + (waiting if items >= MENU_LINES else 0)


def count(segments: Segments, ends: np.ndarray, short: int, menu_item: int) -> np.ndarray:
    """Counts of each document: int64[COUNTS, documents]; `ends` are the language's terminators as a bitmap."""
    lines, first = segments.lines
    counts = np.zeros((COUNTS, len(segments)), np.int64)
    keys = np.empty(1 << max(4, (2 * int(segments.line_counts.max(initial=0))).bit_length()), np.uint64)
    count_lines(segments.data, lines, first, ends, short, menu_item, keys, counts)
    return counts
