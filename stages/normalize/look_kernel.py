"""What in a text normalization may change: one pass over its bytes, a window at a time."""

from typing import Any

import numpy as np
from numba import int64, uint8, uint32, uint64

from stages.normalize.kinds import (
    BESIDE,
    COMPOSES,
    FIRST,
    MARK,
    MISREAD,
    ONCE,
    SECOND,
    SECOND_OF,
    SIGN,
    SPACE,
    TRIM,
    TWICE,
    UNCLEAN,
)
from stages.text.code_points import MULTIPLIER, decode, entry, find_slot
from stages.text.compiled import borrowed, inlined, item, kernel
from stages.text.tables import LIMIT
from stages.text.windows import WINDOW, at_least, equals, first_one

_LOUD = UNCLEAN | COMPOSES | MISREAD | SPACE | MARK | SECOND | (ONCE | TWICE) << SECOND_OF
"""Kinds of characters beyond ASCII that matter by themselves or by what stands before them."""


@inlined
def character_size(lead: Any) -> Any:
    """Bytes of a character that begins with this one."""
    return int64(1) + int64(lead >= 0xC0) + int64(lead >= 0xE0) + int64(lead >= 0xF0)


@inlined
def kind_at(code: Any, kinds: Any) -> Any:
    """The kind of a code point."""
    return int64(item(kinds.kinds, item(kinds.pages, code >> 8) + (code & 0xFF)))


@inlined
def start_before(data: Any, begin: Any, place: Any) -> Any:
    """Where the character before a place begins, which is behind `begin`."""
    start = place - 1
    while start > begin and item(data, start) & 0xC0 == 0x80:
        start -= 1
    return start


@inlined
def _code_before(data: Any, begin: Any, place: Any) -> Any:
    """The code point before a place and where it begins; 0 where the text begins or its bytes are broken."""
    if place == begin:
        return int64(0), place
    start = start_before(data, begin, place)
    if start + character_size(item(data, start)) != place:
        return int64(0), start
    code = decode(data, start)[0]
    return (code if code < LIMIT else int64(0)), start


@inlined
def _joins(before: Any, order_before: Any, code: Any, order: Any, is_second: Any, pairs: Any) -> Any:
    """Whether NFC may join or swap two code points with these combining classes, for marks and what may be second."""
    if order_before:
        return order_before > order > 0 or (is_second and order_before < order)
    key = uint64(before << 21 | code) * uint64(MULTIPLIER)
    return is_second and item(pairs, find_slot(pairs, pairs.size - 1, key)) != uint64(0)


@inlined
def _flags_of(data: Any, begin: Any, end: Any, place: Any, size: Any, kinds: Any) -> Any:
    """What the character of so many bytes at a place, beyond ASCII, says of a text with what stands beside it."""
    if place + size > end:
        return int64(MISREAD)
    code = decode(data, place)[0]
    if code >= LIMIT:
        return int64(MISREAD)
    kind = kind_at(code, kinds)
    if not kind & _LOUD:
        return int64(0)
    flags = kind & (UNCLEAN | COMPOSES | MISREAD)
    if kind & SPACE and (place + size == end or item(data, place + size) == 0x0A):
        flags |= TRIM
    if place == begin or (item(data, place - 1) < 0x80 and not kind & SECOND):
        return flags
    code_before, start = _code_before(data, begin, place)
    before = kind_at(code_before, kinds)
    if kind & SECOND or kind & before & MARK:
        order = item(kinds.order, entry(kinds.blocks, code))
        order_before = item(kinds.order, entry(kinds.blocks, code_before))
        if _joins(code_before, order_before, code, order, kind & SECOND != 0, kinds.pairs):
            flags |= COMPOSES
    met = (before >> FIRST) & (kind >> SECOND_OF)
    if met & ONCE:
        flags |= MISREAD
    elif met & TWICE:
        one, start = _code_before(data, begin, start)
        two, start = _code_before(data, begin, start)
        if met & TWICE & (kind_at(two, kinds) >> FIRST) & (kind_at(one, kinds) >> SECOND_OF):
            flags |= MISREAD
    return flags


@inlined
def _is_blank(byte: Any) -> Any:
    """White space of ASCII, as `str.isspace` has it."""
    return byte == 0x20 or 0x09 <= byte <= 0x0D or 0x1C <= byte <= 0x1F


@inlined
def _flags_of_newline(data: Any, begin: Any, place: Any) -> Any:
    """Whether white space or three newlines stand before one, or nothing."""
    if place == begin:
        return int64(TRIM)
    before = item(data, place - 1)
    if before != 0x0A:
        return int64(TRIM) if _is_blank(before) else int64(0)
    many = place >= begin + 3 and item(data, place - 2) == 0x0A and item(data, place - 3) == 0x0A
    return int64(TRIM) if many else int64(0)


@inlined
def _flags_of_ascii(data: Any, begin: Any, place: Any) -> Any:
    byte = item(data, place)
    if byte == 0x0A:
        return _flags_of_newline(data, begin, place)
    return int64(UNCLEAN) if (byte < 0x20 and byte != 0x09) or byte == 0x7F else int64(0)


