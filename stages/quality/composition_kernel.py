"""The compiled form of the counts of `quality.composition`."""

from typing import Any, Final

import numpy as np
from numba import int64, uint32

from stages.text.arrays import Segments
from stages.text.code_points import decode, entry
from stages.text.compiled import borrowed, inlined, item, kernel
from stages.text.sentences import holds
from stages.text.tables import CAPITAL, LETTER, NUMBER, OWN_SCRIPT, PUNCTUATION, SPACE, SYMBOL, WHITE_SPACE, tables
from stages.text.windows import (
    WINDOW,
    ascii_capitals,
    ascii_digits,
    ascii_letters,
    at_least,
    equals,
    first_one,
    high_bytes,
    ones_in,
)

COUNTS: Final = 8
(VISIBLE, LETTERS, DIGITS, MARKS, SYMBOLS, CAPITALS, SCRIPTED, OF_SCRIPT) = range(COUNTS)
_CLASSES: Final = 256
"""Combinations of the flags that are counted: the lowest eight bits."""
_ASCII: Final = 128


@inlined
def _count_ascii(data: Any, place: Any, within: Any) -> Any:
    """Of the characters of a window whose bits are set, all of them ASCII: white space, what is seen, letters, digits,
    symbols, capitals."""
    capitals = ones_in(ascii_capitals(data, place) & within)
    letters, digits = ones_in(ascii_letters(data, place) & within), ones_in(ascii_digits(data, place) & within)
    graphic = at_least(data, place, 0x21) & within
    shown = ones_in(graphic & ~equals(data, place, 0x7F))
    blanks = (at_least(data, place, 0x09) & ~at_least(data, place, 0x0E)) | at_least(data, place, 0x1C)
    signs = at_least(data, place, 0x3C) & ~at_least(data, place, 0x3F)  # < = >
    signs |= equals(data, place, 0x24) | equals(data, place, 0x2B) | equals(data, place, 0x5E)  # $ + ^
    signs |= equals(data, place, 0x60) | equals(data, place, 0x7C) | equals(data, place, 0x7E)  # ` | ~
    return ones_in(blanks & ~graphic & within), shown, letters, digits, ones_in(signs & within), capitals


@inlined
def _add_characters(data: Any, place: Any, bits: Any, script: Any, tables: Any, classes: Any) -> Any:
    """Add the characters beyond ASCII that begin at the set bits of a window, and return how many are of the script.

    Those of one size are added together, so that no branch depends on it.
    """
    of_script = int64(0)
    while bits:
        point = decode(data, place + int64(first_one(bits)))[0]
        flags = item(tables.flags, entry(tables.blocks, point))
        classes[flags & uint32(_CLASSES - 1)] += 1
        if script.size and flags & uint32(LETTER):
            of_script += int64(holds(script, point))
        bits &= bits - uint32(1)
    return of_script


@kernel
def count_classes(data: Any, offsets: Any, script: Any, tables: Any, classes: Any, counts: Any) -> None:
    """Fill `counts`, (documents, COUNTS); `script` is a bitmap of the characters of a script, or has no size."""
    data, offsets, script, tables, classes, counts = borrowed((data, offsets, script, tables, classes, counts))
    blocks, flag_table = tables.blocks, tables.flags
    ascii_at = entry(blocks, int64(0))
    latin = script.size > 0 and holds(script, int64(0x61))  # whoever has one letter of ASCII has all
    for document in range(offsets.size - 1):
        for kind in range(_CLASSES + _ASCII):
            classes[kind] = 0
        place, stop = offsets[document], offsets[document + 1]
        of_script = total = blank = shown = letters = digits = symbols = capitals = int64(0)
        while place + WINDOW <= stop:
            high = uint32(high_bytes(data, place))
            found = _count_ascii(data, place, ~high)
            blank, shown, letters = blank + found[0], shown + found[1], letters + found[2]
            digits, symbols, capitals = digits + found[3], symbols + found[4], capitals + found[5]
            total += ones_in(~high)
            if high:
                two, three = at_least(data, place, 0xC0), at_least(data, place, 0xE0)
                four = at_least(data, place, 0xF0)
                of_script += _add_characters(data, place, uint32(two & ~three), script, tables, classes)
                of_script += _add_characters(data, place, uint32(three & ~four), script, tables, classes)
                of_script += _add_characters(data, place, uint32(four), script, tables, classes)
            place += WINDOW
        while place < stop:
            byte = item(data, place)
            if byte < 0x80:
                classes[_CLASSES + int64(byte)] += 1
            elif byte >= 0xC0:
                of_script += _add_characters(data, place, uint32(1), script, tables, classes)
            place += 1
        for byte in range(_ASCII):
            number = classes[_CLASSES + byte]
            if number:
                flags = item(flag_table, ascii_at + byte)
                classes[flags & uint32(_CLASSES - 1)] += number
                if script.size and flags & uint32(LETTER) and holds(script, byte):
                    of_script += number
        row = counts[document]
        row[VISIBLE], row[LETTERS], row[DIGITS], row[SYMBOLS] = total - blank, letters, digits, symbols
        row[MARKS], row[CAPITALS], row[SCRIPTED] = shown - letters - digits - symbols, capitals, letters
        for kind in range(_CLASSES):
            number = classes[kind]
            if number:
                row[VISIBLE] += 0 if kind & SPACE else number
                row[LETTERS] += number if kind & LETTER else 0
                row[DIGITS] += number if kind & NUMBER else 0
                row[MARKS] += number if kind & PUNCTUATION else 0
                row[SYMBOLS] += number if kind & SYMBOL else 0
                row[CAPITALS] += number if kind & LETTER and kind & CAPITAL else 0
                row[SCRIPTED] += number if kind & LETTER and kind & OWN_SCRIPT else 0
        row[OF_SCRIPT] = of_script + letters * int64(latin) if script.size else row[SCRIPTED]


@inlined
def _next_address(data: Any, place: Any, stop: Any) -> Any:
    """The first place from here on with `http` or `www`, or where too few bytes can be read at once; else the end."""
    while place < stop:
        if place + WINDOW + 3 > data.size:
            return place
        t, w = equals(data, place + 1, 0x74), equals(data, place + 1, 0x77)
        found = equals(data, place, 0x68) & t & equals(data, place + 2, 0x74) & equals(data, place + 3, 0x70)
        found |= equals(data, place, 0x77) & w & equals(data, place + 2, 0x77)
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


def count(segments: Segments, script: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts of each document, int64[documents, COUNTS], and its characters of web addresses."""
    known = tables()
    counts = np.zeros((len(segments), COUNTS), np.int64)
    count_classes(segments.data, segments.offsets, script, known, np.empty(_CLASSES + _ASCII, np.int64), counts)
    addresses = np.empty(len(segments), np.int64)
    address_characters(segments.data, segments.offsets, known, addresses)
    return counts, addresses
