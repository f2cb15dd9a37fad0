"""MinHash signatures and band keys: compiled kernels, each beside its plain reference."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import numba
import numpy as np
import xxhash
from numba import uint32, uint64

_MASK: Final = (1 << 64) - 1
_MULTIPLIER: Final = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd
_MIXER: Final = 0xD6E8FEB86659FD93  # Mulvey's rrmxmx mixer
_kernel: Callable[[Any], Any] = numba.njit(nogil=True, cache=True, error_model="numpy")


@cache
def permutations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers (odd) and offsets, uint64, of `count` hash functions; the same for a seed everywhere."""
    drawn = [xxhash.xxh3_64_intdigest(f"{seed} {number}".encode()) for number in range(2 * count)]
    return np.array(drawn[:count], np.uint64) | np.uint64(1), np.array(drawn[count:], np.uint64)


@_kernel
def _mix(value: Any) -> Any:
    value = uint64(value)
    value = uint64((value ^ (value >> uint64(32))) * uint64(_MIXER))
    value = uint64((value ^ (value >> uint64(32))) * uint64(_MIXER))
    return value ^ (value >> uint64(32))


@_kernel
def shingle_keys(words: Any, ngram: int) -> Any:
    """32-bit keys of all word n-grams of a document, from its word hashes (uint64).

    A document shorter than `ngram` words has one shingle of all its words, one without words has none.
    """
    size = min(ngram, words.size)
    keys = np.empty(words.size - size + 1 if size else 0, np.uint32)
    for start in range(keys.size):
        value = uint64(size)
        for place in range(start, start + size):
            value = uint64(value * uint64(_MULTIPLIER) + words[place])
        keys[start] = uint32(_mix(value) >> uint64(32))
    return keys


@_kernel
def signature(keys: Any, multipliers: Any, offsets: Any) -> Any:
    """For each hash function the smallest (a * key + b) mod 2^64 >> 32 over the keys: multiply-shift, 2-universal."""
    smallest = np.full(multipliers.size, 0xFFFFFFFF, np.uint32)
    for key in keys:
        for number in range(multipliers.size):
            value = uint32(uint64(uint64(key) * multipliers[number] + offsets[number]) >> uint64(32))
            if value < smallest[number]:
                smallest[number] = value
    return smallest


@_kernel
def band_keys(minima: Any, bands: int) -> Any:
    """One 64-bit key for each band of a signature: equal where all its rows are."""
    rows = minima.size // bands
    keys = np.empty(bands, np.uint64)
    for band in range(bands):
        value = uint64(band + 1)
        for row in range(band * rows, (band + 1) * rows):
            value = uint64(_mix(value * uint64(_MULTIPLIER) + uint64(minima[row])))
        keys[band] = value
    return keys


@_kernel
def sketches(word_hashes: Any, document_offsets: Any, multipliers: Any, offsets: Any, ngram: int, bands: int) -> Any:
    """Band keys, uint64 (documents, bands).

    `word_hashes` (uint64) hold the words of document i at document_offsets[i]:document_offsets[i + 1] (int64).
    """
    found = np.zeros((document_offsets.size - 1, bands), np.uint64)
    for document in range(document_offsets.size - 1):
        words = word_hashes[document_offsets[document] : document_offsets[document + 1]]
        found[document] = band_keys(signature(shingle_keys(words, ngram), multipliers, offsets), bands)
    return found


def mix_plain(value: int) -> int:
    """Reference of the mixer of all keys."""
    value = (value ^ (value >> 32)) * _MIXER & _MASK
    value = (value ^ (value >> 32)) * _MIXER & _MASK
    return value ^ (value >> 32)


def shingle_keys_plain(words: Sequence[int], ngram: int) -> list[int]:
    """Reference of `shingle_keys`."""
    size = min(ngram, len(words))
    keys = []
    for start in range(len(words) - size + 1 if size else 0):
        value = size
        for word in words[start : start + size]:
            value = (value * _MULTIPLIER + word) & _MASK
        keys.append(mix_plain(value) >> 32)
    return keys


def signature_plain(keys: Sequence[int], multipliers: Sequence[int], offsets: Sequence[int]) -> list[int]:
    """Reference of `signature`."""
    return [
        min((((key * a + b) & _MASK) >> 32 for key in keys), default=0xFFFFFFFF)
        for a, b in zip(multipliers, offsets, strict=True)
    ]


def band_keys_plain(minima: Sequence[int], bands: int) -> list[int]:
    """Reference of `band_keys`."""
    rows = len(minima) // bands
    keys = []
    for band in range(bands):
        value = band + 1
        for minimum in minima[band * rows : (band + 1) * rows]:
            value = mix_plain((value * _MULTIPLIER + minimum) & _MASK)
        keys.append(value)
    return keys
