"""Words of Chinese and Japanese text, cut as ICU cuts them, ten times as fast.

ICU's dictionary of Han, Hiragana and Katakana is read once per machine and laid out as a trie that a kernel walks.
Where ICU does not hand it out, and for text that ICU would normalize first, ICU itself cuts the words.
"""

from functools import cache
from typing import Any, Final, NamedTuple, Self

import icu
import numpy as np
from numba import int32, int64, uint8, uint16, uint32, uint64

from stages.text.code_points import MULTIPLIER, empty_table
from stages.text.compiled import inlined, item, kernel, put
from stages.text.icu_trie import icu_words
from stages.text.kept import kept
from stages.text.memory import room

PLAIN: Final = 1
"""A character that takes three bytes, that ICU cuts by this dictionary, and that NFKC leaves as it is."""
KATAKANA: Final = 2

LONGEST_WORD: Final = 20
UNKNOWN: Final = 255
"""The cost of a character that is no word of the dictionary."""
LONGEST_KATAKANA: Final = 20
"""A run of as many Katakana or more is no word of its own."""
KATAKANA_COSTS: Final = (8192, 984, 408, 240, 204, 252, 300, 372, 480)
"""Of a run of Katakana by its length; the first also of longer ones."""

_FIRST_POINT: Final = 0x800
_SIEVE_BITS: Final = 21
"""Of a hash; a fifth of what is no prefix passes."""


class Dictionary(NamedTuple):
    """A trie of words over UTF-16 units, in a hash table: one look for each further unit.

    The node of a single unit is its number; that of a longer prefix is 65536 and its place in the table.
    """

    kinds: np.ndarray
    """PLAIN and KATAKANA of each code point of three bytes, uint8 (65536,)."""
    costs: np.ndarray
    """The cost of each unit as a word, uint8 (65536,)."""
    prefixes: np.ndarray
    """Prefixes of two units or more, uint64 (a power of two), 0 where none is.

    Each is the node of what stands before its last unit, that unit (16 bits), and its own cost as a word (8 bits).
    """
    sieve: np.ndarray
    """A bit for each value of the highest bits of a prefix's hash, uint8: it stays in a core's own memory."""


NO_DICTIONARY: Final = Dictionary(
    np.zeros(1 << 16, np.uint8), np.zeros(1 << 16, np.uint8), np.zeros(1, np.uint64), np.zeros(1, np.uint8)
)
"""No run is plain by it."""


@cache
def dictionary() -> Dictionary:
    """The dictionary of this ICU; NO_DICTIONARY where it cannot be had, or has costs that do not fit."""
    found = Dictionary(*kept(_make))
    return found if found.prefixes.any() else NO_DICTIONARY


def _make() -> tuple[np.ndarray, ...]:
    words = icu_words("cjdict")
    return _layout(words if all(0 < cost < UNKNOWN for cost in words.values()) else {})


def _layout(words: dict[str, int]) -> tuple[np.ndarray, ...]:
    """The arrays of `Dictionary`. Words with characters beyond three bytes are left out: no plain run holds them."""
    plain = {word: cost for word, cost in words.items() if max(word) <= "\uffff"}
    costs = np.full(1 << 16, UNKNOWN, np.uint8)
    longer = sorted({word[:length] for word in plain for length in range(2, len(word) + 1)})
    prefixes, sieve = empty_table(len(longer)), np.zeros(1 << (_SIEVE_BITS - 3), np.uint8)
    nodes: dict[str, int] = {}
    for prefix in longer:
        parent = nodes[prefix[:-1]] if len(prefix) > 2 else ord(prefix[0])
        key = parent << 16 | ord(prefix[-1])
        place = int(enter_prefix(prefixes, sieve, key, plain.get(prefix, UNKNOWN)))
        nodes[prefix] = (1 << 16) + place
    for word, cost in plain.items():
        if len(word) == 1:
            costs[ord(word)] = cost
    return _kinds(), costs, prefixes, sieve


def _kinds() -> np.ndarray:
    kinds = np.zeros(1 << 16, np.uint8)
    cut = icu.UnicodeSet(r"[[:Han:][:Katakana:][:Hiragana:]\u30FC]")
    normalizer = icu.Normalizer2.getNFKCInstance()
    for point in range(_FIRST_POINT, 1 << 16):
        character = chr(point)
        if cut.contains(character) and normalizer.isNormalized(character):
            katakana = 0x30A1 <= point <= 0x30FE and point != 0x30FB
            kinds[point] = PLAIN | KATAKANA * katakana
    return kinds


class Paths(NamedTuple):
    """The units of a run, room for the cheapest way to each place of it, and the ends of its words."""

    units: np.ndarray  # uint16
    costs: np.ndarray  # uint32, one place more
    before: np.ndarray  # int32, one place more: where its last word begins
    ends: np.ndarray  # int64, in bytes from the start of the run

    @classmethod
    def of_size(cls, size: int) -> Self:
        """For runs of at most so many bytes."""
        units = size // 3
        return cls(room(units, np.uint16), room(units + 1, np.uint32), room(units + 1, np.int32), room(units, np.int64))


