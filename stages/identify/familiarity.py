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

FEWEST_BITS: Final = 16
"""Of the filter for each n-gram of a language: with two bits set, 1.4 % of other n-grams are found by chance."""

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
        return cls(codes, bits)

    def shares(self, texts: Texts, languages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Share of each text's n-grams in the profile of each of its languages, (texts, k), and how many n-grams.

        Languages are numbers, -1 for none, where the share is 0.
        """
        found = np.zeros(languages.shape, np.float32)
        counts = np.zeros(len(texts.starts), np.int64)
        _share(
            *texts, scripts(), self.bits, languages.astype(np.int64), np.zeros(MOST_NGRAMS, np.uint64), found, counts
        )
        return found, counts


def _hashes(text: bytes) -> np.ndarray:
    room = np.zeros(max(len(text), 1) + 4, np.uint64)
    count = _list_ngrams(np.frombuffer(text or b" ", np.uint8), 0, len(text), scripts(), room)
    return room[:count]


@inlined
def _mixed(value: Any) -> Any:
    value = (value ^ (value >> uint64(31))) * uint64(_MIXER)
    return value ^ (value >> uint64(29))


@kernel
def _list_ngrams(data: Any, start: Any, end: Any, tables: Any, found: Any) -> Any:
    """Fill in the hashes of the n-grams of a text until there is no room, and return their number.

    N-grams are four characters of one word and the spaces around it, two of the unspaced scripts and of Hangul.
    """
    count = 0
    first, second, third = uint64(0), uint64(0), uint64(_SPACE)
    place, stop = uint64(start), uint64(end)
    while place <= stop and count < found.size:
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
            if third == _SPACE:
                continue
        if point >= _UNSPACED:
            if third != _SPACE:
                found[count] = _mixed(third * uint64(_MIXER) + point)
                count += 1
        elif first and second != _SPACE and third != _SPACE and third < _UNSPACED:
            found[count] = _mixed(_mixed(_mixed(first * uint64(_MIXER) + second) + third) + point)
            count += 1
        first, second, third = second, third, point
    return count


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


@kernel
def _share(
    data: Any, starts: Any, ends: Any, tables: Any, bits: Any, languages: Any, room: Any, found: Any, counts: Any
) -> None:
    for text in range(starts.size):
        count = _list_ngrams(data, starts[text], ends[text], tables, room)
        counts[text] = count
        for place in range(languages.shape[1]):
            language = languages[text, place]
            if language < 0 or not count:
                continue
            known = int64(0)
            for number in range(count):
                one, two = _places(room[number], language, bits.size)
                if (bits[one >> uint64(6)] >> (one & uint64(63))) & (bits[two >> uint64(6)] >> (two & uint64(63))) & 1:
                    known += 1
            found[text, place] = known / count
