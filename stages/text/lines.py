"""Lines of a batch, straight from its UTF-8."""

from typing import Any, NamedTuple, Self

import numpy as np
from numba import int32, int64, uint8, uint32, uint64

from stages.text.code_points import (
    EACH,
    characters_in,
    continuations_in,
    decode,
    entry,
    final,
    hash_bytes,
    hash_step,
    last_bytes,
    zero_bytes,
)
from stages.text.compiled import borrowed, inlined, item, kernel, load8, low_zeros, put
from stages.text.memory import room
from stages.text.tables import SPACE
from stages.text.windows import WINDOW, at_least, equals, first_one, ones_in


class Lines(NamedTuple):
    """One entry for each line, its break left out: first byte, end, code points, whether white space is all, hash."""

    starts: Any  # int64
    ends: Any  # int64
    lengths: Any  # int32
    blank: Any  # bool
    hashes: Any  # uint64, of the bytes

    @classmethod
    def of_size(cls, size: int) -> Self:
        kinds = (np.int64, np.int64, np.int32, np.bool_, np.uint64)
        return cls(*(room(size, kind) for kind in kinds))

    def cut(self, size: int) -> Self:
        """The first so many entries."""
        return type(self)(*(array[:size] for array in self))


@inlined
def after_spaces(data: Any, start: Any, end: Any, tables: Any) -> Any:
    """Where the first character stands that is no white space; the end if there is none."""
    while start < end:
        if 0x20 < item(data, start) < 0x80:
            break
        point, after = decode(data, start)
        if not item(tables.flags, entry(tables.blocks, point)) & uint32(SPACE):
            break
        start = after
    return start


@inlined
def before_spaces(data: Any, start: Any, end: Any, tables: Any) -> Any:
    """Where the white space at the end begins."""
    while end > start:
        place = end - 1
        if 0x20 < item(data, place) < 0x80:
            break
        while (item(data, place) & 0xC0) == 0x80:
            place -= 1
        if not tables.flags[entry(tables.blocks, decode(data, place)[0])] & uint32(SPACE):
            break
        end = place
    return end


@inlined
def _break_at(data: Any, place: Any, stop: Any) -> Any:
    """How many bytes the line break at a position has, as `str.splitlines` knows them; 0 if there is none."""
    byte = item(data, place)
    if byte == 0x0D:
        return 2 if place + 1 < stop and item(data, place + 1) == 0x0A else 1
    if 0x0A <= byte < 0x0D or 0x1C <= byte <= 0x1E:
        return 1
    if byte == 0xC2 and item(data, place + 1) == 0x85:
        return 2
    if (
        byte == 0xE2
        and item(data, place + 1) == 0x80
        and (item(data, place + 2) == 0xA8 or item(data, place + 2) == 0xA9)
    ):
        return 3
    return 0


@inlined
def _has_other_breaks(data: Any, start: Any, end: Any) -> Any:
    """Whether data[start:end] holds a line break that is no line feed."""
    for place in range(start, min(start + 2, end)):
        if _break_at(data, place, end) and item(data, place) != 0x0A:
            return True
    found = False
    for place in range(start + 2, end):
        byte, before = item(data, place), item(data, place - 1)
        found |= (byte > uint8(0x0A)) & (byte < uint8(0x0E))
        found |= (byte > uint8(0x1B)) & (byte < uint8(0x1F))
        found |= (byte == uint8(0x85)) & (before == uint8(0xC2))
        found |= ((byte | uint8(1)) == uint8(0xA9)) & (before == uint8(0x80)) & (item(data, place - 2) == uint8(0xE2))
    return found


@kernel
def has_other_breaks(data: Any, start: int, end: int) -> Any:
    """As `_has_other_breaks`."""
    return _has_other_breaks(borrowed(data), start, end)


@inlined
def _may_end_line(data: Any, place: Any) -> Any:
    """A bit for each of WINDOW bytes that is the last or only one of a line break, or of some other character."""
    found = at_least(data, place, 0x0A) & ~at_least(data, place, 0x1F)
    return uint32(found | equals(data, place, 0x85) | (at_least(data, place, 0xA8) & ~at_least(data, place, 0xAA)))


@kernel
def count_lines(data: Any, offsets: Any, every_break: bool) -> Any:
    """No fewer than the lines of all documents."""
    data, offsets = borrowed((data, offsets))
    count, place, stop = int64(offsets.size), offsets[0], offsets[offsets.size - 1]
    while place + WINDOW <= stop:
        count += ones_in(_may_end_line(data, place) if every_break else uint32(equals(data, place, 0x0A)))
        place += WINDOW
    return count + stop - place


