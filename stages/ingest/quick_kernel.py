"""JSON lines to columns without an object for each: flat rows of strings, short numbers, true, false and null.

What a line holds is checked as strictly as a parser does it. A line with anything else is left to the careful code, so
nothing here is ever an error.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import int64, uint8, uint64

from stages.text.compiled import borrowed, inlined, item, kernel, load8, low_zeros, put

FIELDS: Final = 6
"""Columns that describe a row beside its text and what else it holds."""
TEXT: Final = FIELDS
"""Role of a key that names the text; the fields are 0 to 5."""
META: Final = 7
"""Role of a key that names none of them."""
OTHER: Final = 8
"""Role of a key that cannot be compared byte by byte."""
MOST_PAIRS: Final = 64
"""Keys of a line; one with more is left."""

ROWS, LINES_LEFT, PLACE, KEY_START, KEY_END = range(5)
"""What `found` counts: rows taken, lines left, where reading stands, and the key that stopped it."""

_LONGEST_NUMBER: Final = 15
"""Digits up to which a decimal fraction is what Python prints for it, and no integer needs more than 64 bits."""

_ONES: Final = uint64(0x0101010101010101)
_HIGH: Final = uint64(0x8080808080808080)
_QUOTES: Final = uint64(0x2222222222222222)
_BACKSLASHES: Final = uint64(0x5C5C5C5C5C5C5C5C)
_SPACES: Final = uint64(0x2020202020202020)


class Keys(NamedTuple):
    """Key k is data[bounds[k]:bounds[k + 1]], as it stands in lines."""

    data: np.ndarray  # uint8
    bounds: np.ndarray  # int64
    roles: np.ndarray  # int64
    ranks: np.ndarray  # int64, its place among all keys in order
    following: np.ndarray  # int64, which key came behind it last; the last entry is for the first key of a line


class Room(NamedTuple):
    """Where the columns are written to; strings lie one after another, and `ends[row + 1]` is the end of a row's."""

    text: np.ndarray  # uint8
    text_ends: np.ndarray  # int64
    fields: np.ndarray  # uint8 (FIELDS, bytes)
    field_ends: np.ndarray  # int32 (FIELDS, rows + 1)
    valid: np.ndarray  # bool (FIELDS, rows)
    meta: np.ndarray  # uint8
    meta_ends: np.ndarray  # int32
    starts: np.ndarray  # int64, first byte of the line of each row
    sizes: np.ndarray  # int64
    left: np.ndarray  # int64 (lines, 2), first byte and size of the lines that are left
    values: np.ndarray  # uint8, those of one line before they are put in order
    pairs: np.ndarray  # int64 (MOST_PAIRS, 3), key, and where its value is among `values`


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
def _copy(data: Any, start: Any, end: Any, out: Any, write: Any) -> Any:
    for place in range(end - start):
        put(out, write + place, item(data, start + place))
    return write + end - start


@kernel
def _string(data: Any, at: Any, out: Any, write: Any, escaped: Any) -> Any:
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
            return at + 1, _copy(data, begin, at, out, write)
        if byte < 0x20:
            return int64(-1), write
        if byte != 0x5C:  # plain, within the last eight bytes
            at += 1
            continue
        write = _copy(data, begin, at, out, write)
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
def _number(data: Any, at: Any) -> Any:
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
def _literal(data: Any, at: Any) -> Any:
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
def _after_blanks(data: Any, at: Any) -> Any:
    while at < data.size and (item(data, at) == 0x20 or item(data, at) == 0x09 or item(data, at) == 0x0D):
        at += 1
    return at


@inlined
def _stripped(out: Any, start: Any, end: Any) -> Any:
    """Whether a value certainly has no white space at its ends: it begins and ends with ASCII, or far from any space.

    The white space of Unicode begins with these four bytes in UTF-8.
    """
    first = item(out, start)
    last = end - 1
    while last > start and item(out, last) & 0xC0 == 0x80:
        last -= 1
    for lead in (first, item(out, last)):
        if lead <= 0x20 or lead == 0xC2 or lead == 0xE1 or lead == 0xE2 or lead == 0xE3:
            return False
    return True


