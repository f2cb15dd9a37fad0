"""The compiled forms of `clean`, but for NFC, and of `trim`."""

from typing import Any

import numpy as np
from numba import int64, uint8

from stages.normalize.kinds import (
    FLAG,
    JOINING,
    MODIFIER,
    NOISE,
    NONSPACING,
    PICTURE,
    SPACE,
    TAG,
    UNSPACED,
)
from stages.normalize.look_kernel import character_size, kind_at, start_before
from stages.text.code_points import decode
from stages.text.compiled import borrowed, inlined, item, kernel, put
from stages.text.windows import WINDOW, equals, first_one


@inlined
def _context_at(data: Any, place: Any, kinds: Any) -> Any:
    code = decode(data, place)[0]
    return int64(item(kinds.contexts, item(kinds.pages, code >> 8) + (code & 0xFF)))


@inlined
def _follows(data: Any, begin: Any, place: Any, wanted: Any, between: Any, most: Any, kinds: Any) -> Any:
    """Whether a character of one context stands before a place, with at most so many of another between."""
    for _ in range(most + 1):
        if place == begin:
            return False
        place = start_before(data, begin, place)
        context = _context_at(data, place, kinds)
        if context & wanted:
            return True
        if not context & between:
            return False
    return False


@inlined
def _precedes(data: Any, place: Any, end: Any, wanted: Any, kinds: Any) -> Any:
    return place < end and _context_at(data, place, kinds) & wanted != 0


@inlined
def _is_misplaced(data: Any, begin: Any, place: Any, end: Any, kinds: Any) -> Any:
    """Whether `remove_invisible` removes the joiner, word break or tag at a place of the text data[begin:end]."""
    code, after = decode(data, place)
    if code == 0x200B:
        placed = _follows(data, begin, place, UNSPACED, NONSPACING, int64(4), kinds)
        return not (placed and _precedes(data, after, end, UNSPACED, kinds))
    if code > 0x200D:
        return not _follows(data, begin, place, FLAG, TAG, int64(8), kinds)
    if _follows(data, begin, place, JOINING, NONSPACING, int64(4), kinds):
        return False
    if code == 0x200C or not _precedes(data, after, end, PICTURE, kinds):
        return True
    return not _follows(data, begin, place, PICTURE, MODIFIER, int64(1), kinds)


@inlined
def _is_placed(data: Any, place: Any, kinds: Any) -> Any:
    """Whether a joiner, word break or tag stands at a place."""
    byte = item(data, place)
    if byte == 0xE2:
        return item(data, place + 1) == 0x80 and 0x8B <= item(data, place + 2) <= 0x8D
    return byte == 0xF3 and _context_at(data, place, kinds) & TAG != 0


@inlined
def _clean_one(data: Any, place: Any, stop: Any, kinds: Any, out: Any, write: Any) -> Any:
    """Copy a text without noise and control characters, with newlines; where it ends, how many may be misplaced."""
    placed = int64(0)
    while place < stop:
        byte = item(data, place)
        size = character_size(byte)
        if size == 1:
            if byte >= 0x0B and byte <= 0x0D:
                size += int64(byte == 0x0D and place + 1 < stop and item(data, place + 1) == 0x0A)
                byte = uint8(0x0A)
            if (byte >= 0x20 and byte != 0x7F) or byte == 0x0A or byte == 0x09:
                put(out, write, byte)
                write += 1
        elif byte == 0xE2 and item(data, place + 1) == 0x80 and 0xA8 <= item(data, place + 2) <= 0xA9:
            put(out, write, uint8(0x0A))
            write += 1
        elif not _context_at(data, place, kinds) & NOISE:
            placed += int64(_is_placed(data, place, kinds))
            for at in range(size):
                put(out, write + at, item(data, place + at))
            write += size
        place += size
    return write, placed


