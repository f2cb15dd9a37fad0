"""The compiled form of the rules of `quality.gopher`."""

from typing import Any, Final

import numpy as np
from numba import int64, uint8

from stages.text.arrays import Segments
from stages.text.casing import WordSet, find_word
from stages.text.compiled import borrowed, inlined, item, kernel
from stages.text.lines import after_spaces, before_spaces
from stages.text.scan import HAS_LETTER, IS_WORD
from stages.text.tables import tables

COUNTS: Final = 9
(WORDS, CHARACTERS, ALPHABETIC, EVERYTHING, HASHES, ELLIPSES, BULLETS, TRAILING, STOP_WORDS) = range(COUNTS)


@kernel
def count_words(data: Any, words: Any, first: Any, known: Any, tables: Any, seen: Any, counts: Any) -> None:
    """Fill all columns of `counts` that words decide; `seen` has a place for each stop word."""
    data, words, first, known, tables, seen, counts = borrowed((data, words, first, known, tables, seen, counts))
    for document in range(first.size - 1):
        number = characters = alphabetic = hashes = ellipses = stops = int64(0)
        for word in range(first[document], first[document + 1]):
            kind, length = item(words.classes, word), int64(item(words.lengths, word))
            is_word = int64(kind & uint8(IS_WORD) != 0)
            number += is_word
            characters += length * is_word
            if not is_word:
                byte = item(data, item(words.starts, word))
                if byte == 0x23:
                    hashes += length
                elif byte == 0x2E:
                    ellipses += length // 3
                elif byte == 0xE2 and _is_ellipsis(data, words.starts[word]):
                    ellipses += length
            if kind & uint8(HAS_LETTER):
                alphabetic += 1
                if known.size:
                    place = find_word(data, words, word, known, tables)
                    if place >= 0 and seen[place] != document + 1:
                        seen[place] = document + 1
                        stops += 1
        counts[WORDS, document], counts[CHARACTERS, document] = number, characters
        counts[ALPHABETIC, document], counts[EVERYTHING, document] = alphabetic, first[document + 1] - first[document]
        counts[HASHES, document], counts[ELLIPSES, document] = hashes, ellipses
        counts[STOP_WORDS, document] = stops if known.size else number


@inlined
def _is_ellipsis(data: Any, place: Any) -> Any:
    return data[place + 1] == 0x80 and data[place + 2] == 0xA6


@kernel
def count_lines(data: Any, lines: Any, first: Any, tables: Any, counts: Any) -> None:
    """Fill the columns of `counts` that lines decide: bullets and ellipses at the end."""
    data, lines, first, tables, counts = borrowed((data, lines, first, tables, counts))
    for document in range(first.size - 1):
        bullets = trailing = int64(0)
        for line in range(first[document], first[document + 1]):
            if lines.blank[line]:
                continue
            start = after_spaces(data, lines.starts[line], lines.ends[line], tables)
            end = before_spaces(data, start, lines.ends[line], tables)
            lead = data[start]
            bullets += int64(lead == 0x2D or (lead == 0xE2 and data[start + 1] == 0x80 and data[start + 2] == 0xA2))
            last = data[end - 1]
            if end - start >= 3 and (last == 0x2E or last == 0xA6):
                dots = last == 0x2E and data[end - 2] == 0x2E and data[end - 3] == 0x2E
                trailing += int64(dots or (data[end - 3] == 0xE2 and _is_ellipsis(data, end - 3)))
        counts[BULLETS, document], counts[TRAILING, document] = bullets, trailing


def count(segments: Segments, stop_words: WordSet) -> np.ndarray:
    """Counts of each document: int64[COUNTS, documents]."""
    counts = np.zeros((COUNTS, len(segments)), np.int64)
    seen = np.zeros(max(stop_words.size, 1), np.int64)
    known = tables()
    count_words(segments.data, segments.words, segments.first_words, stop_words, known, seen, counts)
    count_lines(segments.data, *segments.split_lines, known, counts)
    return counts