@inlined
def _has_text(out: Any, start: Any, end: Any) -> Any:
    """Whether a text certainly holds a character that is no white space; mostly its first is one.

    Of the characters above ASCII, white space begins with C2, E1 9A, E2 or E3 80.
    """
    place = start
    while place < end:
        byte, following = item(out, place), item(out, place + 1) if place + 1 < end else uint8(0)
        if 0x20 < byte < 0x7F or (byte > 0xC2 and (byte < 0xE1 or byte > 0xE3)):
            return True
        if (byte == 0xE1 and following != 0x9A) or (byte == 0xE3 and following != 0x80):
            return True
        place += 1
    return False


@inlined
def _same(data: Any, start: Any, end: Any, keys: Any, key: Any) -> Any:
    at = keys.bounds[key]
    if keys.bounds[key + 1] - at != end - start:
        return False
    while start < end and item(data, start) == item(keys.data, at):
        start += 1
        at += 1
    return start == end


@inlined
def _key(data: Any, start: Any, end: Any, keys: Any, before: Any) -> Any:
    """The number of a key, -1 if it is not known; `before` is the number of the key before it."""
    likely = keys.following[before]
    if likely >= 0 and _same(data, start, end, keys, likely):
        return likely
    for key in range(keys.roles.size):
        if _same(data, start, end, keys, key):
            keys.following[before] = key
            return int64(key)
    return int64(-1)


@inlined
def _in_order(pairs: Any, count: Any, ranks: Any) -> None:
    """Order pairs by their keys, and leave none with the same key beside the other."""
    for place in range(1, count):
        key, start, end = pairs[place, 0], pairs[place, 1], pairs[place, 2]
        at = place
        while at > 0 and ranks[pairs[at - 1, 0]] > ranks[key]:
            for part in range(3):
                pairs[at, part] = pairs[at - 1, part]
            at -= 1
        pairs[at, 0], pairs[at, 1], pairs[at, 2] = key, start, end


@inlined
def _put_meta(keys: Any, room: Any, count: Any, write: Any) -> Any:
    """Write the pairs of a row as one JSON object, nothing where there are none; where the next byte goes."""
    _in_order(room.pairs, count, keys.ranks)
    for place in range(count):
        key = room.pairs[place, 0]
        put(room.meta, write, uint8(0x7B if place == 0 else 0x2C))
        write += 1
        if place:
            put(room.meta, write, uint8(0x20))
            write += 1
        put(room.meta, write, uint8(0x22))
        write = _copy(keys.data, keys.bounds[key], keys.bounds[key + 1], room.meta, write + 1)
        put(room.meta, write, uint8(0x22))
        put(room.meta, write + 1, uint8(0x3A))
        put(room.meta, write + 2, uint8(0x20))
        write = _copy(room.values, room.pairs[place, 1], room.pairs[place, 2], room.meta, write + 3)
    if count:
        put(room.meta, write, uint8(0x7D))
        write += 1
    return write


UNKNOWN: Final = -2


