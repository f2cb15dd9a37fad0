"""The compiled form of the word counts of `quality.lists`."""

from typing import Any

import numpy as np
from numba import int64, uint8

from stages.text.arrays import Segments
from stages.text.casing import WordSet, find_word
from stages.text.compiled import borrowed, kernel
from stages.text.scan import IS_WORD
from stages.text.tables import tables


@kernel
def count_flagged(data: Any, words: Any, first: Any, known: Any, tables: Any, flagged: Any, counts: Any) -> None:
    """Fill `flagged` with the words of each document that are in the set, `counts` with all that are words."""
    data, words, first, known, tables, flagged, counts = borrowed((data, words, first, known, tables, flagged, counts))
    for document in range(first.size - 1):
        found = total = int64(0)
        for word in range(first[document], first[document + 1]):
            total += int64(words.classes[word] & uint8(IS_WORD) != 0)
            if known.size:
                found += int64(find_word(data, words, word, known, tables) >= 0)
        flagged[document], counts[document] = found, total


def count(segments: Segments, known: WordSet) -> tuple[np.ndarray, np.ndarray]:
    """Flagged words and words with a letter, mark or number of each document: int64."""
    flagged, counts = np.zeros(len(segments), np.int64), np.zeros(len(segments), np.int64)
    count_flagged(segments.data, segments.words, segments.first_words, known, tables(), flagged, counts)
    return flagged, counts
