"""Where personal data could stand: a kernel over bytes, so that the careful patterns see only these windows."""

import re
from functools import cache
from typing import Any, Final

import numpy as np
from numba import int64, uint32

from stages.pii.phone import AFTER_LABEL, LABELS, LABELS_ANYWHERE
from stages.pii.signs import (
    begins_allocated,
    dotted_end,
    is_digit,
    is_hexadecimal,
    may_be_email,
    may_be_iban,
    may_be_ipv4,
    may_be_of_label,
    may_be_phone,
    number_end,
)
from stages.text.arrays import Segments
from stages.text.code_points import characters_in
from stages.text.compiled import borrowed, inlined, item, kernel
from stages.text.tables import bitmap, every_character
from stages.text.windows import WINDOW, ascii_capitals, ascii_digits, equals, first_one

EMAIL: Final = 0
IPV4: Final = 1
IPV6: Final = 2
IBAN: Final = 3
PHONE: Final = 4

COLUMNS: Final = 7
(DOCUMENT, KIND, ORIGIN, START, END, FROM, TO) = range(COLUMNS)
"""Of each window: data[FROM:TO] is all of its document that the patterns look at, and `ORIGIN` characters stand before;
the window is the half-open range of characters START to END of that."""

_BEFORE: Final = 4 * 64
"""Bytes before a window that are looked at: 64 characters before an at sign, fewer before a number."""
_AFTER: Final = 4 * 72
"""Bytes behind the end of a window: an IBAN has 33 characters, a space between two, and nothing that goes on."""
_LONGEST_DOMAIN: Final = 4 * 640
"""Bytes of a domain and what follows it: eight labels of 64 characters, a last one of 63, and one more."""


@cache
def _label_ends() -> np.ndarray:
    """What a label may end with or stand between it and a number, in any case: a bitmap."""
    last = "".join({label[-1] for label in LABELS + LABELS_ANYWHERE})
    found = re.findall(f"{AFTER_LABEL}|[{last}]", every_character(), re.IGNORECASE)
    return bitmap("".join(sorted(found)))


@inlined
def _domain_end(data: Any, place: Any, stop: Any) -> Any:
    """The end of what can belong to a domain, and of one character more."""
    last = min(stop, place + _LONGEST_DOMAIN)
    while place < last and (
        item(data, place) == 0x2D or item(data, place) == 0x2E or may_be_of_label(item(data, place))
    ):
        place += 1
    return _character_end(data, place, stop)


@inlined
def _character_start(data: Any, place: Any) -> Any:
    """Where the character begins whose byte stands at a place."""
    while (item(data, place) & 0xC0) == 0x80:
        place -= 1
    return place


@inlined
def _character_end(data: Any, place: Any, stop: Any) -> Any:
    """Where the character ends whose byte stands at a place; the end of the text behind it."""
    if place >= stop:
        return stop
    place += 1
    while place < stop and (item(data, place) & 0xC0) == 0x80:
        place += 1
    return place


@inlined
def _next_place(data: Any, place: Any, stop: Any) -> Any:
    """The first place from here on at which something may be found: a digit, colon or at sign, or two capitals before
    digits; the end if there is none."""
    while place < stop and place + WINDOW <= data.size:
        capitals, digits = uint32(ascii_capitals(data, place)), uint32(ascii_digits(data, place))
        found = digits | equals(data, place, 0x3A) | equals(data, place, 0x40)
        pairs = digits & (digits >> uint32(1)) | uint32(1 << (WINDOW - 1))  # what follows the last one is not known
        codes = capitals & (capitals >> uint32(1) | uint32(1 << (WINDOW - 1)))
        found |= codes & (pairs >> uint32(2) | uint32(3 << (WINDOW - 2)))
        if found:
            return min(place + int64(first_one(found)), stop)
        place += WINDOW
    while place < stop:
        byte = item(data, place)
        if 0x30 <= byte <= 0x3A or 0x40 <= byte <= 0x5A:
            break
        place += 1
    return place