@inlined
def _breaks(data: Any, place: Any) -> Any:
    """A bit for each of WINDOW bytes at which a line break begins; two more are read."""
    found = at_least(data, place, 0x0A) & ~at_least(data, place, 0x0E)
    found |= at_least(data, place, 0x1C) & ~at_least(data, place, 0x1F)
    found |= equals(data, place, 0xC2) & equals(data, place + 1, 0x85)
    last = equals(data, place + 2, 0xA8) | equals(data, place + 2, 0xA9)
    return uint32(found | (equals(data, place, 0xE2) & equals(data, place + 1, 0x80) & last))


@inlined
def _next_break(data: Any, place: Any, stop: Any) -> Any:
    """Where the next line break of any kind begins, and how many bytes it has; the end and 0 if there is none."""
    while place + WINDOW + 2 <= stop:
        found = _breaks(data, place)
        if found:
            place += int64(first_one(found))
            break
        place += WINDOW
    while place < stop:
        size = int64(_break_at(data, place, stop))
        if size:
            return place, size
        place += 1
    return stop, int64(0)


@inlined
def _put_line(data: Any, start: Any, end: Any, length: Any, hashed: Any, tables: Any, lines: Any, at: Any) -> None:
    put(lines.starts, at, start)
    put(lines.ends, at, end)
    put(lines.lengths, at, int32(length))
    put(lines.blank, at, after_spaces(data, start, end, tables) == end)
    put(lines.hashes, at, hashed)


@inlined
def _read_line(data: Any, start: Any, stop: Any) -> Any:
    """Where the line that begins at a place ends, its code points and its hash: in one pass, eight bytes at a time."""
    value, place, later = uint64(0), start, int64(0)
    while place + 8 <= stop:
        eight = load8(data, place)
        feeds = zero_bytes(eight ^ uint64(0x0A * EACH))
        if feeds:
            size = low_zeros(feeds) >> 3
            eight &= (uint64(1) << uint64(8 * size)) - uint64(1)
            end = place + size
            return end, end - start - later - continuations_in(eight), final(hash_step(value, eight), end - start)
        value = hash_step(value, eight)
        later += continuations_in(eight)
        place += 8
    end = place
    while end < stop and item(data, end) != 0x0A:
        later += int64((item(data, end) & 0xC0) == 0x80)
        end += 1
    return end, end - start - later, final(hash_step(value, last_bytes(data, place, end)), end - start)


@kernel
def scan_lines(data: Any, offsets: Any, tables: Any, every_break: bool, lines: Any, first: Any) -> Any:
    """Fill `lines`, which must have room for `count_lines`, and the first line of each document; their number."""
    data, offsets, tables, lines, first = borrowed((data, offsets, tables, lines, first))
    first[0] = 0
    count = int64(0)
    for document in range(offsets.size - 1):
        place, stop = offsets[document], offsets[document + 1]
        start = place
        others = every_break and _has_other_breaks(data, start, stop)
        while start < stop or (start == stop and not every_break and stop > offsets[document]):
            if others:
                place, size = _next_break(data, start, stop)
                length, hashed = characters_in(data, start, place), hash_bytes(data, start, place)
            else:
                place, length, hashed = _read_line(data, start, stop)
                size = int64(place < stop)
            _put_line(data, start, place, length, hashed, tables, lines, count)
            count += 1
            if size == 0:
                break
            place += size
            start = place
        first[document + 1] = count
    return count


def find_lines(data: np.ndarray, offsets: np.ndarray, tables: Any, every_break: bool) -> tuple[Lines, np.ndarray]:
    """Lines, and the first of each document (and one more).

    With `every_break` lines end as `str.splitlines` has it; otherwise a line feed separates two, and an empty text has
    none.
    """
    lines = Lines.of_size(int(count_lines(data, offsets, every_break)))
    first = np.empty(offsets.size, np.int64)
    return lines.cut(scan_lines(data, offsets, tables, every_break, lines, first)), first


def without_last_empty(lines: Lines, first: np.ndarray) -> tuple[Lines, np.ndarray]:
    """Lines between line feeds as `str.splitlines` has them, where there is no other break: none after the last one."""
    last = first[1:][first[1:] > first[:-1]] - 1
    dropped = last[lines.starts[last] == lines.ends[last]]
    if not dropped.size:
        return lines, first
    kept = np.ones(lines.starts.size, bool)
    kept[dropped] = False
    number = np.zeros(kept.size + 1, np.int64)
    np.cumsum(kept, out=number[1:])
    return Lines(*(array[kept] for array in lines)), number[first]
