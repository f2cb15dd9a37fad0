"""The compiled form of the counts of `quality.composition`."""

from typing import Any, Final, NamedTuple, Self

import numpy as np
from numba import int64, uint32, uint64

from stages.text.arrays import Segments
from stages.text.code_points import decode, entry
from stages.text.compiled import borrowed, inlined, item, kernel, low_zeros
from stages.text.sentences import holds
from stages.text.tables import (
    BITS,
    CAPITAL,
    LETTER,
    NUMBER,
    OWN_SCRIPT,
    PUNCTUATION,
    SPACE,
    SYMBOL,
    WHITE_SPACE,
    tables,
)
from stages.text.windows import BLOCK, WINDOW, block_between, count_ones, equals, first_one

COUNTS: Final = 8
(VISIBLE, LETTERS, DIGITS, MARKS, SYMBOLS, CAPITALS, SCRIPTED, OF_SCRIPT) = range(COUNTS)
_FLAGS: Final = 256
"""Combinations of the flags that are counted: the lowest eight bits."""
_HALF_FULL: Final = 0x8080808080808080
"""Set in counts of a byte each of which one is 128 or more."""


def _additions() -> np.ndarray:
    """What a character with these flags adds to its document's counts, but for the last: a byte for each of them."""
    flags = np.arange(_FLAGS)
    letters = flags & LETTER > 0
    counted = {
        VISIBLE: flags & SPACE == 0,
        LETTERS: letters,
        DIGITS: flags & NUMBER > 0,
        MARKS: flags & PUNCTUATION > 0,
        SYMBOLS: flags & SYMBOL > 0,
        CAPITALS: letters & (flags & CAPITAL > 0),
        SCRIPTED: letters & (flags & OWN_SCRIPT > 0),
    }
    additions = np.zeros(_FLAGS, np.uint64)
    for kind, found in counted.items():
        additions |= found.astype(np.uint64) << np.uint64(8 * kind)
    return additions


_ADDITIONS: Final = _additions()


@inlined
def _count_ascii(data: Any, place: Any, within: Any) -> Any:
    """Of the characters of a block whose bits are set, all of them ASCII: white space, what is seen, capitals, small
    letters, digits, symbols."""
    blanks = block_between(data, place, 0x09, 5) | block_between(data, place, 0x1C, 5)
    shown = block_between(data, place, 0x21, 0x5E)
    capitals, small = block_between(data, place, 0x41, 26), block_between(data, place, 0x61, 26)
    digits = block_between(data, place, 0x30, 10)
    signs = block_between(data, place, 0x24, 1) | block_between(data, place, 0x2B, 1)  # $ +
    signs |= block_between(data, place, 0x3C, 3) | block_between(data, place, 0x5E, 1)  # < = > ^
    signs |= block_between(data, place, 0x60, 1) | block_between(data, place, 0x7C, 1)  # ` |
    signs |= block_between(data, place, 0x7E, 1)  # ~
    return (
        int64(count_ones(blanks & within)),
        int64(count_ones(shown & within)),
        int64(count_ones(capitals & within)),
        int64(count_ones(small & within)),
        int64(count_ones(digits & within)),
        int64(count_ones(signs & within)),
    )


class Script(NamedTuple):
    """A script, and what each character of one or two bytes adds to the counts."""

    bitmap: Any  # its characters; of no size for text that is of no one script
    short: Any  # uint64[2048]

    @classmethod
    def of(cls, bitmap: np.ndarray) -> Self:
        points, known = np.arange(0x800), tables()
        flags = known.flags[(known.blocks[points >> BITS].astype(np.int64) << BITS) + points % (1 << BITS)]
        short = _ADDITIONS[flags & np.uint32(_FLAGS - 1)]
        if bitmap.size:
            members = np.unpackbits(bitmap[: points.size >> 5].view(np.uint8), bitorder="little")
            short += (members & (flags & np.uint32(LETTER) > 0)).astype(np.uint64) << np.uint64(8 * OF_SCRIPT)
        return cls(bitmap, short)


@inlined
def _addition(point: Any, script: Any, tables: Any, additions: Any) -> Any:
    """What a character adds to the counts, a byte for each of them."""
    flags = item(tables.flags, entry(tables.blocks, point))
    found = item(additions, int64(flags & uint32(_FLAGS - 1)))
    if script.bitmap.size and flags & uint32(LETTER):
        found += uint64(holds(script.bitmap, point)) << uint64(8 * OF_SCRIPT)
    return found


@inlined
def _add_short(data: Any, place: Any, bits: Any, script: Any) -> Any:
    """What the characters of two bytes add that begin at the set bits of a block."""
    found = uint64(0)
    while bits:
        at = place + low_zeros(bits)
        found += item(script.short, int64(item(data, at) & 0x1F) << 6 | int64(item(data, at + 1) & 0x3F))
        bits &= bits - uint64(1)
    return found


@inlined
def _add_long(data: Any, place: Any, bits: Any, script: Any, tables: Any, additions: Any) -> Any:
    """As `_add_short`, for longer ones: all of one size, so that no branch depends on it."""
    found = uint64(0)
    while bits:
        found += _addition(decode(data, place + low_zeros(bits))[0], script, tables, additions)
        bits &= bits - uint64(1)
    return found


@inlined
def _take(pending: Any, row: Any) -> None:
    """Add the counts that a byte each holds to those of a document."""
    for kind in range(COUNTS):
        row[kind] += int64((pending >> uint64(8 * kind)) & uint64(0xFF))


