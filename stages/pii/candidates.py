"""Where personal data could stand: a kernel over bytes, so that the careful patterns see only these windows."""

import re
from functools import cache
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numba import int64, uint32

from stages.pii.iban import LENGTHS
from stages.pii.phone import AFTER_LABEL, LABELS, LABELS_ANYWHERE
from stages.text.arrays import Segments
from stages.text.code_points import characters_in, decode_before
from stages.text.compiled import borrowed, inlined, item, kernel
from stages.text.sentences import holds
from stages.text.tables import bitmap, every_character
from stages.text.windows import WINDOW, ascii_capitals, ascii_digits, equals, first_one

EMAIL: Final = 0
IPV4: Final = 1
IPV6: Final = 2
IBAN: Final = 3
PHONE: Final = 4


_LABEL_ENDS: Final = tuple(sorted({ord(label[-2]) << 8 | ord(label[-1]) for label in LABELS if label.isascii()}))
"""The last two letters of each label in ASCII, as one number."""

_COUNTRIES: Final = tuple(sorted(ord(country[0]) << 8 | ord(country[1]) for country in LENGTHS))
"""The two letters of each country that has IBANs, as one number."""

_LOCAL_SIGNS: Final = tuple(b"_%+-'&/=?~!#$*|{}^")
"""ASCII before an at sign that is neither letter nor digit."""


@cache
def _label_ends() -> np.ndarray:
    """What a label may end with or stand between it and a number, in any case: a bitmap."""
    last = "".join({label[-1] for label in LABELS + LABELS_ANYWHERE})
    found = re.findall(f"{AFTER_LABEL}|[{last}]", every_character(), re.IGNORECASE)
    return bitmap("".join(sorted(found)))


class Windows(NamedTuple):
    """Half-open character ranges, one after the other within each document, several kinds mixed."""

    documents: Any  # int64
    kinds: Any  # int64
    starts: Any  # int64
    ends: Any  # int64

    @classmethod
    def of_size(cls, size: int) -> Self:
        return cls(*(np.empty(size, np.int64) for _ in range(4)))


@inlined
def _is_digit(byte: Any) -> Any:
    return 0x30 <= byte <= 0x39


@inlined
def _is_letter(byte: Any) -> Any:
    """ASCII only."""
    return 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A


@inlined
def _may_be_of_word(byte: Any) -> Any:
    """Of ASCII; what stands beyond is not known."""
    return _is_digit(byte) or _is_letter(byte)


@inlined
def _is_hexadecimal(byte: Any) -> Any:
    return 0x30 <= byte <= 0x39 or 0x41 <= byte <= 0x46 or 0x61 <= byte <= 0x66


@inlined
def _separator(data: Any, place: Any, stop: Any) -> Any:
    """Bytes of a separator of phone numbers: space, no-break space, ( ) . - / and two hyphens; 0 if there is none."""
    byte = item(data, place)
    if byte == 0x20 or byte == 0x28 or byte == 0x29 or 0x2D <= byte <= 0x2F:
        return int64(1)
    if byte == 0xC2 and place + 1 < stop and item(data, place + 1) == 0xA0:
        return int64(2)
    if byte == 0xE2 and place + 2 < stop and item(data, place + 1) == 0x80 and 0x90 <= item(data, place + 2) <= 0x91:
        return int64(3)
    return int64(0)


@inlined
def _number_end(data: Any, place: Any, stop: Any) -> Any:
    """Of digits with at most three separators between two: their end, their characters, how many digits."""
    digits, length = int64(1), int64(1)
    end = place + 1
    while True:
        at, between = end, int64(0)
        while at < stop and between < 3:
            size = _separator(data, at, stop)
            if size == 0:
                break
            at += size
            between += 1
        if at >= stop or not _is_digit(item(data, at)):
            return end, length, digits
        end = at + 1
        length += between + 1
        digits += 1


