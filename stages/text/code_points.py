"""The steps that every kernel is made of: read a code point, look it up, hash, count in a table.

Positions and code points are int64, hashes uint64; mixing the two would make numba compute in float64.
"""

from typing import Any, Final

import numpy as np
from numba import int64, uint64

from stages.text.compiled import borrowed, inlined, item, kernel, load8, put, rotated
from stages.text.windows import WINDOW, continuations, ones_in

MULTIPLIER: Final = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd
MIXER: Final = 0xD6E8FEB86659FD93  # Mulvey's rrmxmx
_MASK: Final = (1 << 64) - 1
EACH: Final = 0x0101010101010101
"""Times a byte: the same byte eight times."""
TOPS: Final = 0x80 * EACH
"""The highest bit of each of eight bytes."""


@inlined
def decode(data: Any, place: Any) -> Any:
    """The code point at a byte position and the position after it; the bytes must be valid UTF-8."""
    lead = int64(item(data, place))
    if lead < 0x80:
        return lead, place + 1
    if lead < 0xE0:
        return (lead & 0x1F) << 6 | int64(item(data, place + 1) & 0x3F), place + 2
    middle = int64(item(data, place + 1) & 0x3F) << 6 | int64(item(data, place + 2) & 0x3F)
    if lead < 0xF0:
        return (lead & 0x0F) << 12 | middle, place + 3
    return (lead & 0x07) << 18 | middle << 6 | int64(item(data, place + 3) & 0x3F), place + 4


@inlined
def decode_before(data: Any, place: Any) -> Any:
    """The code point that ends before a byte position."""
    start = place - 1
    while (item(data, start) & 0xC0) == 0x80:
        start -= 1
    return decode(data, start)[0]


@inlined
def entry(blocks: Any, point: Any) -> Any:
    """Where the two-stage tables have a code point."""
    return (int64(item(blocks, point >> 7)) << 7) + (point & 127)


@inlined
def mix(value: Any) -> Any:
    """A permutation of the 64-bit numbers after which every bit depends on all."""
    value = uint64(value)
    value = uint64((value ^ (value >> uint64(32))) * uint64(MIXER))
    value = uint64((value ^ (value >> uint64(32))) * uint64(MIXER))
    return uint64(value ^ (value >> uint64(32)))


def mix_plain(value: int) -> int:
    """The reference of `mix`."""
    value = (value ^ value >> 32) * MIXER & _MASK
    value = (value ^ value >> 32) * MIXER & _MASK
    return value ^ value >> 32


@inlined
def final(value: Any, size: Any) -> Any:
    """The hash of a string of so many bytes from the last `hash_step`: never 0, which stands for no string."""
    return uint64(mix(uint64(value) ^ uint64(size)) | uint64(1))


@inlined
def hash_step(value: Any, eight: Any) -> Any:
    """A hash with eight more bytes; for each of them a permutation of the 64-bit numbers."""
    return rotated(uint64((uint64(value) ^ uint64(eight)) * uint64(MULTIPLIER)))


@inlined
def zero_bytes(eight: Any) -> Any:
    """Not 0 if one of eight bytes is 0; the lowest bit that is set is in the first of them."""
    return (eight - uint64(EACH)) & ~eight & uint64(TOPS)


@inlined
def continuations_in(eight: Any) -> Any:
    """How many of eight bytes are the second, third or fourth of a character."""
    return int64((((eight >> uint64(7)) & ~(eight >> uint64(6)) & uint64(EACH)) * uint64(EACH)) >> uint64(56))


@inlined
def characters_in(data: Any, start: Any, end: Any) -> Any:
    """Code points of data[start:end]."""
    count = end - start
    while start + WINDOW <= end:
        count -= ones_in(continuations(data, uint64(start)))
        start += WINDOW
    while start + 8 <= end:
        count -= continuations_in(load8(data, start))
        start += 8
    while start < end:
        count -= int64((item(data, start) & 0xC0) == 0x80)
        start += 1
    return count


@kernel
def count_characters(data: Any, offsets: Any, found: Any) -> None:
    """Fill in the code points of each text at `offsets` of the bytes."""
    data, offsets, found = borrowed((data, offsets, found))
    for text in range(found.size):
        put(found, text, characters_in(data, item(offsets, text), item(offsets, text + 1)))


