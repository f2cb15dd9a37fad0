"""Sets of lower-case words as hash tables, and the lower case of a word inside a kernel."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from llvmlite import ir
from numba import int64, types, uint8, uint32, uint64
from numba.extending import intrinsic

from stages.text.code_points import decode, entry, final, hash_step, push_point, word_hash
from stages.text.compiled import inlined, item, low_zeros
from stages.text.tables import CASE_IGNORABLE, CASED
from stages.text.windows import every_lane

_NEAR: Final = 4
"""Slots that a key of a table may be in. All are looked at together, as which it is is hard to foresee."""


class WordSet(NamedTuple):
    """Lower-case words to look up by the hash of their lower case, which is that of most words of a batch.

    Of the others the dedup form, which each word of a batch has, tells whether it is worth while to make the lower
    case; words whose dedup forms are one (`straße` and `strasse`) are told apart by it.
    """

    keys: Any  # uint64, each at most _NEAR - 1 slots behind the one that its hash names
    sizes: Any  # int64, beside keys: bytes of the word; 0 where an apostrophe may stand for other signs
    dedup_keys: Any  # uint64, the filter, likewise
    size: int
    symbols: bool  # whether some entry has no dedup form
    distinct: bool  # whether no entry is the dedup form of another one


@lru_cache(maxsize=256)
def word_set(words: frozenset[str]) -> WordSet:
    """The tables of a set of lower-case words."""
    from stages.dedup.key import dedup_word  # it imports this package

    forms = {word: dedup_word(word) for word in words}
    distinct = all(form == word or form not in words for word, form in forms.items())
    dedup_keys = set(map(word_hash, forms.values()))
    sizes = {word_hash(word): 0 if "'" in word else len(word.encode()) for word in words}
    keys = _near_table(sorted(sizes))
    sizes_of_keys = np.array([sizes.get(key, 0) for key in keys.tolist()])
    filter_keys = _near_table(sorted(dedup_keys - {0}))
    return WordSet(keys, sizes_of_keys, filter_keys, len(words), 0 in dedup_keys, distinct)


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


def _equal_keys(typing: Any, keys: Any, home: Any, key: Any) -> Any:
    kind = ir.VectorType(ir.IntType(64), _NEAR)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        start = builder.gep(array.data, [arguments[1]], source_etype=ir.IntType(64))
        found = builder.load(builder.bitcast(start, kind.as_pointer()), align=8, typ=kind)
        equal = builder.icmp_unsigned("==", found, every_lane(builder, kind, arguments[2]))
        return builder.zext(builder.bitcast(equal, ir.IntType(_NEAR)), ir.IntType(8))

    return types.uint8(keys, types.int64, types.uint64), codegen


_equal: Any = intrinsic(_equal_keys)
"""A bit for each of the _NEAR slots of a table from a place on that holds a key."""


@inlined
def find_key(key: Any, keys: Any) -> Any:
    """The slot of a table that a key (not 0) names, and a bit for the one of the _NEAR from there on that holds it.

    There is no branch; no other key has the same slot and bit.
    """
    home = int64(key >> uint64(20)) & (keys.size - _NEAR)
    return home, _equal(keys, home, key)


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
def may_be_in(word: Any, words: Any, known: Any) -> Any:
    """Whether a word of a batch that is CHANGED may be in a set by its dedup form."""
    dedup = item(words.dedup_hashes, word)
    return (find_key(dedup, known.dedup_keys)[1] != uint8(0)) & (dedup != uint64(0)) | known.symbols & (
        dedup == uint64(0)
    )


@inlined
def find_changed(data: Any, words: Any, word: Any, known: Any, tables: Any) -> Any:
    """`find_key` in `known.keys` of the lower case of a word of a batch."""
    home, found = find_key(item(words.dedup_hashes, word), known.keys)
    if found:  # of ASCII as long as its dedup form, this is its lower case
        size = item(words.ends, word) - item(words.starts, word)
        if size == item(words.lengths, word) and size == item(known.sizes, home + low_zeros(uint64(found))):
            return home, found
    return find_key(lower_hash(data, item(words.starts, word), item(words.ends, word), tables), known.keys)