@inlined
def _may_be_phone(data: Any, begin: Any, place: Any, end: Any, digits: Any, label_ends: Any) -> Any:
    """Whether digits from `place` to `end` may say that they are a phone number.

    They follow a plus sign or a letter that a label ends with, or hold an international prefix that no letter or digit
    stands before, or the last seven digits of the North American form.
    """
    if digits < 7:
        return False
    before = place
    while before > begin and _stands_before_number(item(data, before - 1)):
        before -= 1
        if item(data, before) == 0x2B:
            return True
    if _ends_label(data, begin, before, label_ends):
        return True
    for at in range(place, end):
        byte = item(data, at)
        if byte == 0x30 and (at == begin or not _may_be_of_word(item(data, at - 1))) and _is_prefix(data, at, end):
            return True
        if (byte == 0x2D or byte == 0x2E) and at >= place + 7 and at + 4 < end and _is_american(data, at):
            return True
    return False


@inlined
def _is_prefix(data: Any, place: Any, end: Any) -> Any:
    """Whether two zeros, one to three digits of which the first is none, and a separator stand at a place."""
    if place + 3 >= end or item(data, place + 1) != 0x30 or item(data, place + 2) == 0x30:
        return False
    if not _is_digit(item(data, place + 2)):
        return False
    after = place + 3
    while after < place + 5 and after < end and _is_digit(item(data, after)):
        after += 1
    if after >= end:
        return False
    byte = item(data, after)
    return byte == 0x20 or 0x2D <= byte <= 0x2F


@inlined
def _is_american(data: Any, place: Any) -> Any:
    """Whether a hyphen or full stop stands between three digits, with one of `). -` before them, and four."""
    before = item(data, place - 4)
    found = before == 0x29 or before == 0x2D or before == 0x2E or before == 0x20
    for distance in range(1, 4):
        found = found and _is_digit(item(data, place - distance)) and _is_digit(item(data, place + distance))
    return found and _is_digit(item(data, place + 4))


@inlined
def _stands_before_number(byte: Any) -> Any:
    """ASCII that may stand between a label and a number: white space, full stop, colon, ( and the plus sign."""
    space = byte == 0x20 or 0x09 <= byte <= 0x0D or 0x1C <= byte <= 0x1F
    return space or byte == 0x2E or byte == 0x3A or byte == 0x28 or byte == 0x2B


@inlined
def _ends_label(data: Any, begin: Any, end: Any, label_ends: Any) -> Any:
    """Whether a label may end at `end`: by two letters of ASCII, or one character beyond."""
    if end > begin and item(data, end - 1) >= 0x80:
        return holds(label_ends, decode_before(data, end))
    if end - begin < 2:
        return False
    if item(data, end - 2) >= 0x80:  # the Kelvin sign is a k
        return True
    pair = int64(item(data, end - 2) | 0x20) << 8 | int64(item(data, end - 1) | 0x20)
    found = False
    for known in _LABEL_ENDS:
        found |= pair == known
    return found


@inlined
def _dotted_end(data: Any, place: Any, stop: Any) -> Any:
    """Of digits and full stops: their end, and how many full stops stand between digits."""
    end, dots = place + 1, int64(0)
    while end < stop and (_is_digit(item(data, end)) or item(data, end) == 0x2E):
        if item(data, end) == 0x2E and end + 1 < stop:
            dots += int64(_is_digit(item(data, end - 1)) and _is_digit(item(data, end + 1)))
        end += 1
    return end, dots


@inlined
def _may_be_email(data: Any, begin: Any, place: Any, stop: Any) -> Any:
    """Whether something that can belong to an address stands before an at sign, and two labels with a dot after it."""
    if place == begin or not _may_be_local(item(data, place - 1)):
        return False
    after = place + 1
    while after < stop and (item(data, after) == 0x2D or _may_be_of_label(item(data, after))):
        after += 1
    dotted = after > place + 1 and after + 1 < stop and item(data, after) == 0x2E
    return dotted and _may_be_of_label(item(data, after + 1))


@inlined
def _may_be_local(byte: Any) -> Any:
    found = _may_be_of_label(byte)
    for sign in _LOCAL_SIGNS:
        found |= byte == sign
    return found


@inlined
def _may_be_of_label(byte: Any) -> Any:
    return byte >= 0x80 or _may_be_of_word(byte)


@inlined
def _begins_allocated(data: Any, start: Any, end: Any) -> Any:
    """Whether one of the groups of hexadecimal digits has the four that public addresses begin with: 2000 to 3fff."""
    begun = start
    for place in range(start, end):
        if item(data, place) == 0x3A:
            if place - begun == 4 and 0x32 <= item(data, begun) <= 0x33:
                return True
            begun = place + 1
    return False


