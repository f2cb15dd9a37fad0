"""Words and labels of a model, found by open addressing: by a hash of their first 32 bytes and their length."""

from typing import Any, Final

import numpy as np
from numba import int64, uint8, uint64

from stages.identify.compiled import inlined, kernel
from stages.text.compiled import load8
from stages.text.windows import WINDOW

MIXER: Final = 0x9E3779B97F4A7C15
MIXERS: Final = (0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)

_LABEL: Final = b"__label__"
_FIRST: Final = int.from_bytes(_LABEL[:8], "little")
_NINTH: Final = _LABEL[8]

_KEPT_BYTES: Final = (np.arange(WINDOW) < np.arange(WINDOW + 1)[:, None]).astype(np.uint8) * np.uint8(0xFF)
KEPT: Final = np.ascontiguousarray(_KEPT_BYTES).view(np.uint64).reshape(-1)
"""Four for each size: a word of so many bytes in its window, and nothing of what follows it."""


@inlined
def _look(data: Any, start: Any) -> Any:
    """The WINDOW bytes from `start` on."""
    return (
        load8(data, start),
        load8(data, start + uint64(8)),
        load8(data, start + uint64(16)),
        load8(data, start + uint64(24)),
    )


@inlined
def window_of(data: Any, start: Any, end: Any, window: Any) -> Any:
    """As `_look`; near the end of the buffer the bytes up to `end` and zeros."""
    if start + WINDOW <= data.size:
        return _look(data, uint64(start))
    for place in range(WINDOW):
        window[place] = data[start + place] if start + place < end else uint8(0)
    return _look(window, uint64(0))


@inlined
def slot_hash(first: Any, second: Any, third: Any, fourth: Any, size: Any) -> Any:
    """Hash of a word by its first 32 bytes and its length; the upper bits are the better ones."""
    value = (first ^ uint64(size)) * uint64(MIXER) + second * uint64(MIXERS[0])
    value += third * uint64(MIXERS[1]) + fourth * uint64(MIXERS[2])
    return (value ^ (value >> uint64(32))) * uint64(MIXER)


@inlined
def _same(spelled: Any, first: Any, data: Any, start: Any, size: Any) -> Any:
    place = 0
    while place < size and spelled[first + place] == data[start + place]:
        place += 1
    return place == size


@kernel
def fill_slots(slots: Any, likely: Any, shift: Any, starts: Any, spelled: Any, window: Any) -> None:
    """Enter the words spelled[starts[i]:starts[i + 1]] in empty tables; the last of equal ones counts."""
    mask = uint64(slots.size - 1)
    for entry in range(starts.size - 1):
        start, size = starts[entry], starts[entry + 1] - starts[entry]
        first, second, third, fourth = window_of(spelled, start, start + size, window)
        kept = 4 * min(size, WINDOW)
        first, second = first & KEPT[kept], second & KEPT[kept + 1]
        third, fourth = third & KEPT[kept + 2], fourth & KEPT[kept + 3]
        hashed = slot_hash(first, second, third, fourth, size)
        bit = hashed >> uint64(shift)
        likely[bit >> uint64(6)] |= uint64(1) << (bit & uint64(63))
        slot = (hashed >> uint64(32)) & mask
        while slots[slot] >= 0:
            other = starts[slots[slot]]
            if starts[slots[slot] + 1] - other == size and _same(spelled, other, spelled, start, size):
                break
            slot = (slot + uint64(1)) & mask
        slots[slot] = entry


@inlined
def find_entry(data: Any, start: Any, size: Any, hashed: Any, slots: Any, starts: Any, spelled: Any) -> Any:
    """Number of a word or label in the dictionary, or -1."""
    mask = uint64(slots.size - 1)
    slot = (hashed >> uint64(32)) & mask
    while slots[slot] >= 0:
        first = starts[slots[slot]]
        if starts[slots[slot] + 1] - first == size and _same(spelled, first, data, start, size):
            return int64(slots[slot])
        slot = (slot + uint64(1)) & mask
    return int64(-1)


@inlined
def is_label(first: Any, second: Any) -> Any:
    """Whether a word, by its first 16 bytes, begins with `__label__`."""
    return first == uint64(_FIRST) and second & uint64(0xFF) == uint64(_NINTH)