@kernel
def _row(data: Any, at: Any, row: Any, keys: Any, room: Any, used: Any, found: Any) -> Any:
    """Take the row of the object that begins here; where its line ends, -1 to leave it, or UNKNOWN for a new key."""
    data, keys, room, used, found = borrowed((data, keys, room, used, found))
    for key in range(keys.roles.size):
        used[key] = False
    seen = int64(0)  # the roles that have been met, a bit of each
    for field in range(FIELDS):
        room.field_ends[field, row + 1] = room.field_ends[field, row]
        room.valid[field, row] = False
    pairs, filled, before = int64(0), int64(0), int64(keys.roles.size)
    begin = room.text_ends[row]
    while True:
        at = _after_blanks(data, at + 1)  # behind the brace or the comma
        if at >= data.size or item(data, at) != 0x22:
            return int64(-1)
        start = at + 1
        at = start
        while at < data.size and item(data, at) != 0x22:
            if item(data, at) < 0x20:
                return int64(-1)
            at += 1
        key = _key(data, start, at, keys, before)
        if key < 0:
            found[KEY_START], found[KEY_END] = start, at
            return int64(UNKNOWN)
        role = keys.roles[key]
        if role == OTHER or used[key] or (role != META and seen >> role & 1):
            return int64(-1)
        used[key] = True
        before = key
        at = _after_blanks(data, at + 1)
        if at >= data.size or item(data, at) != 0x3A:
            return int64(-1)
        at = _after_blanks(data, at + 1)
        if at >= data.size:
            return int64(-1)
        byte = item(data, at)
        if role == TEXT:
            if byte != 0x22:
                return int64(-1)
            at, write = _string(data, at + 1, room.text, begin, False)
            if at < 0 or not _has_text(room.text, begin, write):
                return int64(-1)
            room.text_ends[row + 1] = write
        elif role < FIELDS:
            column, first = room.fields[role], int64(room.field_ends[role, row])
            write = first
            if byte == 0x22:
                at, write = _string(data, at + 1, column, first, False)
                if write > first and not _stripped(column, first, write):
                    return int64(-1)
            elif byte == 0x6E:
                at, _ = _literal(data, at)
            else:
                start = at
                at, whole = _number(data, at)
                if at >= 0 and not whole:
                    return int64(-1)
                write = _copy(data, start, at, column, first)
            if at < 0:
                return int64(-1)
            room.field_ends[role, row + 1] = write
            room.valid[role, row] = write > first
        else:
            if pairs == MOST_PAIRS:
                return int64(-1)
            start, write, value = at, filled, True
            if byte == 0x22:
                put(room.values, filled, uint8(0x22))
                at, write = _string(data, at + 1, room.values, filled + 1, True)
                put(room.values, write, uint8(0x22))
                write += 1
            elif byte == 0x2D or 0x30 <= byte <= 0x39:
                at, _ = _number(data, at)
            else:
                at, value = _literal(data, at)
            if at < 0:
                return int64(-1)
            if byte != 0x22:
                write = _copy(data, start, at, room.values, filled)
            if value:
                room.pairs[pairs, 0], room.pairs[pairs, 1], room.pairs[pairs, 2] = key, filled, write
                pairs += 1
                filled = write
        if role != META:
            seen |= int64(1) << role
        at = _after_blanks(data, at)
        if at >= data.size:
            return int64(-1)
        if item(data, at) == 0x7D:
            break
        if item(data, at) != 0x2C:
            return int64(-1)
    at = _after_blanks(data, at + 1)
    if not seen >> TEXT & 1 or (at < data.size and item(data, at) != 0x0A):
        return int64(-1)
    room.meta_ends[row + 1] = _put_meta(keys, room, pairs, int64(room.meta_ends[row]))
    return min(at + 1, int64(data.size))


@kernel
def take_lines(data: Any, limit: Any, keys: Any, room: Any, used: Any, found: Any) -> None:
    """Take the rows of all lines from the place on where `found` says that reading stands.

    Lines longer than `limit`, without their end, are left. Stops before a line with a key that is not in `keys` while
    `used`, a flag for each key, has room for one more; else such a line is left, too.
    """
    data, keys, room, used, found = borrowed((data, keys, room, used, found))
    start = found[PLACE]
    found[KEY_START] = -1
    while start < data.size:
        row = found[ROWS]
        at = _after_blanks(data, start)
        if at < data.size and item(data, at) == 0x0A:  # a blank line
            start = at + 1
            continue
        after = int64(-1)
        if at < data.size and item(data, at) == 0x7B:
            after = _row(data, at, row, keys, room, used, found)
        if after == UNKNOWN:
            if keys.roles.size < used.size:
                break
            after = int64(-1)
        if 0 <= after <= start + limit + 1:
            room.starts[row], room.sizes[row] = start, after - start
            found[ROWS] += 1
        else:
            after = at
            while after < data.size and item(data, after) != 0x0A:
                after += 1
            after = min(after + 1, int64(data.size))
            line = found[LINES_LEFT]
            room.left[line, 0], room.left[line, 1] = start, after - start
            found[LINES_LEFT] += 1
        start = after
    found[PLACE] = start