@inlined
def _may_be_iban(data: Any, begin: Any, place: Any, stop: Any) -> Any:
    """Whether a country, two digits and, after at most one space, four capitals or digits begin a word here."""
    if place + 8 > stop or not 0x41 <= item(data, place + 1) <= 0x5A:
        return False
    if not (_is_digit(item(data, place + 2)) and _is_digit(item(data, place + 3))):
        return False
    if place > begin and _may_be_of_word(item(data, place - 1)):
        return False
    known = False
    for country in _COUNTRIES:
        known |= int64(item(data, place)) << 8 | int64(item(data, place + 1)) == country
    if not known:
        return False
    after = place + 4
    if item(data, after) == 0x20:
        after += 1
    elif item(data, after) == 0xC2 and item(data, after + 1) == 0xA0:
        after += 2
    if after + 4 > stop:
        return False
    found = True
    for at in range(after, after + 4):
        found = found and (_is_digit(item(data, at)) or 0x41 <= item(data, at) <= 0x5A)
    return found


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
    """Fill `windows` as far as there is room and return how many there are.

    A window holds all that a pattern could match from its first to its last character; what follows it matters only
    to the patterns' look-ahead.
    """
    data, offsets, label_ends, windows = borrowed((data, offsets, label_ends, windows))
    count = int64(0)
    for document in range(offsets.size - 1):
        begin, stop = offsets[document], offsets[document + 1]
        counted, characters = begin, int64(0)  # the characters before `counted`
        number_end = dotted_end = address_end = place = begin
        while True:
            place = _next_place(data, place, stop)
            if place >= stop:
                break
            byte = item(data, place)
            kind, length, back = int64(-1), int64(1), int64(0)
            dots, following = int64(0), place + 1
            if _is_digit(byte):
                if place >= number_end:
                    number_end, found, digits = _number_end(data, place, stop)
                    if _may_be_phone(data, begin, place, number_end, digits, label_ends):
                        kind, length = int64(PHONE), found
                if place >= dotted_end:
                    dotted_end, dots = _dotted_end(data, place, stop)
                following = max(place + 1, min(number_end, dotted_end))  # digits and full stops between
            elif byte == 0x3A:
                if place >= address_end:
                    address_end = place + 1
                    colons, double = int64(1), False
                    while place - back > begin and back < 4 and _is_hexadecimal(item(data, place - back - 1)):
                        back += 1
                    while address_end < stop and (
                        _is_hexadecimal(item(data, address_end)) or item(data, address_end) == 0x3A
                    ):
                        if item(data, address_end) == 0x3A:
                            colons += 1
                            double |= item(data, address_end - 1) == 0x3A
                        address_end += 1
                    if (double or colons >= 7) and _begins_allocated(data, place - back, address_end):
                        kind, length = int64(IPV6), address_end - place
            elif byte == 0x40:
                if _may_be_email(data, begin, place, stop):
                    kind = int64(EMAIL)
            elif _may_be_iban(data, begin, place, stop):
                kind, length = int64(IBAN), int64(9)
            if kind >= 0 or dots >= 3:
                characters += characters_in(data, counted, place)
                counted = place
            if dots >= 3:
                _put(windows, count, document, int64(IPV4), characters, characters + dotted_end - place)
                count += 1
            if kind >= 0:
                _put(windows, count, document, kind, characters - back, characters + length)
                count += 1
            place = following
    return count


@inlined
def _put(windows: Any, at: Any, document: Any, kind: Any, start: Any, end: Any) -> None:
    """Enter a window where there is room."""
    if at < windows.kinds.size:
        windows.documents[at], windows.kinds[at] = document, kind
        windows.starts[at], windows.ends[at] = start, end


def candidates(segments: Segments) -> Windows:
    """All windows of a batch, by document."""
    room = 1024
    while True:
        windows = Windows.of_size(room)
        count = int(find_windows(segments.data, segments.offsets, _label_ends(), windows))
        if count <= room:
            return Windows(*(array[:count] for array in windows))
        room = count
