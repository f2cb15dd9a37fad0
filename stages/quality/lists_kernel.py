"""The compiled form of the word counts of `quality.lists`."""

from typing import Any

import numpy as np
from numba import int64, uint8, uint64

from stages.text.arrays import Segments
from stages.text.casing import WordSet, find_changed, find_key, may_be_in
from stages.text.code_points import EACH
from stages.text.compiled import borrowed, inlined, item, kernel, load8, put
from stages.text.memory import room
from stages.text.tables import tables
from stages.text.windows import count_ones
from stages.text.word_arrays import CHANGED, IS_WORD

COUNTS = 3
(FIRST, SECOND, WORDS) = range(COUNTS)


@inlined
def _count_all(classes: Any, begin: Any, end: Any) -> Any:
    """How many of the words have a letter, mark or number, eight at a time."""
    count, word = int64(0), begin
    while word + 8 <= end:
        count += int64(count_ones(load8(classes, word) & uint64(IS_WORD * EACH)))
        word += 8
    while word < end:
        count += int64(item(classes, word) & uint8(IS_WORD) != 0)
        word += 1
    return count


@inlined
def _count_in(data: Any, words: Any, begin: Any, end: Any, known: Any, tables: Any, waiting: Any) -> Any:
    """How many of the words are in a set: those that are their own lower case, then those that may not be."""
    count = changed = left = int64(0)
    for word in range(begin, end):
        may_change = int64(item(words.classes, word) & uint8(CHANGED) != 0)
        put(waiting, changed, word)
        changed += may_change
        count += int64(find_key(item(words.raw_hashes, word), known.keys)[1] != uint8(0)) & (1 - may_change)
    for at in range(changed):
        word = item(waiting, at)
        put(waiting, left, word)
        left += int64(may_be_in(word, words, known))
    for at in range(left):
        count += int64(find_changed(data, words, item(waiting, at), known, tables)[1] != uint8(0))
    return count


@kernel
def count_listed(data: Any, words: Any, first: Any, one: Any, two: Any, tables: Any, waiting: Any, counts: Any) -> None:
    """Fill `counts` with the words of each document that are in either set, and with all that are words.

    `waiting` has room for the words of a document.
    """
    data, words, first, one, two, tables = borrowed((data, words, first, one, two, tables))
    waiting, counts = borrowed((waiting, counts))
    for document in range(first.size - 1):
        begin, end = first[document], first[document + 1]
        total = _count_all(words.classes, begin, end)
        in_one = _count_in(data, words, begin, end, one, tables, waiting) if one.size else int64(0)
        in_two = _count_in(data, words, begin, end, two, tables, waiting) if two.size else int64(0)
        counts[FIRST, document], counts[SECOND, document], counts[WORDS, document] = in_one, in_two, total


def count(segments: Segments, one: WordSet, two: WordSet) -> np.ndarray:
    """Words of each document in two sets, and words with a letter, mark or number: int64[COUNTS, documents]."""
    counts = np.zeros((COUNTS, len(segments)), np.int64)
    waiting = room(int(segments.word_counts.max(initial=0)), np.int64)
    count_listed(segments.data, segments.words, segments.first_words, one, two, tables(), waiting, counts)
    return counts
