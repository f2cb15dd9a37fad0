"""The compiled form of the word counts of `quality.lists`."""

from typing import Any

import numpy as np
from numba import int64, uint8

from stages.text.arrays import Segments
from stages.text.casing import WordSet, find_lower, find_word
from stages.text.compiled import borrowed, inlined, item, kernel, put
from stages.text.memory import room
from stages.text.tables import tables
from stages.text.word_arrays import CHANGED, IS_WORD

COUNTS = 3
(FIRST, SECOND, WORDS) = range(COUNTS)


@inlined
def _count_in(data: Any, words: Any, begin: Any, end: Any, waiting: Any, changed: Any, known: Any, tables: Any) -> Any:
    """How many of the words are in a set: those that are their own lower case, then those that may not be."""
    count = int64(0)
    for word in range(begin, end):
        own = item(words.classes, word) & uint8(CHANGED) == 0
        count += int64(own & (find_lower(item(words.raw_hashes, word), known) >= 0))
    for at in range(changed):
        count += int64(find_word(data, words, item(waiting, at), known, tables) >= 0)
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
        total = changed = int64(0)
        for word in range(begin, end):
            total += int64(item(words.classes, word) & uint8(IS_WORD) != 0)
        for word in range(begin, end if one.size or two.size else begin):
            put(waiting, changed, word)
            changed += int64(item(words.classes, word) & uint8(CHANGED) != 0)
        in_one = _count_in(data, words, begin, end, waiting, changed, one, tables) if one.size else int64(0)
        in_two = _count_in(data, words, begin, end, waiting, changed, two, tables) if two.size else int64(0)
        counts[FIRST, document], counts[SECOND, document], counts[WORDS, document] = in_one, in_two, total


def count(segments: Segments, one: WordSet, two: WordSet) -> np.ndarray:
    """Words of each document in two sets, and words with a letter, mark or number: int64[COUNTS, documents]."""
    counts = np.zeros((COUNTS, len(segments)), np.int64)
    waiting = room(int(segments.word_counts.max(initial=0)), np.int64)
    count_listed(segments.data, segments.words, segments.first_words, one, two, tables(), waiting, counts)
    return counts
