"""The compiled form of the rules of `quality.gopher`."""

from typing import Any, Final

import numpy as np
from numba import int64, uint8, uint32, uint64

from stages.text.arrays import Segments
from stages.text.casing import WordSet, find_changed, find_key, may_be_in
from stages.text.compiled import borrowed, inlined, item, kernel, put
from stages.text.lines import after_spaces, before_spaces
from stages.text.memory import room
from stages.text.tables import tables
from stages.text.windows import WINDOW, count_ones, equals, first_one
from stages.text.word_arrays import CHANGED, HAS_LETTER, IS_WORD

COUNTS: Final = 9
(WORDS, CHARACTERS, ALPHABETIC, EVERYTHING, HASHES, ELLIPSES, BULLETS, TRAILING, STOP_WORDS) = range(COUNTS)


@kernel
def count_words(
    data: Any, words: Any, first: Any, known: Any, tables: Any, seen: Any, waiting: Any, counts: Any
) -> None:
    """Fill all columns of `counts` that words decide.

    `seen` has a place for each slot of the stop words' table, all 0, `waiting` one for each word of a document. No
    branch: which word is punctuation, a stop word or its own lower case is hard to foresee.
    """
    data, words, first, known, tables = borrowed((data, words, first, known, tables))
    seen, waiting, counts = borrowed((seen, waiting, counts))
    for document in range(first.size - 1):
        begin, end = first[document], first[document + 1]
        number = characters = alphabetic = stops = int64(0)
        for word in range(begin, end):
            kind = item(words.classes, word)
            is_word = int64(kind & uint8(IS_WORD) != 0)
            number += is_word
            characters += int64(item(words.lengths, word)) * is_word
            alphabetic += int64(kind & uint8(HAS_LETTER) != 0)
        if known.size:
            changed = left = int64(0)
            for word in range(begin, end):
                kind = item(words.classes, word) & uint8(HAS_LETTER | CHANGED)
                put(waiting, changed, word)
                changed += int64(kind == uint8(HAS_LETTER | CHANGED))
                home, found = find_key(item(words.raw_hashes, word), known.keys)
                put(seen, home, item(seen, home) | (found if kind == uint8(HAS_LETTER) else uint8(0)))
            for at in range(changed):
                word = item(waiting, at)
                put(waiting, left, word)
                left += int64(may_be_in(word, words, known))
            for at in range(left):
                word = item(waiting, at)
                home, found = find_key(item(words.dedup_hashes, word), known.keys)
                if known.distinct and item(seen, home) & found:  # nothing else can be found
                    continue
                home, found = find_changed(data, words, word, known, tables)
                put(seen, home, item(seen, home) | found)
            for slot in range(seen.size):
                stops += int64(count_ones(uint64(item(seen, slot))))
                put(seen, slot, uint8(0))
        counts[WORDS, document], counts[CHARACTERS, document] = number, characters
        counts[ALPHABETIC, document], counts[EVERYTHING, document] = alphabetic, end - begin
        counts[STOP_WORDS, document] = stops if known.size else number


@inlined
def _next_sign(data: Any, place: Any, stop: Any) -> Any:
    """The first place from here on with a hash sign, `...` or `…`, as far as the next bytes tell; else the end."""
    while place < stop and place + WINDOW + 2 <= data.size:
        dots = equals(data, place, 0x2E) & equals(data, place + 1, 0x2E) & equals(data, place + 2, 0x2E)
        ellipses = equals(data, place, 0xE2) & equals(data, place + 1, 0x80) & equals(data, place + 2, 0xA6)
        found = uint32(equals(data, place, 0x23) | dots | ellipses)
        if found:
            return min(place + int64(first_one(found)), stop)
        place += WINDOW
    while place < stop and item(data, place) != 0x23 and item(data, place) != 0x2E and item(data, place) != 0xE2:
        place += 1
    return min(place, stop)


@kernel
def count_signs(data: Any, offsets: Any, counts: Any) -> None:
    """Fill the columns of `counts` of hash signs and of ellipses, of one character or three full stops."""
    data, offsets, counts = borrowed((data, offsets, counts))
    for document in range(offsets.size - 1):
        place, stop = offsets[document], offsets[document + 1]
        hashes = ellipses = int64(0)
        while True:
            place = _next_sign(data, place, stop)
            if place >= stop:
                break
            byte, dots = item(data, place), int64(0)
            while place < stop and item(data, place) == 0x2E:
                dots += 1
                place += 1
            ellipses += dots // 3
            hashes += int64(byte == 0x23)
            ellipses += int64(byte == 0xE2 and _is_ellipsis(data, place))
            place += int64(byte != 0x2E)
        counts[HASHES, document], counts[ELLIPSES, document] = hashes, ellipses


@inlined
def _is_ellipsis(data: Any, place: Any) -> Any:
    return item(data, place + 1) == 0x80 and item(data, place + 2) == 0xA6


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
    seen = np.zeros(stop_words.keys.size, np.uint8)
    known = tables()
    waiting = room(int(segments.word_counts.max(initial=0)), np.int64)
    count_words(segments.data, segments.words, segments.first_words, stop_words, known, seen, waiting, counts)
    count_signs(segments.data, segments.offsets, counts)
    count_lines(segments.data, *segments.split_lines, known, counts)
    return counts