@kernel
def find_windows(data: Any, offsets: Any, label_ends: Any, windows: Any) -> Any:
    """Fill `windows`, int64[rows, COLUMNS], as far as there is room and return how many there are.

    They are in order. A window holds all that a pattern could match from its first to its last character; what follows
    it matters only to the patterns' look-ahead.
    """
    data, offsets, label_ends, windows = borrowed((data, offsets, label_ends, windows))
    count = int64(0)
    for document in range(offsets.size - 1):
        begin, stop = offsets[document], offsets[document + 1]
        counted, characters = begin, int64(0)  # the characters before `counted`
        number_stop = dotted_stop = address_end = place = begin
        while True:
            place = _next_place(data, place, stop)
            if place >= stop:
                break
            byte = item(data, place)
            kind, length, start, last = int64(-1), int64(1), place, place + 1
            dotted, following = False, place + 1
            if is_digit(byte):
                if place >= number_stop:
                    number_stop, length, digits = number_end(data, place, stop)
                    if may_be_phone(data, begin, place, number_stop, digits, label_ends):
                        kind, last = int64(PHONE), number_stop
                if place >= dotted_stop:
                    dotted_stop, dots = dotted_end(data, place, stop)
                    dotted = may_be_ipv4(data, begin, place, dotted_stop, dots)
                following = max(place + 1, min(number_stop, dotted_stop))  # digits and full stops between
            elif byte == 0x3A:
                if place >= address_end:
                    address_end = place + 1
                    colons, double = int64(1), False
                    while start > begin and place - start < 4 and is_hexadecimal(item(data, start - 1)):
                        start -= 1
                    while address_end < stop and (
                        is_hexadecimal(item(data, address_end)) or item(data, address_end) == 0x3A
                    ):
                        if item(data, address_end) == 0x3A:
                            colons += 1
                            double |= item(data, address_end - 1) == 0x3A
                        address_end += 1
                    if (double or colons >= 7) and begins_allocated(data, start, address_end):
                        kind, length, last = int64(IPV6), address_end - start, address_end
            elif byte == 0x40:
                if may_be_email(data, begin, place, stop):
                    kind = int64(EMAIL)
            elif may_be_iban(data, begin, place, stop):
                kind, length, last = int64(IBAN), int64(9), place + 9
            if kind >= 0 or dotted:
                characters += characters_in(data, counted, place)
                counted = place
            if dotted:
                size = dotted_stop - place
                _put(data, begin, stop, windows, count, document, IPV4, characters, place, size, dotted_stop)
                count += 1
            if kind >= 0:
                before = characters - (place - start)
                _put(data, begin, stop, windows, count, document, kind, before, start, length, last)
                count += 1
            place = following
    return count


@inlined
def _put(
    data: Any,
    begin: Any,
    stop: Any,
    windows: Any,
    at: Any,
    document: Any,
    kind: Any,
    characters: Any,
    start: Any,
    length: Any,
    end: Any,
) -> None:
    """Enter a window of data[start:end], of so many characters with so many before, where there is room."""
    if at >= windows.shape[0]:
        return
    first = _character_start(data, max(begin, start - _BEFORE))
    last = _domain_end(data, end, stop) if kind == EMAIL else _character_end(data, end + _AFTER, stop)
    before = characters_in(data, first, start)
    row = windows[at]
    row[DOCUMENT], row[KIND], row[ORIGIN] = document, kind, characters - before
    row[START], row[END], row[FROM], row[TO] = before, before + length, first, last


def candidates(segments: Segments) -> np.ndarray:
    """All windows of a batch, by document: int64[windows, COLUMNS]."""
    room = 256
    while True:
        windows = np.empty((room, COLUMNS), np.int64)
        count = int(find_windows(segments.data, segments.offsets, _label_ends(), windows))
        if count <= room:
            return windows[:count]
        room = count