@inlined
def last_bytes(data: Any, place: Any, end: Any) -> Any:
    """Fewer than eight bytes, filled up with zeros."""
    if place + 8 <= data.size:
        return load8(data, place) & ((uint64(1) << uint64(8 * (end - place))) - uint64(1))
    last = uint64(0)
    for byte in range(end - place):
        last |= uint64(item(data, place + byte)) << uint64(8 * byte)
    return last


@inlined
def hash_bytes(data: Any, start: Any, end: Any) -> Any:
    """The 64-bit hash of bytes, as `word_hash` has it: odd, also for none."""
    value, place = uint64(0), start
    while place + 8 <= end:
        value = hash_step(value, load8(data, place))
        place += 8
    return final(hash_step(value, last_bytes(data, place, end)), end - start)


@inlined
def _fold_ascii(eight: Any) -> Any:
    """Eight bytes below 0x80 as dedup words have them: capitals in lower case, the grave accent as an apostrophe."""
    capital = (eight + uint64(0x3F * EACH)) & ~(eight + uint64(0x25 * EACH)) & uint64(TOPS)
    accent = ~((eight ^ uint64(0x60 * EACH)) + uint64(0x7F * EACH)) & uint64(TOPS)
    return (eight | (capital >> uint64(2))) ^ ((accent >> uint64(7)) * uint64(0x60 ^ 0x27))


@inlined
def folded_ascii_hash(data: Any, start: Any, end: Any) -> Any:
    """`hash_bytes` of the dedup form of ASCII bytes."""
    value, place = uint64(0), start
    while place + 8 <= end:
        value = hash_step(value, _fold_ascii(load8(data, place)))
        place += 8
    return final(hash_step(value, _fold_ascii(last_bytes(data, place, end))), end - start)


@inlined
def push(value: Any, pending: Any, size: Any, byte: Any) -> Any:
    """One more byte of a string that is made byte by byte: the state of its hash from value, pending bytes and size."""
    pending |= uint64(byte) << uint64(8 * (size & 7))
    size += 1
    if size & 7 == 0:
        return hash_step(value, pending), uint64(0), size
    return value, pending, size


@inlined
def push_point(value: Any, pending: Any, size: Any, point: Any) -> Any:
    """One more code point of such a string, as UTF-8."""
    if point < 0x80:
        return push(value, pending, size, point)
    if point < 0x800:
        value, pending, size = push(value, pending, size, 0xC0 | point >> 6)
    else:
        if point < 0x10000:
            value, pending, size = push(value, pending, size, 0xE0 | point >> 12)
        else:
            value, pending, size = push(value, pending, size, 0xF0 | point >> 18)
            value, pending, size = push(value, pending, size, 0x80 | (point >> 12 & 0x3F))
        value, pending, size = push(value, pending, size, 0x80 | (point >> 6 & 0x3F))
    return push(value, pending, size, 0x80 | (point & 0x3F))


@inlined
def mapped_hash(data: Any, start: Any, end: Any, blocks: Any, mapping: Any) -> Any:
    """`hash_bytes` of data[start:end] with each code point moved by its entry in a table of differences."""
    value, pending, size = uint64(0), uint64(0), int64(0)
    place = start
    while place < end:
        point, place = decode(data, place)
        value, pending, size = push_point(value, pending, size, point + item(mapping, entry(blocks, point)))
    return final(hash_step(value, pending), size)


def word_hash(word: str) -> int:
    """The 64-bit hash of a string, as the kernels have it of its UTF-8: odd, 0 for the empty string."""
    value, encoded = 0, word.encode()
    for start in range(0, len(encoded) // 8 * 8 + 1, 8):
        value = (value ^ int.from_bytes(encoded[start : start + 8], "little")) * MULTIPLIER & _MASK
        value = (value << 29 | value >> 35) & _MASK
    return mix_plain(value ^ len(encoded)) | 1 if word else 0


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
    while True:
        found = item(keys, slot)
        if (found == uint64(0)) | (found == key):  # one branch, as which of the two holds is anyone's guess
            return slot
        slot = (slot + 1) & mask


def empty_table(count: int) -> np.ndarray:
    """Keys of a hash table that holds so many."""
    return np.zeros(1 << max(4, (2 * count - 1).bit_length()), np.uint64)
