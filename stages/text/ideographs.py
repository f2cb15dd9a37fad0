"""Words of Chinese and Japanese text, cut as ICU cuts them, ten times as fast.

ICU's dictionary of Han, Hiragana and Katakana is read once per machine and laid out as a trie that a kernel walks.
Where ICU does not hand it out, and for text that ICU would normalize first, ICU itself cuts the words.
"""

from functools import cache
from typing import Any, Final, NamedTuple

import icu
import numpy as np
from numba import int64, uint32

from stages.text.compiled import borrowed, inlined, item, kernel, put
from stages.text.icu_trie import icu_words
from stages.text.kept import kept

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


class Dictionary(NamedTuple):
    """A trie of words over UTF-16 units, nodes breadth first: those of one parent lie together, ascending by unit."""

    kinds: np.ndarray
    """PLAIN and KATAKANA of each code point of three bytes, uint8 (65536,)."""
    roots: np.ndarray
    """The node of each first unit, -1 for none, int32 (65536,)."""
    units: np.ndarray
    """The last unit of each node's prefix, uint16 (nodes,)."""
    children: np.ndarray
    """The first child of each node, and the number of nodes, int32 (nodes + 1,)."""
    costs: np.ndarray
    """The cost of the prefix as a word, -1 where it is none, int32 (nodes,)."""


@cache
def dictionary() -> Dictionary | None:
    """The dictionary of this ICU; None where it cannot be had."""
    found = Dictionary(*kept(_make))
    return found if found.units.size else None


def _make() -> tuple[np.ndarray, ...]:
    return _layout(icu_words("cjdict"))


def _layout(words: dict[str, int]) -> tuple[np.ndarray, ...]:
    """The arrays of `Dictionary`. Words with characters beyond three bytes are left out: no plain run holds them."""
    costs = {word: cost for word, cost in words.items() if max(word) <= "\uffff"}
    prefixes = {word[:length] for word in costs for length in range(1, len(word) + 1)}
    nodes = sorted(prefixes, key=lambda prefix: (len(prefix), prefix))
    number = {prefix: place for place, prefix in enumerate(nodes)}
    units = np.array([ord(prefix[-1]) for prefix in nodes], np.uint16)
    sizes = np.zeros(len(nodes) + 1, np.int64)
    roots = np.full(1 << 16, -1, np.int32)
    for prefix in nodes:
        if len(prefix) == 1:
            roots[ord(prefix)] = number[prefix]
        else:
            sizes[number[prefix[:-1]] + 1] += 1
    children = (np.cumsum(sizes) + np.count_nonzero(roots >= 0)).astype(np.int32)
    found = np.array([costs.get(prefix, -1) for prefix in nodes], np.int32)
    return _kinds(), roots, units, children, found


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
    """Room for the cheapest way to each place of a run, one place more than its characters."""

    costs: np.ndarray  # uint32
    before: np.ndarray  # int32, the place where its last word begins


_DEAR: Final = uint32(0xFFFFFFFF)
_KATAKANA_COSTS: Final = np.array(KATAKANA_COSTS, np.uint32)


@kernel
def cut_plain_runs(data: Any, starts: Any, ends: Any, words: Any, paths: Any, cuts: Any, counts: Any) -> Any:
    """Write the ends of the words of plain runs, in bytes from each run's start, and their counts; returns how many.

    Runs with any other character are left out, their counts stay.
    """
    data, starts, ends, words, paths = borrowed((data, starts, ends, words, paths))
    cuts, counts = borrowed((cuts, counts))
    total = int64(0)
    for run in range(starts.size):
        if _is_plain(data, starts[run], ends[run], words.kinds):
            count = _cut_plain(data, starts[run], ends[run], words, paths, cuts, total)
            counts[run] = count
            total += count
    return total


@inlined
def _is_plain(data: Any, start: Any, end: Any, kinds: Any) -> Any:
    place = start
    while place < end:
        if item(data, place) & 0xF0 != 0xE0 or not item(kinds, _point(data, place)):
            return False
        place += 3
    return True


@inlined
def _point(data: Any, place: Any) -> Any:
    """The code point of three bytes."""
    first, second, third = item(data, place), item(data, place + 1), item(data, place + 2)
    return int64(first & 0xF) << 12 | int64(second & 0x3F) << 6 | int64(third & 0x3F)


@inlined
def _child(node: Any, unit: Any, words: Any) -> Any:
    """The child of a node by the next unit, -1 for none."""
    low, high = int64(item(words.children, node)), int64(item(words.children, node + 1))
    while low < high:
        middle = (low + high) >> 1
        if item(words.units, middle) < unit:
            low = middle + 1
        else:
            high = middle
    found = low < item(words.children, node + 1) and item(words.units, low) == unit
    return low if found else int64(-1)


@inlined
def _offer(costs: Any, before: Any, place: Any, target: Any, cost: Any) -> None:
    """A word from one place to another, if that is the cheapest way there so far."""
    if cost < item(costs, target):
        put(costs, target, cost)
        put(before, target, place)


@inlined
def _cut_plain(data: Any, start: Any, end: Any, words: Any, paths: Any, cuts: Any, first: Any) -> Any:
    """Write the ends of the words of a plain run, in bytes from its start, from `cuts[first]` on; returns how many.

    The cheapest sequence of words by the dictionary; of equal ones the first found stays, as in ICU. Source: ICU's
    `CjkBreakEngine::divideUpDictionaryRange`.
    """
    costs, before = paths.costs, paths.before
    size = (end - start) // 3
    for place in range(1, size + 1):
        put(costs, place, _DEAR)
    put(costs, 0, uint32(0))
    after_katakana = False
    for place in range(size):
        here = item(costs, place)
        if here == _DEAR:
            continue
        point = _point(data, start + 3 * place)
        single = False
        node, length = int64(item(words.roots, point)), int64(1)
        while node >= 0:
            cost = item(words.costs, node)
            if cost >= 0:
                single = single or length == 1
                _offer(costs, before, place, place + length, here + uint32(cost))
            if length == LONGEST_WORD or place + length == size:
                break
            node = _child(node, _point(data, start + 3 * (place + length)), words)
            length += 1
        if not single:
            _offer(costs, before, place, place + 1, here + uint32(UNKNOWN))
        is_katakana = item(words.kinds, point) & KATAKANA != 0
        if is_katakana and not after_katakana:
            length = int64(1)
            while (
                place + length < size
                and length < LONGEST_KATAKANA
                and item(words.kinds, _point(data, start + 3 * (place + length))) & KATAKANA
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
    for number in range(first + count - 1, first - 1, -1):
        put(cuts, number, 3 * place)
        place = int64(item(before, place))
    return count
