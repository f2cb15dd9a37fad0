"""Where personal data could stand: a kernel over bytes, so that the careful patterns see only these windows."""

from typing import Any, Final, NamedTuple, Self

import numpy as np
from numba import int64

from stages.text.arrays import Segments
from stages.text.code_points import characters_in
from stages.text.compiled import borrowed, inlined, item, kernel

EMAIL: Final = 0
IPV4: Final = 1
IPV6: Final = 2
IBAN: Final = 3
PHONE: Final = 4


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
def _dotted_end(data: Any, place: Any, stop: Any) -> Any:
    """Of digits and full stops: their end, and how many full stops stand between digits."""
    end, dots = place + 1, int64(0)
    while end < stop and (_is_digit(item(data, end)) or item(data, end) == 0x2E):
        dots += int64(item(data, end) == 0x2E and _is_digit(item(data, end - 1)))
        end += 1
    return end, dots


@inlined
def _may_be_email(data: Any, begin: Any, place: Any, stop: Any) -> Any:
    """Whether something that can belong to an address stands on both sides of an at sign."""
    if place == begin or place + 1 >= stop or item(data, place - 1) <= 0x20 or item(data, place - 1) == 0x40:
        return False
    after = item(data, place + 1)
    return after >= 0x80 or _is_digit(after) or _is_letter(after)


@inlined
def _may_be_iban(data: Any, begin: Any, place: Any, stop: Any) -> Any:
    """Whether two capitals and two digits begin a word here."""
    if place + 8 > stop or not 0x41 <= item(data, place + 1) <= 0x5A:
        return False
    if not (_is_digit(item(data, place + 2)) and _is_digit(item(data, place + 3))):
        return False
    return place == begin or not (_is_digit(item(data, place - 1)) or _is_letter(item(data, place - 1)))


@kernel
def find_windows(data: Any, offsets: Any, looked_at: Any, windows: Any) -> Any:
    """Fill `windows` as far as there is room and return how many there are.

    A window holds all that a pattern could match from its first to its last character; what follows it matters only
    to the patterns' look-ahead.
    """
    data, offsets, windows, looked_at = borrowed((data, offsets, windows, looked_at))
    count = int64(0)
    for document in range(offsets.size - 1):
        begin, stop = offsets[document], offsets[document + 1]
        counted, characters = begin, int64(0)  # the characters before `counted`
        number_end = dotted_end = address_end = place = begin
        while place < stop:
            byte = item(data, place)
            if not item(looked_at, byte):
                place += 1
                continue
            kind, length, back = int64(-1), int64(1), int64(0)
            dots = int64(0)
            if _is_digit(byte):
                if place >= number_end:
                    number_end, found, digits = _number_end(data, place, stop)
                    if digits >= 7:
                        kind, length = int64(PHONE), found
                if place >= dotted_end:
                    dotted_end, dots = _dotted_end(data, place, stop)
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
                    if double or colons >= 7:
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
            place += 1
    return count


@inlined
def _put(windows: Any, at: Any, document: Any, kind: Any, start: Any, end: Any) -> None:
    """Enter a window where there is room."""
    if at < windows.kinds.size:
        windows.documents[at], windows.kinds[at] = document, kind
        windows.starts[at], windows.ends[at] = start, end


def _looked_at() -> np.ndarray:
    """Bytes at which something may be found: digits, colons, at signs, ASCII capitals."""
    found = np.zeros(256, bool)
    found[[*range(0x30, 0x3B), *range(0x40, 0x5B)]] = True
    return found


_LOOKED_AT: Final = _looked_at()


def candidates(segments: Segments) -> Windows:
    """All windows of a batch, by document."""
    room = 1024
    while True:
        windows = Windows.of_size(room)
        count = int(find_windows(segments.data, segments.offsets, _LOOKED_AT, windows))
        if count <= room:
            return Windows(*(array[:count] for array in windows))
        room = count
