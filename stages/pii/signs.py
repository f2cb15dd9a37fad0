"""What bytes say that personal data may stand at a place: never too little, for the careful patterns look again."""

from typing import Any, Final

from numba import int64

from stages.pii.iban import LENGTHS
from stages.pii.phone import LABELS
from stages.text.code_points import decode_before
from stages.text.compiled import inlined, item
from stages.text.sentences import holds

_LABEL_ENDS: Final = tuple(
    sorted({int.from_bytes(label[-3:].encode(), "big") for label in LABELS if label[-3:].isascii()})
)
"""The last three letters of each label in ASCII, as one number."""

_COUNTRIES: Final = tuple(sorted(ord(country[0]) << 8 | ord(country[1]) for country in LENGTHS))
"""The two letters of each country that has IBANs, as one number."""

_LOCAL_SIGNS: Final = tuple(b"_%+-'&/=?~!#$*|{}^")
"""ASCII before an at sign that is neither letter nor digit."""


@inlined
def is_digit(byte: Any) -> Any:
    return 0x30 <= byte <= 0x39


@inlined
def _is_letter(byte: Any) -> Any:
    """ASCII only."""
    return 0x41 <= byte <= 0x5A or 0x61 <= byte <= 0x7A


@inlined
def _may_be_of_word(byte: Any) -> Any:
    """Of ASCII; what stands beyond is not known."""
    return is_digit(byte) or _is_letter(byte)


@inlined
def is_hexadecimal(byte: Any) -> Any:
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
def number_end(data: Any, place: Any, stop: Any) -> Any:
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
        if at >= stop or not is_digit(item(data, at)):
            return end, length, digits
        end = at + 1
        length += between + 1
        digits += 1


@inlined
def may_be_phone(data: Any, begin: Any, place: Any, end: Any, digits: Any, label_ends: Any) -> Any:
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
    if not is_digit(item(data, place + 2)):
        return False
    after = place + 3
    while after < place + 5 and after < end and is_digit(item(data, after)):
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
        found = found and is_digit(item(data, place - distance)) and is_digit(item(data, place + distance))
    return found and is_digit(item(data, place + 4))


@inlined
def _stands_before_number(byte: Any) -> Any:
    """ASCII that may stand between a label and a number: white space, full stop, colon, ( and the plus sign."""
    space = byte == 0x20 or 0x09 <= byte <= 0x0D or 0x1C <= byte <= 0x1F
    return space or byte == 0x2E or byte == 0x3A or byte == 0x28 or byte == 0x2B


@inlined
def _ends_label(data: Any, begin: Any, end: Any, label_ends: Any) -> Any:
    """Whether a label may end at `end`: by three letters of ASCII, or one character beyond."""
    if end > begin and item(data, end - 1) >= 0x80:
        return holds(label_ends, decode_before(data, end))
    if end - begin < 3:
        return False
    letters = int64(item(data, end - 3)) << 16 | int64(item(data, end - 2)) << 8 | int64(item(data, end - 1))
    if letters & 0x808080:  # the Kelvin sign is a k
        return True
    found = False
    for known in _LABEL_ENDS:
        found |= letters | 0x202020 == known
    return found


@inlined
def dotted_end(data: Any, place: Any, stop: Any) -> Any:
    """Of digits and full stops: their end, and how many full stops stand between digits."""
    end, dots = place + 1, int64(0)
    while end < stop and (is_digit(item(data, end)) or item(data, end) == 0x2E):
        if item(data, end) == 0x2E and end + 1 < stop:
            dots += int64(is_digit(item(data, end - 1)) and is_digit(item(data, end + 1)))
        end += 1
    return end, dots


@inlined
def may_be_ipv4(data: Any, begin: Any, place: Any, end: Any, dots: Any) -> Any:
    """Whether digits and full stops, so many of these between digits, may be a public address.

    Of four numbers the first says that they are none: it follows a letter or digit, or is that of a private network.
    """
    if dots != 3:
        return dots > 3
    after = place + 1
    while is_digit(item(data, after)):  # a full stop comes
        after += 1
    if not is_digit(item(data, after + 1)):
        return True  # the four numbers begin later
    first, size = item(data, place), after - place
    if place > begin and _is_joined(item(data, place - 1)):
        return False
    if size == 1:
        return first != 0x30
    if size == 2:
        return first != 0x31 or item(data, place + 1) != 0x30
    return first != 0x31 or item(data, place + 1) != 0x32 or item(data, place + 2) != 0x37


@inlined
def _is_joined(byte: Any) -> Any:
    return _may_be_of_word(byte) or byte == 0x5F or byte == 0x2E or byte == 0x2D


@inlined
def may_be_email(data: Any, begin: Any, place: Any, stop: Any) -> Any:
    """Whether something that can belong to an address stands before an at sign, and two labels with a dot after it."""
    if place == begin or not _may_be_local(item(data, place - 1)):
        return False
    after = place + 1
    while after < stop and (item(data, after) == 0x2D or may_be_of_label(item(data, after))):
        after += 1
    dotted = after > place + 1 and after + 1 < stop and item(data, after) == 0x2E
    return dotted and may_be_of_label(item(data, after + 1))


@inlined
def _may_be_local(byte: Any) -> Any:
    found = may_be_of_label(byte)
    for sign in _LOCAL_SIGNS:
        found |= byte == sign
    return found


@inlined
def may_be_of_label(byte: Any) -> Any:
    return byte >= 0x80 or _may_be_of_word(byte)


@inlined
def begins_allocated(data: Any, start: Any, end: Any) -> Any:
    """Whether one of the groups of hexadecimal digits has the four that public addresses begin with: 2000 to 3fff."""
    begun = start
    for place in range(start, end):
        if item(data, place) == 0x3A:
            if place - begun == 4 and 0x32 <= item(data, begun) <= 0x33:
                return True
            begun = place + 1
    return False


@inlined
def may_be_iban(data: Any, begin: Any, place: Any, stop: Any) -> Any:
    """Whether a country, two digits and, after at most one space, four capitals or digits begin a word here."""
    if place + 8 > stop or not 0x41 <= item(data, place + 1) <= 0x5A:
        return False
    if not (is_digit(item(data, place + 2)) and is_digit(item(data, place + 3))):
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
        found = found and (is_digit(item(data, at)) or 0x41 <= item(data, at) <= 0x5A)
    return found
