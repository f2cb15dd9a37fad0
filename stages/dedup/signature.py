"""MinHash signatures and band keys: compiled kernels, each beside its plain reference."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import xxhash
from numba import int64, uint32, uint64

from stages.text.code_points import MULTIPLIER, mix, mix_plain
from stages.text.compiled import borrowed, inlined, item, kernel, put

_MASK: Final = (1 << 64) - 1
_LARGEST: Final = 0xFFFFFFFF
_TOGETHER: Final = 4
"""Keys that are looked at together, so that the smallest values are read and written once for them."""


@cache
def permutations(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Multipliers (odd) and masks, uint32, of `count` hash functions; the same for a seed everywhere."""
    drawn = [xxhash.xxh3_64_intdigest(f"{seed} {number}".encode()) >> 32 for number in range(2 * count)]
    return np.array(drawn[:count], np.uint32) | np.uint32(1), np.array(drawn[count:], np.uint32)


@inlined
def _fill_keys(words: Any, start: Any, end: Any, ngram: Any, keys: Any) -> Any:
    """Fill in the keys of the n-grams of words[start:end] and return how many there are.

    The value of an n-gram is a polynomial of its words, which the next one has without the first of them and with one
    more.
    """
    size = min(ngram, end - start)
    if size == 0:
        return int64(0)
    value, highest = uint64(size), uint64(1)
    for place in range(start, start + size):
        value = uint64(value * uint64(MULTIPLIER) + item(words, place))
        highest *= uint64(MULTIPLIER)
    put(keys, 0, uint32(mix(value) >> uint64(32)))
    again = uint64(size) * highest * (uint64(1) - uint64(MULTIPLIER))
    for place in range(start + size, end):
        value = uint64(value * uint64(MULTIPLIER) + (item(words, place) - item(words, place - size) * highest + again))
        put(keys, place - start - size + 1, uint32(mix(value) >> uint64(32)))
    return end - start - size + 1


@inlined
def _fill_minima(keys: Any, count: Any, multipliers: Any, masks: Any, smallest: Any) -> None:
    """Fill in the smallest value of each hash function over the first `count` keys."""
    for number in range(smallest.size):
        smallest[number] = uint32(_LARGEST)
    together = count - count % _TOGETHER
    for place in range(0, together, _TOGETHER):
        one, two, three, four = keys[place], keys[place + 1], keys[place + 2], keys[place + 3]
        for number in range(smallest.size):
            factor, mask = multipliers[number], masks[number]
            low = min(uint32(uint32(one ^ mask) * factor), uint32(uint32(two ^ mask) * factor))
            high = min(uint32(uint32(three ^ mask) * factor), uint32(uint32(four ^ mask) * factor))
            smallest[number] = min(min(low, high), smallest[number])
    for place in range(together, count):
        for number in range(smallest.size):
            value = uint32(uint32(keys[place] ^ masks[number]) * multipliers[number])
            smallest[number] = min(value, smallest[number])


@inlined
def _fill_bands(minima: Any, bands: Any, found: Any) -> None:
    """Fill in one 64-bit key for each band of a signature: equal where all its rows are."""
    rows = minima.size // bands
    for band in range(bands):
        value = uint64(band + 1)
        for row in range(band * rows, (band + 1) * rows):
            value = mix(value * uint64(MULTIPLIER) + uint64(minima[row]))
        found[band] = value


@kernel
def _sketch(
    words: Any, document_offsets: Any, multipliers: Any, masks: Any, ngram: int, keys: Any, minima: Any, found: Any
) -> None:
    """Fill `found`, (documents, bands); `keys` has room for the longest document, `minima` for a signature."""
    words, document_offsets, multipliers, masks = borrowed((words, document_offsets, multipliers, masks))
    keys, minima, found = borrowed((keys, minima, found))
    for document in range(document_offsets.size - 1):
        start, end = document_offsets[document], document_offsets[document + 1]
        count = _fill_keys(words, start, end, ngram, keys)
        _fill_minima(keys, count, multipliers, masks, minima)
        _fill_bands(minima, found.shape[1], found[document])


@kernel
def _shingle(words: Any, ngram: int, keys: Any) -> Any:
    return _fill_keys(words, int64(0), words.size, ngram, keys)


@kernel
def _sign(keys: Any, multipliers: Any, masks: Any, smallest: Any) -> None:
    _fill_minima(keys, keys.size, multipliers, masks, smallest)


@kernel
def _band(minima: Any, found: Any) -> None:
    _fill_bands(minima, found.size, found)


def shingle_keys(words: np.ndarray, ngram: int) -> np.ndarray:
    """32-bit keys of all word n-grams of a document, from its word hashes (uint64).

    A document shorter than `ngram` words has one shingle of all its words, one without words has none.
    """
    keys = np.empty(len(words), np.uint32)
    return keys[: _shingle(words, ngram, keys)]


def signature(keys: np.ndarray, multipliers: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """For each hash function the smallest (key ^ mask) * multiplier mod 2^32 over the keys (uint32).

    Each function is a permutation of the 32-bit numbers, so two sets of keys that are themselves random share the
    smallest value as often as their similarity says; the masks keep functions of related multipliers apart.
    """
    smallest = np.empty(len(multipliers), np.uint32)
    _sign(keys, multipliers, masks, smallest)
    return smallest


def band_keys(minima: np.ndarray, bands: int) -> np.ndarray:
    """One 64-bit key for each band of a signature: equal where all its rows are."""
    found = np.empty(bands, np.uint64)
    _band(minima, found)
    return found


def sketches(
    word_hashes: np.ndarray,
    document_offsets: np.ndarray,
    multipliers: np.ndarray,
    masks: np.ndarray,
    ngram: int,
    bands: int,
) -> np.ndarray:
    """Band keys, uint64 (documents, bands).

    `word_hashes` (uint64) hold the words of document i at document_offsets[i]:document_offsets[i + 1] (int64).
    """
    found = np.empty((len(document_offsets) - 1, bands), np.uint64)
    keys = np.empty(int(np.diff(document_offsets).max(initial=0)), np.uint32)
    minima = np.empty(len(multipliers), np.uint32)
    _sketch(word_hashes, document_offsets, multipliers, masks, ngram, keys, minima, found)
    return found


def shingle_keys_plain(words: Sequence[int], ngram: int) -> list[int]:
    """Reference of `shingle_keys`."""
    size = min(ngram, len(words))
    keys = []
    for start in range(len(words) - size + 1 if size else 0):
        value = size
        for word in words[start : start + size]:
            value = (value * MULTIPLIER + word) & _MASK
        keys.append(mix_plain(value) >> 32)
    return keys


def signature_plain(keys: Sequence[int], multipliers: Sequence[int], masks: Sequence[int]) -> list[int]:
    """Reference of `signature`."""
    return [
        min(((key ^ mask) * factor & _LARGEST for key in keys), default=_LARGEST)
        for factor, mask in zip(multipliers, masks, strict=True)
    ]


def band_keys_plain(minima: Sequence[int], bands: int) -> list[int]:
    """Reference of `band_keys`."""
    rows = len(minima) // bands
    keys = []
    for band in range(bands):
        value = band + 1
        for minimum in minima[band * rows : (band + 1) * rows]:
            value = mix_plain((value * MULTIPLIER + minimum) & _MASK)
        keys.append(value)
    return keys
