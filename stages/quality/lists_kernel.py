"""The compiled form of the word counts of `quality.lists`."""

from typing import Any

import numpy as np
from numba import int64, uint8

from stages.text.arrays import Segments
from stages.text.casing import WordSet, find_word
from stages.text.compiled import borrowed, item, kernel
from stages.text.scan import IS_WORD
from stages.text.tables import tables

COUNTS = 3
(FIRST, SECOND, WORDS) = range(COUNTS)


@kernel
def count_listed(data: Any, words: Any, first: Any, one: Any, two: Any, tables: Any, counts: Any) -> None:
    """Fill `counts` with the words of each document that are in either set, and with all that are words."""
    data, words, first, one, two, tables, counts = borrowed((data, words, first, one, two, tables, counts))
    for document in range(first.size - 1):
        in_one = in_two = total = int64(0)
        for word in range(first[document], first[document + 1]):
            total += int64(item(words.classes, word) & uint8(IS_WORD) != 0)
            if one.size:
                in_one += int64(find_word(data, words, word, one, tables) >= 0)
            if two.size:
                in_two += int64(find_word(data, words, word, two, tables) >= 0)
        counts[FIRST, document], counts[SECOND, document], counts[WORDS, document] = in_one, in_two, total


def count(segments: Segments, one: WordSet, two: WordSet) -> np.ndarray:
    """Words of each document in two sets, and words with a letter, mark or number: int64[COUNTS, documents]."""
    counts = np.zeros((COUNTS, len(segments)), np.int64)
    count_listed(segments.data, segments.words, segments.first_words, one, two, tables(), counts)
    return counts