@inlined
def _characters_of(data: Any, begin: Any, end: Any, place: Any, within: Any, kinds: Any) -> Any:
    """The flags of the characters beyond ASCII that begin at the set bits of a window.

    Those of one size are looked at together, so that no branch depends on it. The ideographs and syllables that begin
    with 0xE4 to 0xE9, 0xEB and 0xEC are of no kind.
    """
    flags = int64(0)
    two, three, four = at_least(data, place, 0xC0), at_least(data, place, 0xE0), at_least(data, place, 0xF0)
    plain = (at_least(data, place, 0xE4) & ~at_least(data, place, 0xEA)) | equals(data, place, 0xEB)
    plain |= equals(data, place, 0xEC)
    bits = uint32(two & ~three & within)
    while bits:
        flags |= _flags_of(data, begin, end, place + int64(first_one(bits)), int64(2), kinds)
        bits &= bits - uint32(1)
    bits = uint32(three & ~four & ~plain & within)
    while bits:
        flags |= _flags_of(data, begin, end, place + int64(first_one(bits)), int64(3), kinds)
        bits &= bits - uint32(1)
    bits = uint32(four & within)
    while bits:
        flags |= _flags_of(data, begin, end, place + int64(first_one(bits)), int64(4), kinds)
        bits &= bits - uint32(1)
    return flags


@inlined
def _flags_between(data: Any, begin: Any, end: Any, kinds: Any) -> Any:
    """The flags of the text or line data[begin:end]."""
    flags = int64(0)
    place = begin
    while place < end and place + WINDOW <= data.size:
        left = end - place
        within = ~uint32(0) if left >= WINDOW else (uint32(1) << uint32(left)) - uint32(1)
        newlines = equals(data, place, 0x0A)
        controls = ~(at_least(data, place, 0x20) | newlines | equals(data, place, 0x09)) | equals(data, place, 0x7F)
        if uint32(controls & within):
            flags |= UNCLEAN
        bits = uint32(newlines & within)
        while bits:
            flags |= _flags_of_newline(data, begin, place + int64(first_one(bits)))
            bits &= bits - uint32(1)
        if uint32(at_least(data, place, 0xC0) & within):
            flags |= _characters_of(data, begin, end, place, within, kinds)
        place += WINDOW
    while place < end:
        byte = item(data, place)
        if byte < 0x80:
            flags |= _flags_of_ascii(data, begin, place)
        elif byte >= 0xC0:
            flags |= _flags_of(data, begin, end, place, character_size(byte), kinds)
        place += 1
    if begin < end and _is_blank(item(data, end - 1)):
        flags |= TRIM
    return flags


@kernel
def look(data: Any, bounds: Any, kinds: Any, flags: Any) -> None:
    """Fill `flags` of the texts at `bounds` of the bytes `data`."""
    data, bounds, kinds, flags = borrowed((data, bounds, kinds, flags))
    for text in range(bounds.size - 1):
        flags[text] = uint8(_flags_between(data, bounds[text], bounds[text + 1], kinds))


@inlined
def _has_sign(data: Any, begin: Any, end: Any, kinds: Any) -> Any:
    """Whether a character stands in a line that `is_bad` looks at: alone, or with the one before it."""
    before, place = int64(0), begin
    while place < end:
        code, place = decode(data, place)
        kind = kind_at(code, kinds)
        if kind & SIGN or (before >> FIRST) & (kind >> SECOND_OF) & BESIDE:
            return True
        before = kind
    return False


@kernel
def misread_lines(data: Any, bounds: Any, rows: Any, kinds: Any, found: Any) -> Any:
    """Fill `found`, (3, lines), with row, first and last byte of the lines of these rows that are MISREAD and hold what
    `is_bad` looks at, as far as there is room; returns how many there are."""
    data, bounds, rows, kinds, found = borrowed((data, bounds, rows, kinds, found))
    count = int64(0)
    for number in range(rows.size):
        row = rows[number]
        begin, end = bounds[row], bounds[row + 1]
        while begin < end:
            stop = begin
            while stop < end and item(data, stop) != 0x0A:
                stop += 1
            if _flags_between(data, begin, stop, kinds) & MISREAD and _has_sign(data, begin, stop, kinds):
                if count < found.shape[1]:
                    found[0, count], found[1, count], found[2, count] = row, begin, stop
                count += 1
            begin = stop + 1
    return count


def flags_of_texts(data: np.ndarray, bounds: np.ndarray, kinds: Any) -> np.ndarray:
    """`look` at all texts: uint8."""
    flags = np.empty(len(bounds) - 1, np.uint8)
    look(data, bounds, kinds, flags)
    return flags


def lines_misread(data: np.ndarray, bounds: np.ndarray, rows: np.ndarray, kinds: Any) -> np.ndarray:
    """`misread_lines` of these rows: int64[3, lines]."""
    room = 64
    while True:
        found = np.empty((3, room), np.int64)
        count = int(misread_lines(data, bounds, rows, kinds, found))
        if count <= room:
            return found[:, :count]
        room = count
