"""Sets of lower-case words as hash tables, and the lower case of a word inside a kernel."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import int64, uint8, uint32, uint64

from stages.text.code_points import decode, empty_table, entry, final, find_slot, hash_step, push_point, word_hash
from stages.text.compiled import inlined, item
from stages.text.scan import CHANGED
from stages.text.tables import CASE_IGNORABLE, CASED


class WordSet(NamedTuple):
    """Lower-case words to look up by the hash of their dedup form, which each word of a batch has.

    Words whose dedup forms are one (`straße` and `strasse`) are told apart by the hash of their lower case.
    `places` numbers the entries.
    """

    dedup_keys: Any  # uint64, the filter
    lower_keys: Any  # uint64
    places: Any  # int64, beside lower_keys
    size: int
    symbols: bool  # whether some entry has no dedup form


@lru_cache(maxsize=256)
def word_set(words: frozenset[str]) -> WordSet:
    """The tables of a set of lower-case words."""
    from stages.dedup.key import dedup_word  # it imports this package

    dedup_keys, lower_keys = empty_table(len(words)), empty_table(len(words))
    places = np.zeros(lower_keys.size, np.int64)
    symbols = False
    for place, word in enumerate(sorted(words)):
        dedup, lower = np.uint64(word_hash(dedup_word(word))), np.uint64(word_hash(word))
        symbols |= not dedup
        if dedup:
            dedup_keys[find_slot(dedup_keys, dedup_keys.size - 1, dedup)] = dedup
        slot = find_slot(lower_keys, lower_keys.size - 1, lower)
        lower_keys[slot], places[slot] = lower, place
    return WordSet(dedup_keys, lower_keys, places, len(words), symbols)


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
def find_word(data: Any, words: Any, word: Any, known: Any, tables: Any) -> Any:
    """The number of a word of a batch in a set; -1 if its lower case is not in it."""
    dedup = item(words.dedup_hashes, word)
    if dedup == uint64(0):
        if not known.symbols:
            return int64(-1)
    elif item(known.dedup_keys, find_slot(known.dedup_keys, known.dedup_keys.size - 1, dedup)) == uint64(0):
        return int64(-1)
    lower = item(words.raw_hashes, word)
    if item(words.classes, word) & uint8(CHANGED):
        lower = lower_hash(data, words.starts[word], words.ends[word], tables)
    slot = find_slot(known.lower_keys, known.lower_keys.size - 1, lower)
    return item(known.places, slot) if item(known.lower_keys, slot) != uint64(0) else int64(-1)
