"""JSON values in UTF-8 bytes, as kernels read them: strings, short numbers, true, false and null.

What is there is checked as strictly as a parser does it; -1 says that a value is not one that is read here.
"""

from typing import Any, Final

from numba import int64, uint8, uint64

from stages.text.compiled import borrowed, inlined, item, kernel, load8, low_zeros, put

_LONGEST_NUMBER: Final = 15
"""Digits up to which a decimal fraction is what Python prints for it, and no integer needs more than 64 bits."""

_ONES: Final = uint64(0x0101010101010101)
_HIGH: Final = uint64(0x8080808080808080)
_QUOTES: Final = uint64(0x2222222222222222)
_BACKSLASHES: Final = uint64(0x5C5C5C5C5C5C5C5C)
_SPACES: Final = uint64(0x2020202020202020)


@inlined
def _plain_bytes(data: Any, at: Any) -> Any:
    """How many of the next eight bytes are, up to the first that is not, ASCII that stands for itself in a string."""
    eight = load8(data, at)
    quotes, backslashes = eight ^ _QUOTES, eight ^ _BACKSLASHES
    odd = (eight - _SPACES) & ~eight | (quotes - _ONES) & ~quotes | (backslashes - _ONES) & ~backslashes | eight
    return low_zeros(odd & _HIGH) >> 3


@inlined
def _character(data: Any, at: Any, end: Any) -> Any:
    """Bytes of the character above ASCII that stands here; 0 where it is no valid UTF-8."""
    lead = item(data, at)
    if lead < 0xC2 or lead > 0xF4:
        return int64(0)
    size = int64(2) if lead < 0xE0 else int64(3) if lead < 0xF0 else int64(4)
    if at + size > end:
        return int64(0)
    second = item(data, at + 1)
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    if second < low or second > high:
        return int64(0)
    if size > 2 and item(data, at + 2) & 0xC0 != 0x80:
        return int64(0)
    if size > 3 and item(data, at + 3) & 0xC0 != 0x80:
        return int64(0)
    return size


@inlined
def _hexadecimal(data: Any, at: Any, end: Any) -> Any:
    """The number that four digits write; -1 where they are none."""
    if at + 4 > end:
        return int64(-1)
    number = int64(0)
    for place in range(at, at + 4):
        digit = int64(item(data, place))
        if 0x30 <= digit <= 0x39:
            digit -= 0x30
        elif 0x41 <= digit & 0xDF <= 0x46:
            digit = (digit & 0xDF) - 55
        else:
            return int64(-1)
        number = number << 4 | digit
    return number


@inlined
def _short_escape(letter: Any) -> Any:
    """The character that a letter behind a backslash stands for; -1 for none."""
    if letter == 0x6E:
        return int64(10)
    if letter == 0x22 or letter == 0x5C or letter == 0x2F:
        return int64(letter)
    if letter == 0x74:
        return int64(9)
    if letter == 0x72:
        return int64(13)
    if letter == 0x62:
        return int64(8)
    return int64(12) if letter == 0x66 else int64(-1)


@inlined
def _escape_letter(code: Any) -> Any:
    """The letter behind the backslash that JSON writes for a character; 0 where it needs none, `u` for other ones."""
    if code == 0x22 or code == 0x5C:
        return int64(code)
    if code >= 0x20:
        return int64(0)
    if code == 10:
        return int64(0x6E)
    if code == 9:
        return int64(0x74)
    if code == 13:
        return int64(0x72)
    if code == 8:
        return int64(0x62)
    return int64(0x66) if code == 12 else int64(0x75)


@inlined
def _put_code(out: Any, write: Any, code: Any) -> Any:
    """Write a code point as UTF-8; where the next byte goes."""
    if code < 0x80:
        put(out, write, uint8(code))
        return write + 1
    if code < 0x800:
        put(out, write, uint8(0xC0 | code >> 6))
    elif code < 0x10000:
        put(out, write, uint8(0xE0 | code >> 12))
        put(out, write + 1, uint8(0x80 | code >> 6 & 0x3F))
        write += 1
    else:
        put(out, write, uint8(0xF0 | code >> 18))
        put(out, write + 1, uint8(0x80 | code >> 12 & 0x3F))
        put(out, write + 2, uint8(0x80 | code >> 6 & 0x3F))
        write += 2
    put(out, write + 1, uint8(0x80 | code & 0x3F))
    return write + 2


@inlined
def _put_escaped(out: Any, write: Any, code: Any) -> Any:
    """Write a code point as Python's JSON has it in a string; where the next byte goes."""
    letter = _escape_letter(code)
    if not letter:
        return _put_code(out, write, code)
    put(out, write, uint8(0x5C))
    put(out, write + 1, uint8(letter))
    if letter != 0x75:
        return write + 2
    put(out, write + 2, uint8(0x30))
    put(out, write + 3, uint8(0x30))
    put(out, write + 4, uint8(0x30 + (code >> 4)))
    put(out, write + 5, uint8((0x30 if code & 15 < 10 else 0x57) + (code & 15)))
    return write + 6


