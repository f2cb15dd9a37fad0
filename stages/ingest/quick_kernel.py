"""JSON lines to columns without an object for each: flat rows of strings, short numbers, true, false and null.

What a line holds is checked as strictly as a parser does it. A line with anything else is left to the careful code, so
nothing here is ever an error.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import int64, uint8

from stages.ingest.json_values import after_blanks, copy_bytes, literal_end, number_end, put_string
from stages.text.compiled import borrowed, inlined, item, kernel, put

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
        write = copy_bytes(keys.data, keys.bounds[key], keys.bounds[key + 1], room.meta, write + 1)
        put(room.meta, write, uint8(0x22))
        put(room.meta, write + 1, uint8(0x3A))
        put(room.meta, write + 2, uint8(0x20))
        write = copy_bytes(room.values, room.pairs[place, 1], room.pairs[place, 2], room.meta, write + 3)
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
        at = after_blanks(data, at + 1)  # behind the brace or the comma
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
        at = after_blanks(data, at + 1)
        if at >= data.size or item(data, at) != 0x3A:
            return int64(-1)
        at = after_blanks(data, at + 1)
        if at >= data.size:
            return int64(-1)
        byte = item(data, at)
        if role == TEXT:
            if byte != 0x22:
                return int64(-1)
            at, write = put_string(data, at + 1, room.text, begin, False)
            if at < 0 or not _has_text(room.text, begin, write):
                return int64(-1)
            room.text_ends[row + 1] = write
        elif role < FIELDS:
            column, first = room.fields[role], int64(room.field_ends[role, row])
            write = first
            if byte == 0x22:
                at, write = put_string(data, at + 1, column, first, False)
                if write > first and not _stripped(column, first, write):
                    return int64(-1)
            elif byte == 0x6E:
                at, _ = literal_end(data, at)
            else:
                start = at
                at, whole = number_end(data, at)
                if at >= 0 and not whole:
                    return int64(-1)
                write = copy_bytes(data, start, at, column, first)
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
                at, write = put_string(data, at + 1, room.values, filled + 1, True)
                put(room.values, write, uint8(0x22))
                write += 1
            elif byte == 0x2D or 0x30 <= byte <= 0x39:
                at, _ = number_end(data, at)
            else:
                at, value = literal_end(data, at)
            if at < 0:
                return int64(-1)
            if byte != 0x22:
                write = copy_bytes(data, start, at, room.values, filled)
            if value:
                room.pairs[pairs, 0], room.pairs[pairs, 1], room.pairs[pairs, 2] = key, filled, write
                pairs += 1
                filled = write
        if role != META:
            seen |= int64(1) << role
        at = after_blanks(data, at)
        if at >= data.size:
            return int64(-1)
        if item(data, at) == 0x7D:
            break
        if item(data, at) != 0x2C:
            return int64(-1)
    at = after_blanks(data, at + 1)
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
        at = after_blanks(data, start)
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