_DEAR: Final = uint32(0xFFFFFFFF)
_KATAKANA_COSTS: Final = np.array(KATAKANA_COSTS, np.uint32)


@kernel
def enter_prefix(prefixes: Any, sieve: Any, key: Any, cost: Any) -> Any:
    """Enter a prefix, of which `key` is the node before its last unit and that unit; returns its place."""
    hashed = uint64(key) * uint64(MULTIPLIER)
    byte, bit = _in_sieve(hashed)
    sieve[byte] |= bit
    place = _place(prefixes, uint64(key), hashed)
    prefixes[place] = uint64(key) << uint64(8) | uint64(cost)
    return place


@inlined
def _in_sieve(hashed: Any) -> Any:
    """The byte of the sieve for a hash, and the bit in it."""
    highest = hashed >> uint64(64 - _SIEVE_BITS)
    return int64(highest >> uint64(3)), uint8(uint64(1) << (highest & uint64(7)))


@inlined
def _place(prefixes: Any, key: Any, hashed: Any) -> Any:
    """Where a prefix stands, or where it belongs."""
    place = int64(hashed >> uint64(32)) & (prefixes.size - 1)
    while True:
        found = item(prefixes, place)
        if (found == uint64(0)) | (found >> uint64(8) == key):
            return place
        place = (place + 1) & (prefixes.size - 1)


@inlined
def _child(words: Any, node: Any, unit: Any) -> Any:
    """The node of a prefix with one more unit, and its cost; a node of -1 for no prefix."""
    key = uint64(node << 16 | unit)
    hashed = key * uint64(MULTIPLIER)
    byte, bit = _in_sieve(hashed)
    if not item(words.sieve, byte) & bit:
        return int64(-1), uint32(0)
    place = _place(words.prefixes, key, hashed)
    found = item(words.prefixes, place)
    if found == uint64(0):
        return int64(-1), uint32(0)
    return (1 << 16) + place, uint32(found) & uint32(0xFF)


@inlined
def _plain_units(data: Any, start: Any, end: Any, kinds: Any, units: Any) -> Any:
    """Fill in the units of a run and return how many it has; 0 if it is not plain."""
    place, count = start, int64(0)
    while place < end:
        lead = item(data, place)
        if lead & 0xF0 != 0xE0:
            return int64(0)
        unit = int64(item(data, place + 1) & 0x3F) << 6 | int64(item(data, place + 2) & 0x3F)
        unit |= int64(lead & 0xF) << 12
        if not item(kinds, unit):
            return int64(0)
        put(units, count, uint16(unit))
        count += 1
        place += 3
    return count


@inlined
def _offer(costs: Any, before: Any, place: Any, target: Any, cost: Any) -> None:
    """A word from one place to another, if that is the cheapest way there so far."""
    if cost < item(costs, target):
        put(costs, target, cost)
        put(before, target, int32(place))


@inlined
def cut_plain(data: Any, start: Any, end: Any, words: Any, paths: Any) -> Any:
    """Fill `paths.ends` with the ends of the words of a plain run; how many they are, 0 for a run that is not plain.

    The cheapest sequence of words by the dictionary; of equal ones the first found stays, as in ICU. Source: ICU's
    `CjkBreakEngine::divideUpDictionaryRange`.
    """
    units, costs, before = paths.units, paths.costs, paths.before
    size = _plain_units(data, start, end, words.kinds, units)
    if size == 0:
        return int64(0)
    for place in range(1, size + 1):
        put(costs, place, _DEAR)
    put(costs, 0, uint32(0))
    after_katakana = False
    for place in range(size):
        here, unit = item(costs, place), int64(item(units, place))
        _offer(costs, before, place, place + 1, here + uint32(item(words.costs, unit)))
        node, length = unit, int64(1)
        while length < LONGEST_WORD and place + length < size:
            node, cost = _child(words, node, int64(item(units, place + length)))
            if node < 0:
                break
            length += 1
            if cost != UNKNOWN:
                _offer(costs, before, place, place + length, here + cost)
        is_katakana = item(words.kinds, unit) & KATAKANA != 0
        if is_katakana and not after_katakana:
            length = int64(1)
            while (
                place + length < size
                and length < LONGEST_KATAKANA
                and item(words.kinds, int64(item(units, place + length))) & KATAKANA
            ):
                length += 1
            if length < LONGEST_KATAKANA:
                cost = _KATAKANA_COSTS[length if length < _KATAKANA_COSTS.size else 0]
                _offer(costs, before, place, place + length, here + cost)
        after_katakana = is_katakana
    count, place = int64(0), int64(size)
    while place > 0:
        count += 1
        place = int64(item(before, place))
    place = int64(size)
    for number in range(count - 1, -1, -1):
        put(paths.ends, number, 3 * place)
        place = int64(item(before, place))
    return count