@inlined
def copy_bytes(data: Any, start: Any, end: Any, out: Any, write: Any) -> Any:
    for place in range(end - start):
        put(out, write + place, item(data, start + place))
    return write + end - start


@kernel
def put_string(data: Any, at: Any, out: Any, write: Any, escaped: Any) -> Any:
    """Write a string whose first character is here: as UTF-8, or `escaped` as JSON has it between quotes.

    Where the byte behind its second quote is, and where the next one is to be written; -1 for a string that is none.
    """
    data, out = borrowed((data, out))
    end = int64(data.size)
    begin = at
    while at < end:
        if at + 8 <= end:
            plain = _plain_bytes(data, at)
            at += plain
            if plain == 8:
                continue
        byte = item(data, at)
        if byte >= 0x80:
            while at < end and item(data, at) >= 0x80:
                size = _character(data, at, end)
                if not size:
                    return int64(-1), write
                at += size
                if at < end and item(data, at) == 0x20:  # between words
                    at += 1
            continue
        if byte == 0x22:
            return at + 1, copy_bytes(data, begin, at, out, write)
        if byte < 0x20:
            return int64(-1), write
        if byte != 0x5C:  # plain, within the last eight bytes
            at += 1
            continue
        write = copy_bytes(data, begin, at, out, write)
        if at + 1 >= end:
            return int64(-1), write
        letter = item(data, at + 1)
        at += 2
        code = _short_escape(letter)
        if code < 0:
            code = _hexadecimal(data, at, end) if letter == 0x75 else int64(-1)
            at += 4
            if 0xD800 <= code < 0xDC00 and at + 6 <= end and item(data, at) == 0x5C and item(data, at + 1) == 0x75:
                low = _hexadecimal(data, at + 2, end)
                code = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00 if 0xDC00 <= low < 0xE000 else int64(-1)
                at += 6
            if code < 0 or 0xD800 <= code < 0xE000:
                return int64(-1), write
        write = _put_escaped(out, write, code) if escaped else _put_code(out, write, code)
        begin = at
    return int64(-1), write


@inlined
def number_end(data: Any, at: Any) -> Any:
    """Where a number ends that Python would print as it stands here, and whether it is whole; -1 for any other."""
    end = int64(data.size)
    start = at
    if item(data, at) == 0x2D:
        at += 1
    first = at
    while at < end and 0x30 <= item(data, at) <= 0x39:
        at += 1
    digits = at - first
    zero = digits and item(data, first) == 0x30
    if not digits or digits > _LONGEST_NUMBER or (zero and digits > 1):
        return int64(-1), False
    if at >= end or item(data, at) != 0x2E:
        whole = at >= end or item(data, at) | 0x20 != 0x65  # no exponent
        return (at if whole and not (zero and first > start) else int64(-1)), True
    point = at
    at += 1
    while at < end and 0x30 <= item(data, at) <= 0x39:
        at += 1
    fraction = at - point - 1
    significant = fraction + (int64(0) if zero else digits)
    if not fraction or significant > _LONGEST_NUMBER or (at < end and item(data, at) | 0x20 == 0x65):
        return int64(-1), False
    if item(data, at - 1) == 0x30 and fraction > 1:
        return int64(-1), False  # printed without the last zero
    if zero and fraction > 4:
        zeros = int64(0)
        for place in range(point + 1, point + 5):
            zeros += item(data, place) == 0x30
        if zeros == 4:
            return int64(-1), False  # printed with an exponent
    return at, False


@inlined
def literal_end(data: Any, at: Any) -> Any:
    """Where true, false or null ends, of which the first two are values; -1 for anything else."""
    end = int64(data.size)
    if at + 4 <= end and item(data, at + 1) == 0x72:
        found = item(data, at) == 0x74 and item(data, at + 2) == 0x75 and item(data, at + 3) == 0x65
        return (at + 4 if found else int64(-1)), True
    if at + 4 <= end and item(data, at) == 0x6E:
        found = item(data, at + 1) == 0x75 and item(data, at + 2) == 0x6C and item(data, at + 3) == 0x6C
        return (at + 4 if found else int64(-1)), False
    if at + 5 <= end and item(data, at) == 0x66 and item(data, at + 1) == 0x61 and item(data, at + 2) == 0x6C:
        found = item(data, at + 3) == 0x73 and item(data, at + 4) == 0x65
        return (at + 5 if found else int64(-1)), True
    return int64(-1), False


@inlined
def after_blanks(data: Any, at: Any) -> Any:
    while at < data.size and (item(data, at) == 0x20 or item(data, at) == 0x09 or item(data, at) == 0x0D):
        at += 1
    return at
