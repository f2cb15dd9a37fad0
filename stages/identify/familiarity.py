"""How much of a text is made of character n-grams that a language's reference text has.

Classifiers cannot say that a text is in a language that they do not know: they find the nearest. A language's own
n-grams can: text of its own holds few that its reference text lacks, text of its neighbours many.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import int64, uint64

from stages.identify.compiled import inlined, kernel
from stages.identify.script import code_point, scripts
from stages.identify.strings import Texts

MOST_NGRAMS: Final = 2048
"""N-grams of the beginning of a text that are looked up: enough to tell, and long documents cost no more."""

FEWEST_BITS: Final = 10
"""Of the filter for each n-gram of a language: with two bits set, at most 3.3 % of others are found by chance."""

SHORT, LONG = 4, 6
"""Characters of an n-gram, with the spaces around a word; 2 and 3 of the unspaced scripts and of Hangul."""

_MIXER: Final = 0x9E3779B97F4A7C15
_SPACE: Final = 32
_APOSTROPHES: Final = (0x27, 0x2019, 0x02BC)
_COMBINING: Final = (0x300, 0x36F)
_UNSPACED: Final = 0x2E80
"""From this code point on, Han, kana and Hangul: two characters are as telling there as four letters elsewhere."""


@dataclass(frozen=True)
class Profiles:
    """N-grams of every language's reference text, in one Bloom filter (Bloom 1970) of (language, n-gram).

    `bits` has a power of two of 64-bit words; languages are numbered as in `codes`.
    """

    codes: tuple[str, ...]
    sizes: tuple[int, ...]  # distinct n-grams of each
    bits: np.ndarray  # uint64

    @classmethod
    def of(cls, texts: Mapping[str, Iterable[bytes]]) -> "Profiles":
        """The profiles of UTF-8 texts by code."""
        codes = tuple(sorted(texts))
        hashes = [np.unique(np.concatenate([_hashes(text) for text in texts[code]])) for code in codes]
        words = 1 << max(sum(map(len, hashes)) * FEWEST_BITS // 64, 1).bit_length()
        bits = np.zeros(words, np.uint64)
        for number, found in enumerate(hashes):
            _enter(bits, found, number)
        return cls(codes, tuple(map(len, hashes)), bits)

    def shares(self, texts: Texts, languages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Share of each text's n-grams in the profile of each of its languages, and how many n-grams.

        Languages, (texts, k), are numbers, -1 for none, where the share is 0; shares are (texts, k, 2), of short
        n-grams and of long ones.
        """
        found = np.zeros((*languages.shape, 2), np.float32)
        counts = np.zeros(len(texts.starts), np.int64)
        short, long = np.zeros(MOST_NGRAMS, np.uint64), np.zeros(MOST_NGRAMS, np.uint64)
        _share(*texts, scripts(), self.bits, languages.astype(np.int64), short, long, found, counts)
        return found, counts


def _hashes(text: bytes) -> np.ndarray:
    short, long = np.zeros(len(text) + 4, np.uint64), np.zeros(len(text) + 4, np.uint64)
    shorts, longs = _list_ngrams(np.frombuffer(text or b" ", np.uint8), 0, len(text), scripts(), short, long)
    return np.concatenate([short[:shorts], long[:longs]])


@inlined
def _mixed(value: Any) -> Any:
    value = (value ^ (value >> uint64(31))) * uint64(_MIXER)
    return value ^ (value >> uint64(29))


@kernel
def _list_ngrams(data: Any, start: Any, end: Any, tables: Any, short: Any, long: Any) -> Any:
    """Fill in the hashes of the short and of the long n-grams of a text until there is no room; how many they are.

    N-grams are within a word and the spaces around it.
    """
    shorts, longs = 0, 0
    one, two, three, four, five = uint64(0), uint64(0), uint64(0), uint64(0), uint64(_SPACE)
    letters = 0  # of the word so far
    place, stop = uint64(start), uint64(end)
    while place <= stop and shorts < short.size and longs < long.size:
        point, size = uint64(_SPACE), uint64(1)
        if place < stop:
            point, size = code_point(data, place, stop) if data[place] >= 0x80 else (uint64(data[place]), uint64(1))
        place += size
        letter: Any = False
        if point < 0x110000:
            letter = tables.blocks[uint64(tables.places[point >> uint64(8)]), point & uint64(255)] != 0
        letter = letter or point == _APOSTROPHES[0] or point == _APOSTROPHES[1] or point == _APOSTROPHES[2]
        letter = letter or _COMBINING[0] <= point <= _COMBINING[1]
        if not letter:
            point = uint64(_SPACE)
            if five == _SPACE:
                continue
        if point >= _UNSPACED:
            if five != _SPACE:
                short[shorts] = _mixed(five * uint64(_MIXER) + point)
                shorts += 1
            if five >= _UNSPACED and four >= _UNSPACED:
                long[longs] = _mixed(_mixed(four * uint64(_MIXER) + five) + point)
                longs += 1
        elif five < _UNSPACED:
            reach = letters + 2  # with the spaces before and after, or the letter that stands for the latter
            if reach >= SHORT:
                short[shorts] = _mixed(_mixed(_mixed(three * uint64(_MIXER) + four) + five) + point)
                shorts += 1
            if reach >= LONG:
                first = _mixed(_mixed(one * uint64(_MIXER) + two) + three)
                long[longs] = _mixed(_mixed(_mixed(first + four) + five) + point)
                longs += 1
        one, two, three, four, five = two, three, four, five, point
        letters = letters + 1 if letter else 0
    return shorts, longs


@inlined
def _places(ngram: Any, language: Any, size: Any) -> Any:
    value = _mixed(ngram + uint64(language + 1) * uint64(_MIXER))
    mask = uint64(size * 64 - 1)
    return value & mask, (value >> uint64(32)) & mask


@kernel
def _enter(bits: Any, ngrams: Any, language: Any) -> None:
    for number in range(ngrams.size):
        one, two = _places(ngrams[number], language, bits.size)
        bits[one >> uint64(6)] |= uint64(1) << (one & uint64(63))
        bits[two >> uint64(6)] |= uint64(1) << (two & uint64(63))


@inlined
def _found(bits: Any, ngrams: Any, count: Any, language: Any) -> Any:
    """How many of the n-grams a profile has."""
    known = int64(0)
    for number in range(count):
        one, two = _places(ngrams[number], language, bits.size)
        known += (bits[one >> uint64(6)] >> (one & uint64(63))) & (bits[two >> uint64(6)] >> (two & uint64(63))) & 1
    return known


@kernel
def _share(
    data: Any, starts: Any, ends: Any, tables: Any, bits: Any, languages: Any, short: Any, long: Any, found: Any,
    counts: Any,
) -> None:  # fmt: skip
    for text in range(starts.size):
        shorts, longs = _list_ngrams(data, starts[text], ends[text], tables, short, long)
        counts[text] = shorts
        for place in range(languages.shape[1]):
            language = languages[text, place]
            if language >= 0:
                found[text, place, 0] = _found(bits, short, shorts, language) / max(shorts, 1)
                # of few long n-grams the share of the short ones is as good a guess
                known = _found(bits, long, longs, language) + found[text, place, 0] * 3
                found[text, place, 1] = known / (longs + 3)
