"""Whether texts are valid UTF-8: 64 bytes at a time."""

from typing import Any

from numba import int64, uint64

from stages.text.compiled import borrowed, inlined, item, kernel
from stages.text.windows import BLOCK, block_between


@inlined
def _wrong_pairs(data: Any, place: Any) -> Any:
    """First bytes of three or four whose second one makes the character too long, a surrogate, or too large."""
    after = place + 1
    wrong = block_between(data, place, 0xE0, 1) & block_between(data, after, 0x80, 0x20)
    wrong |= block_between(data, place, 0xED, 1) & block_between(data, after, 0xA0, 0x20)
    wrong |= block_between(data, place, 0xF0, 1) & block_between(data, after, 0x80, 0x10)
    return wrong | (block_between(data, place, 0xF4, 1) & block_between(data, after, 0x90, 0x30))


@inlined
def _end_of_valid_blocks(data: Any, place: Any, stop: Any) -> Any:
    """The end of the last whole block; -1 if what is before it is not valid, but for a character that it cuts."""
    expected, wrong = uint64(0), uint64(0)
    while place + BLOCK < stop:
        high = block_between(data, place, 0x80, 0x80)
        if high | expected:
            inner, two = block_between(data, place, 0x80, 0x40), block_between(data, place, 0xC2, 0x1E)
            three, four = block_between(data, place, 0xE0, 0x10), block_between(data, place, 0xF0, 5)
            more, most = three | four, two | three | four
            expected |= most << uint64(1) | more << uint64(2) | four << uint64(3)
            wrong |= (high & ~(inner | most)) | (expected ^ inner)
            if more:
                wrong |= _wrong_pairs(data, place)
            expected = most >> uint64(63) | more >> uint64(62) | four >> uint64(61)
        place += BLOCK
    return int64(-1) if wrong else place


@inlined
def _is_inner(byte: Any) -> Any:
    return (byte & 0xC0) == 0x80


@inlined
def _characters_are_valid(data: Any, place: Any, stop: Any) -> Any:
    while place < stop:
        lead = item(data, place)
        size = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        if 0x80 <= lead < 0xC2 or lead > 0xF4 or place + size > stop:
            return False
        for inner in range(place + 1, place + size):
            if not _is_inner(item(data, inner)):
                return False
        if size > 2:
            second = item(data, place + 1)
            if (lead == 0xE0 and second < 0xA0) or (lead == 0xED and second >= 0xA0):
                return False
            if (lead == 0xF0 and second < 0x90) or (lead == 0xF4 and second >= 0x90):
                return False
        place += size
    return True


@kernel
def are_valid(data: Any, offsets: Any) -> Any:
    """Whether offsets ascend within the data, and what lies between each two of them is valid UTF-8.

    Source: RFC 3629, section 4
    """
    data, offsets = borrowed((data, offsets))
    start, stop = offsets[0], offsets[offsets.size - 1]
    if start < 0 or stop > data.size:
        return False
    for text in range(offsets.size - 1):
        if offsets[text] > offsets[text + 1]:
            return False
        if offsets[text] < stop and _is_inner(item(data, offsets[text])):  # it would begin within a character
            return False
    place = _end_of_valid_blocks(data, start, stop)
    if place < 0:
        return False
    while place > start and _is_inner(item(data, place)):
        place -= 1
    return _characters_are_valid(data, place, stop)
