"""The words of a batch as arrays: an entry for each, and how one is entered."""

from typing import Any, Final, NamedTuple, Self

import numpy as np
from numba import int32, int64, uint8, uint32, uint64

from stages.text.code_points import EACH, decode, entry, final, folded_ascii_hash, hash_bytes, hash_step, mapped_hash
from stages.text.compiled import borrowed, inlined, item, kernel, load8, put
from stages.text.memory import room
from stages.text.tables import CHANGES, COMPOSES, HARD_FOLD, LETTER, NUMBER, WORD

SHORT: Final = 16
"""Bytes of the words that are too long to be hashed without a loop."""

HAS_LETTER: Final = 1
IS_WORD: Final = 2
"""It holds a letter, mark or number; otherwise it is punctuation or a symbol."""
HAS_DIGIT: Final = 4
RUN: Final = 8
"""Of a script without spaces."""
HARD: Final = 16
"""Its dedup form is not found code point by code point."""
MAY_COMPOSE: Final = 32
"""It holds what NFC might compose: its dedup form is right if the document is NFC."""
CHANGED: Final = 64
"""Its lower case may be another word; without this the word is its own lower case."""
UNCUT: Final = 128
"""A whole run of a script without spaces."""


class WordArrays(NamedTuple):
    """One entry for each word: first byte and the byte after it, code points, class flags, two hashes."""

    starts: Any  # int64
    ends: Any  # int64
    lengths: Any  # int32
    classes: Any  # uint8
    raw_hashes: Any  # uint64
    dedup_hashes: Any  # uint64

    @classmethod
    def of_size(cls, size: int) -> Self:
        kinds = (np.int64, np.int64, np.int32, np.uint8, np.uint64, np.uint64)
        return cls(*(room(size, kind) for kind in kinds))

    def cut(self, size: int) -> Self:
        """The first so many entries."""
        return type(self)(*(array[:size] for array in self))


@inlined
def word_class(seen: Any) -> Any:
    """Class flags of a word from all flags of its characters."""
    found = uint8(0)
    if seen & uint32(LETTER):
        found |= uint8(HAS_LETTER)
    if seen & uint32(WORD):
        found |= uint8(IS_WORD)
    if seen & uint32(NUMBER):
        found |= uint8(HAS_DIGIT)
    if seen & uint32(CHANGES | HARD_FOLD | COMPOSES):
        found |= uint8(CHANGED)
        if seen & uint32(HARD_FOLD):
            found |= uint8(HARD)
        if seen & uint32(COMPOSES):
            found |= uint8(MAY_COMPOSE)
            if seen & uint32(CHANGES):
                found |= uint8(HARD)
    return found


@inlined
def short_hash(data: Any, start: Any, size: Any) -> Any:
    """`hash_bytes` of fewer than SHORT bytes, without a branch that depends on how many; SHORT can be read."""
    first, second = load8(data, start), load8(data, start + 8)
    after = max(size - 8, int64(0))
    first &= (uint64(1) << uint64(8 * size)) - uint64(1) if size < 8 else ~uint64(0)
    second &= (uint64(1) << uint64(8 * after)) - uint64(1)
    one = hash_step(uint64(0), first)
    two = hash_step(one, second)
    return final(one if size < 8 else two, size)


@inlined
def put_entry(words: Any, at: Any, start: Any, end: Any, length: Any, kind: Any, raw: Any, dedup: Any) -> None:
    """Enter a word of which everything is known."""
    put(words.starts, at, start)
    put(words.ends, at, end)
    put(words.lengths, at, int32(length))
    put(words.classes, at, kind)
    put(words.raw_hashes, at, raw)
    put(words.dedup_hashes, at, dedup)


@inlined
def put_word(
    data: Any, start: Any, end: Any, length: Any, seen: Any, more: Any, tables: Any, words: Any, at: Any
) -> None:
    """Enter a word, with further class flags."""
    size = end - start
    short = size < SHORT and start + SHORT <= data.size
    raw = short_hash(data, start, size) if short else hash_bytes(data, start, end)
    put_entry(
        words, at, start, end, length, word_class(seen) | uint8(more), raw, raw if seen & uint32(WORD) else uint64(0)
    )
    if seen & uint32(CHANGES) and seen & uint32(WORD):
        if length == size:
            put(words.dedup_hashes, at, folded_ascii_hash(data, start, end))
        else:
            put(words.dedup_hashes, at, mapped_hash(data, start, end, tables.blocks, tables.folded))


@inlined
def put_part(data: Any, start: Any, end: Any, kind: Any, tables: Any, words: Any, at: Any) -> None:
    """Enter a word of a run of that class."""
    seen, length, place = uint32(0), int64(0), start
    while place < end:
        point, place = decode(data, place)
        seen |= item(tables.flags, entry(tables.blocks, point))
        length += 1
    put_word(data, start, end, length, seen, kind & uint8(MAY_COMPOSE | CHANGED) | uint8(RUN), tables, words, at)


@kernel
def list_words(classes: Any, first: Any, wanted: Any, found: Any) -> Any:
    """List the words with one of the flags that are `wanted` (uint8) in their document: how many they are.

    `found` has room for all words and eight more.
    """
    classes, first, wanted, found = borrowed((classes, first, wanted, found))
    count = int64(0)
    for document in range(wanted.size):
        word, stop, flags = first[document], first[document + 1], uint64(item(wanted, document))
        while word < stop:
            if word + 8 <= classes.size and not load8(classes, word) & flags * uint64(EACH):
                word += 8
                continue
            for _ in range(min(int64(8), stop - word)):
                put(found, count, word)
                count += int64(item(classes, word) & uint8(flags) != 0)
                word += 1
    return count


@kernel
def keep_hashes(hashes: Any, first: Any, found: Any, offsets: Any) -> Any:
    """Fill `found` with the hashes that are not 0, `offsets` with where those of each document begin; their number."""
    hashes, first, found, offsets = borrowed((hashes, first, found, offsets))
    count = int64(0)
    for document in range(first.size - 1):
        offsets[document] = count
        for word in range(first[document], first[document + 1]):
            value = item(hashes, word)
            found[count] = value
            count += int64(value != uint64(0))
    offsets[first.size - 1] = count
    return count
