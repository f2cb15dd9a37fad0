"""Sums of the rows of words: their own and those of their character n-grams."""

from typing import Any

from numba import int64, uint64

from stages.identify.bucket_rows import add_row
from stages.identify.compiled import inlined, kernel
from stages.identify.ngrams_one_by_one import add_any_ngrams
from stages.identify.ngrams_side_by_side import (
    CLOSES,
    LONGEST_NGRAM,
    OPENS,
    add_long_word,
    add_segments,
    list_segment,
    list_word,
    most_codes,
)
from stages.identify.remembered import REMEMBERED_BYTES
from stages.identify.word_search import PENDING
from stages.identify.word_table import find_entry, is_label


@inlined
def _start_word(data: Any, word: Any, tables: Any, scratch: Any) -> Any:
    """Begin the sum of a word with its own row, if it has one; whether n-grams are to be added."""
    pending, sums = scratch.pending, scratch.sums
    place, row = uint64(word) << uint64(3), sums.shape[0] - PENDING + word
    hashed, start = pending[place + uint64(4)], int64(pending[place + uint64(5)])
    size = int64(pending[place + uint64(6)])
    for column in range(sums.shape[1]):
        sums[row, column] = 0
    entry = int64(-1)
    bit = hashed >> uint64(tables.likely_shift)
    if (tables.likely[bit >> uint64(6)] >> (bit & uint64(63))) & uint64(1):
        entry = find_entry(data, start, size, hashed, tables.slots, tables.entry_starts, tables.entry_bytes)
    scratch.found[word] = 0
    if entry >= tables.words or (entry < 0 and is_label(data, start, size)):
        scratch.found[word] = -1
        return False
    if entry >= 0:
        add_row(sums, row, tables.matrix, entry, scratch.rows)
        scratch.found[word] = 1
    return tables.maxn >= max(tables.minn, 1) and tables.buckets > 0


@kernel
def sum_up(data: Any, missed: Any, tables: Any, scratch: Any) -> None:
    """Make the sums of the words that are not remembered, those of short words side by side."""
    codes, segments, pending = scratch.codes, scratch.segments, scratch.pending
    at, bits, listed, others = tables.maxn, uint64(0), 0, 0
    for number in range(missed):
        word = scratch.missed[number]
        if not _start_word(data, word, tables, scratch):
            continue
        size = int64(pending[(uint64(word) << uint64(3)) + uint64(6)])
        if listed and at + size + 2 >= most_codes(codes, tables):
            add_segments(scratch, tables, at, bits, listed)
            at, bits, listed = tables.maxn, uint64(0), 0
        good = size <= REMEMBERED_BYTES and tables.maxn <= LONGEST_NGRAM
        if good:
            codes[at] = 60
            after, covered, seen = list_word(word, codes, at + 1, scratch)
            good = covered == size
            if good:
                codes[after] = 62
                listed = list_segment(segments, listed, word, at + 1, after + 1, OPENS | CLOSES)
                at, bits = after + 1, bits | seen
        if not good:
            scratch.others[others] = word
            others += 1
    if listed:
        add_segments(scratch, tables, at, bits, listed)
    for number in range(others):
        word = scratch.others[number]
        place = uint64(word) << uint64(3)
        start, size = int64(pending[place + uint64(5)]), int64(pending[place + uint64(6)])
        if tables.maxn > LONGEST_NGRAM or not add_long_word(data, start, size, word, tables, scratch):
            _start_word(data, word, tables, scratch)
            row = scratch.sums.shape[0] - PENDING + word
            scratch.found[word] += add_any_ngrams(scratch.sums, row, data, start, start + size, tables, scratch)
