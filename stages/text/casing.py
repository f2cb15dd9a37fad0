"""Sets of lower-case words as hash tables, and the lower case of a word inside a kernel."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numba import int64, uint8, uint32, uint64

from stages.text.code_points import decode, empty_table, entry, final, find_slot, hash_step, push_point, word_hash
from stages.text.compiled import inlined, item
from stages.text.tables import CASE_IGNORABLE, CASED
from stages.text.word_arrays import CHANGED

_NEAR: Final = 4
"""Slots that a key of `WordSet.keys` may be in. All are looked at, as a loop's end is hard to foresee."""


class WordSet(NamedTuple):
    """Lower-case words to look up by the hash of their lower case, which is that of most words of a batch.

    Of the others the dedup form, which each word of a batch has, tells whether it is worth while to make the lower
    case; words whose dedup forms are one (`straße` and `strasse`) are told apart by it.
    """

    keys: Any  # uint64, each at most _NEAR - 1 slots behind the one that its hash names
    sizes: Any  # int64, beside keys: bytes of the word; 0 where an apostrophe may stand for other signs
    dedup_keys: Any  # uint64, the filter
    size: int
    symbols: bool  # whether some entry has no dedup form


@lru_cache(maxsize=256)
def word_set(words: frozenset[str]) -> WordSet:
    """The tables of a set of lower-case words."""
    from stages.dedup.key import dedup_word  # it imports this package

    dedup_keys = empty_table(len(words))
    symbols = False
    for word in words:
        dedup = np.uint64(word_hash(dedup_word(word)))
        symbols |= not dedup
        if dedup:
            dedup_keys[find_slot(dedup_keys, dedup_keys.size - 1, dedup)] = dedup
    sizes = {word_hash(word): 0 if "'" in word else len(word.encode()) for word in words}
    keys = _near_table(sorted(sizes))
    return WordSet(keys, np.array([sizes.get(key, 0) for key in keys.tolist()]), dedup_keys, len(words), symbols)


def _near_table(keys: list[int]) -> np.ndarray:
    """The smallest table in which each key finds a free slot near the one that it names."""
    size = 16
    while True:
        table = [0] * (size + _NEAR - 1)
        for key in keys:
            home = key >> 20 & size - 1
            free = next((slot for slot in range(home, home + _NEAR) if not table[slot]), None)
            if free is None:
                break
            table[free] = key
        else:
            return np.array(table, np.uint64)
        size *= 2


@inlined
def _is_final_sigma(data: Any, start: Any, place: Any, end: Any, tables: Any) -> Any:
    """Whether the capital sigma at a place of a word becomes the form that ends words."""
    blocks, flag_table = tables.blocks, tables.flags
    before = uint32(0)
    at = start
    while at < place:  # the last character before it that matters
        point, at = decode(data, at)
        flags = item(flag_table, entry(blocks, point))
        if not flags & uint32(CASE_IGNORABLE):
            before = flags
    if not before & uint32(CASED):
        return False
    at = place + 2
    while at < end:
        point, at = decode(data, at)
        flags = item(flag_table, entry(blocks, point))
        if not flags & uint32(CASE_IGNORABLE):
            return not flags & uint32(CASED)
    return True


@inlined
def lower_hash(data: Any, start: Any, end: Any, tables: Any) -> Any:
    """`word_hash` of `str.lower` of data[start:end]."""
    value, pending, size = uint64(0), uint64(0), int64(0)
    place = start
    while place < end:
        point, after = decode(data, place)
        if point == 0x130:
            value, pending, size = push_point(value, pending, size, int64(0x69))
            lower = int64(0x307)
        elif point == 0x3A3:
            lower = int64(0x3C2) if _is_final_sigma(data, start, place, end, tables) else int64(0x3C3)
        else:
            lower = point + item(tables.lowered, entry(tables.blocks, point))
        value, pending, size = push_point(value, pending, size, lower)
        place = after
    return final(hash_step(value, pending), size)


@inlined
def find_lower(lower: Any, known: Any) -> Any:
    """The slot of `known.keys` with the hash of a lower-case word; -1 if it is not in the set. There is no branch."""
    found = int64(-1)
    home = int64(lower >> uint64(20)) & (known.keys.size - _NEAR)
    for slot in range(home, home + _NEAR):
        found = int64(slot) if item(known.keys, slot) == lower else found
    return found


@inlined
def find_word(data: Any, words: Any, word: Any, known: Any, tables: Any) -> Any:
    """The slot of `known.keys` with the lower case of a word of a batch; -1 if it is not in the set."""
    lower = item(words.raw_hashes, word)
    if item(words.classes, word) & uint8(CHANGED):
        dedup = item(words.dedup_hashes, word)
        slot = find_lower(dedup, known)
        if slot >= 0:  # of ASCII as long as its dedup form, this is its lower case
            size = item(words.ends, word) - item(words.starts, word)
            if size == item(words.lengths, word) and size == item(known.sizes, slot):
                return slot
        if dedup == uint64(0):
            if not known.symbols:
                return int64(-1)
        elif item(known.dedup_keys, find_slot(known.dedup_keys, known.dedup_keys.size - 1, dedup)) == uint64(0):
            return int64(-1)
        lower = lower_hash(data, item(words.starts, word), item(words.ends, word), tables)
    return find_lower(lower, known)