@kernel
def count_classes(data: Any, offsets: Any, script: Any, tables: Any, additions: Any, counts: Any) -> None:
    """Add to `counts`, (documents, COUNTS)."""
    data, offsets, script, tables, additions, counts = borrowed((data, offsets, script, tables, additions, counts))
    latin = int64(script.short[0x61] >> uint64(8 * OF_SCRIPT))  # whoever has one letter of ASCII has all
    for document in range(offsets.size - 1):
        row = counts[document]
        place, stop = offsets[document], offsets[document + 1]
        total = blank = shown = capitals = small = digits = symbols = int64(0)
        pending = uint64(0)  # no more than 64 characters are added before it is looked at again
        while place < stop and place + BLOCK <= data.size:
            left = stop - place
            within = ~uint64(0) if left >= BLOCK else (uint64(1) << uint64(left)) - uint64(1)
            high = block_between(data, place, 0x80, 0x80) & within
            found = _count_ascii(data, place, within)  # nothing that it counts is beyond ASCII
            total += left if left < BLOCK else int64(BLOCK)
            blank, shown, capitals = blank + found[0], shown + found[1], capitals + found[2]
            small, digits, symbols = small + found[3], digits + found[4], symbols + found[5]
            if high:
                total -= int64(count_ones(high))
                two, three = block_between(data, place, 0xC0, 0x20), block_between(data, place, 0xE0, 0x10)
                four = block_between(data, place, 0xF0, 0x10)
                pending += _add_short(data, place, two & within, script)
                pending += _add_long(data, place, three & within, script, tables, additions)
                pending += _add_long(data, place, four & within, script, tables, additions)
                if pending & uint64(_HALF_FULL):
                    _take(pending, row)
                    pending = uint64(0)
            place += BLOCK
        while place < stop:
            if (item(data, place) & 0xC0) != 0x80:  # the block before may have ended within a character
                pending += _addition(decode(data, place)[0], script, tables, additions)
            place += 1
        _take(pending, row)
        letters = capitals + small
        row[VISIBLE] += total - blank
        row[LETTERS] += letters
        row[DIGITS] += digits
        row[MARKS] += shown - letters - digits - symbols
        row[SYMBOLS] += symbols
        row[CAPITALS] += capitals
        row[SCRIPTED] += letters
        row[OF_SCRIPT] = row[OF_SCRIPT] + letters * latin if script.bitmap.size else row[SCRIPTED]


@inlined
def _next_address(data: Any, place: Any, stop: Any) -> Any:
    """The first place from here on with `ht?p` or `w??.`, or where too few bytes can be read at once; else the end."""
    while place < stop:
        if place + WINDOW + 3 > data.size:
            return place
        found = equals(data, place, 0x68) & equals(data, place + 1, 0x74) & equals(data, place + 3, 0x70)
        found |= equals(data, place, 0x77) & equals(data, place + 3, 0x2E)
        if found:
            return min(place + int64(first_one(uint32(found))), stop)
        place += WINDOW
    return stop


@inlined
def _address_at(data: Any, place: Any, stop: Any) -> Any:
    """Where what follows `http://`, `https://` or `www.` at a place begins; 0 if none stands there."""
    if item(data, place) == 0x77:
        fine = (
            place + 4 < stop
            and item(data, place + 1) == 0x77
            and item(data, place + 2) == 0x77
            and item(data, place + 3) == 0x2E
        )
        return place + 4 if fine else int64(0)
    if (
        place + 7 >= stop
        or item(data, place + 1) != 0x74
        or item(data, place + 2) != 0x74
        or item(data, place + 3) != 0x70
    ):
        return int64(0)
    place += 5 if item(data, place + 4) == 0x73 else 4
    fine = (
        place + 3 < stop
        and item(data, place) == 0x3A
        and item(data, place + 1) == 0x2F
        and item(data, place + 2) == 0x2F
    )
    return place + 3 if fine else int64(0)


@kernel
def address_characters(data: Any, offsets: Any, tables: Any, found: Any) -> None:
    """Fill `found` with the characters of web addresses of each document."""
    data, offsets, tables, found = borrowed((data, offsets, tables, found))
    for document in range(offsets.size - 1):
        place, stop = offsets[document], offsets[document + 1]
        total = int64(0)
        while True:
            place = _next_address(data, place, stop)
            if place >= stop:
                break
            if item(data, place) != 0x68 and item(data, place) != 0x77:
                place += 1
                continue
            after = _address_at(data, place, stop)
            if after == 0:
                place += 1
                continue
            prefix = after - place  # ASCII: as many characters as bytes
            length = int64(0)
            while after < stop:
                point, following = decode(data, after)
                if item(tables.flags, entry(tables.blocks, point)) & uint32(WHITE_SPACE):
                    break
                after = following
                length += 1
            if length:
                total += prefix + length
                place = after
            else:
                place += 1
        found[document] = total


def count(segments: Segments, script: Script) -> tuple[np.ndarray, np.ndarray]:
    """Counts of each document, int64[documents, COUNTS], and its characters of web addresses."""
    known = tables()
    counts = np.zeros((len(segments), COUNTS), np.int64)
    count_classes(segments.data, segments.offsets, script, known, _ADDITIONS, counts)
    addresses = np.empty(len(segments), np.int64)
    address_characters(segments.data, segments.offsets, known, addresses)
    return counts, addresses
