"""The steps that every kernel is made of: read a code point, look it up, hash, count in a table.

Positions and code points are int64, hashes uint64; mixing the two would make numba compute in float64.
"""

from typing import Any, Final

import numpy as np
from numba import int64, uint64

from stages.text.compiled import inlined

MULTIPLIER: Final = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd
MIXER: Final = 0xD6E8FEB86659FD93  # Mulvey's rrmxmx
_MASK: Final = (1 << 64) - 1


@inlined
def decode(data: Any, place: Any) -> Any:
    """The code point at a byte position and the position after it; the bytes must be valid UTF-8."""
    lead = int64(data[place])
    if lead < 0x80:
        return lead, place + 1
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | int64(data[place + 1] & 0x3F), place + 2
    middle = int64(data[place + 1] & 0x3F) << 6 | int64(data[place + 2] & 0x3F)
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | middle, place + 3
    return (lead & 0x07) << 18 | middle << 6 | int64(data[place + 3] & 0x3F), place + 4


@inlined
def decode_before(data: Any, place: Any) -> Any:
    """The code point that ends before a byte position."""
    start = place - 1
    while (data[start] & 0xC0) == 0x80:
        start -= 1
    return decode(data, start)[0]


@inlined
def entry(blocks: Any, point: Any) -> Any:
    """Where the two-stage tables have a code point."""
    return (int64(blocks[point >> 7]) << 7) + (point & 127)


@inlined
def hash_step(value: Any, point: Any) -> Any:
    """A hash with one more code point; for each code point a permutation of the 64-bit numbers."""
    value = uint64((uint64(value) ^ uint64(point)) * uint64(MULTIPLIER))
    return uint64((value << uint64(31)) | (value >> uint64(33)))


@inlined
def mix(value: Any) -> Any:
    """A permutation of the 64-bit numbers after which every bit depends on all."""
    value = uint64(value)
    value = uint64((value ^ (value >> uint64(32))) * uint64(MIXER))
    value = uint64((value ^ (value >> uint64(32))) * uint64(MIXER))
    return uint64(value ^ (value >> uint64(32)))


@inlined
def final(value: Any) -> Any:
    """The hash of a string from the last `hash_step`: never 0, which stands for no string."""
    return uint64(mix(value) | uint64(1))


def word_hash(word: str) -> int:
    """The 64-bit hash of a string, as the kernels have it: odd, 0 for the empty string."""
    value = 0
    for point in map(ord, word):
        value = (value ^ point) * MULTIPLIER & _MASK
        value = (value << 31 | value >> 33) & _MASK
    value = (value ^ value >> 32) * MIXER & _MASK
    value = (value ^ value >> 32) * MIXER & _MASK
    return (value ^ value >> 32) | 1 if word else 0


@inlined
def table_size(count: Any, limit: Any) -> Any:
    """Slots of a hash table for so many keys: a power of two, at least twice as many, within its memory."""
    size = int64(16)
    while size < 2 * count and size < limit:
        size *= 2
    return size


@inlined
def find_slot(keys: Any, mask: Any, key: Any) -> Any:
    """Where a key (not 0) stands in a table of `mask + 1` slots, or the empty slot where it belongs."""
    slot = int64(uint64(key) >> uint64(20)) & mask
    while keys[slot] != uint64(0) and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@inlined
def hash_bytes(data: Any, start: Any, end: Any) -> Any:
    """A 64-bit hash of bytes; not 0."""
    value = uint64(uint64(end - start + 1) * uint64(MIXER))
    place = start
    while place + 8 <= end:
        word = uint64(0)
        for byte in range(8):
            word |= uint64(data[place + byte]) << uint64(8 * byte)
        value = uint64((value ^ word) * uint64(MULTIPLIER))
        value = uint64((value << uint64(29)) | (value >> uint64(35)))
        place += 8
    word = uint64(0)
    for byte in range(end - place):
        word |= uint64(data[place + byte]) << uint64(8 * byte)
    value = uint64((value ^ word) * uint64(MULTIPLIER))
    return uint64(mix(value) | uint64(1))


def empty_table(count: int) -> np.ndarray:
    """Keys of a hash table that holds so many."""
    return np.zeros(1 << max(4, (2 * count - 1).bit_length()), np.uint64)