@inlined
def _remove_misplaced(data: Any, begin: Any, stop: Any, kinds: Any, spare: Any) -> Any:
    """Remove the misplaced characters of the text data[begin:stop], which is changed, until none is left: its end.

    What is removed at once is judged by what stood there before. `spare` has room for the text.
    """
    while True:
        kept, place = int64(0), begin
        while place < stop:
            size = int64(1)
            if _is_placed(data, place, kinds):
                size = character_size(item(data, place))
                if _is_misplaced(data, begin, place, stop, kinds):
                    place += size
                    continue
            for at in range(size):
                put(spare, kept + at, item(data, place + at))
            kept += size
            place += size
        if kept == stop - begin:
            return stop
        for at in range(kept):
            put(data, begin + at, item(spare, at))
        stop = begin + kept


@kernel
def clean_texts(data: Any, bounds: Any, rows: Any, kinds: Any, spare: Any, out: Any, ends: Any) -> None:
    """`clean` without NFC of the texts of these rows, valid UTF-8, one after another; `ends` says where each ends.

    `spare` has room for the longest text, `out` for all.
    """
    data, bounds, rows, kinds, spare, out, ends = borrowed((data, bounds, rows, kinds, spare, out, ends))
    write = int64(0)
    for number in range(rows.size):
        begin = write
        write, placed = _clean_one(data, bounds[rows[number]], bounds[rows[number] + 1], kinds, out, begin)
        if placed:
            write = _remove_misplaced(out, begin, write, kinds, spare)
        ends[number + 1] = write


@inlined
def _line_end(data: Any, place: Any, stop: Any) -> Any:
    """The first newline from here on; the end if there is none."""
    while place < stop and place + WINDOW <= data.size:
        found = equals(data, place, 0x0A)
        if found:
            return min(place + int64(first_one(found)), stop)
        place += WINDOW
    while place < stop and item(data, place) != 0x0A:
        place += 1
    return min(place, stop)


@inlined
def _without_space(data: Any, start: Any, end: Any, kinds: Any) -> Any:
    """Where the last character of a line ends that is no space; its start where there is none."""
    while end > start:
        last = start_before(data, start, end)
        if not kind_at(decode(data, last)[0], kinds) & SPACE:
            break
        end = last
    return end


@kernel
def trim_texts(data: Any, bounds: Any, rows: Any, kinds: Any, out: Any, ends: Any) -> None:
    """`trim` of the texts of these rows, which are valid UTF-8, one after another; `ends` says where each ends."""
    data, bounds, rows, kinds, out, ends = borrowed((data, bounds, rows, kinds, out, ends))
    write = int64(0)
    for number in range(rows.size):
        begin = write
        line, stop = bounds[rows[number]], bounds[rows[number] + 1]
        blank = int64(0)  # lines since the last one that is not
        while line < stop:
            after = _line_end(data, line, stop)
            solid = _without_space(data, line, after, kinds)
            if solid > line:
                for _ in range(min(blank, int64(3)) if write > begin else int64(0)):
                    put(out, write, uint8(0x0A))
                    write += 1
                for at in range(solid - line):
                    put(out, write + at, item(data, line + at))
                write += solid - line
                blank = int64(0)
            blank += 1
            line = after + 1
        ends[number + 1] = write


def cleaned(data: np.ndarray, bounds: np.ndarray, rows: np.ndarray, kinds: Any) -> tuple[np.ndarray, np.ndarray]:
    """Bytes and bounds of the texts of these rows as `clean` makes them, but for NFC."""
    sizes = bounds[rows + 1] - bounds[rows]
    out, ends = np.empty(int(sizes.sum()), np.uint8), np.zeros(len(rows) + 1, np.int64)
    clean_texts(data, bounds, rows, kinds, np.empty(int(sizes.max(initial=0)), np.uint8), out, ends)
    return out, ends


def trimmed(data: np.ndarray, bounds: np.ndarray, rows: np.ndarray, kinds: Any) -> tuple[np.ndarray, np.ndarray]:
    """Bytes and bounds of the texts of these rows as `trim` makes them."""
    out, ends = np.empty(int((bounds[rows + 1] - bounds[rows]).sum()), np.uint8), np.zeros(len(rows) + 1, np.int64)
    trim_texts(data, bounds, rows, kinds, out, ends)
    return out, ends
