"""Sums of the rows of words: their own and those of their character n-grams."""

from typing import Any

from numba import int64, uint8, uint64

from stages.identify.bucket_rows import add_row
from stages.identify.compiled import inlined
from stages.identify.lanes import LANES, clear_lanes
from stages.identify.ngrams_one_by_one import add_any_ngrams
from stages.identify.ngrams_side_by_side import (
    CLOSES,
    LONGEST_NGRAM,
    LOOKED_AT,
    OPENS,
    add_segments,
    list_segment,
    list_window,
    most_codes,
)
from stages.identify.word_search import PENDING
from stages.identify.word_table import find_entry, is_label
from stages.text.windows import WINDOW


@inlined
def _start_word(data: Any, word: Any, tables: Any, scratch: Any) -> Any:
    """Begin the sum of a word with its own row, if it has one; whether n-grams are to be added."""
    pending, sums = scratch.pending, scratch.sums
    place, row = uint64(word) << uint64(3), sums.shape[0] - PENDING + word
    hashed, start = pending[place + uint64(4)], int64(pending[place + uint64(5)])
    size = int64(pending[place + uint64(6)])
    for column in range(0, sums.shape[1], LANES):
        clear_lanes(sums, row, column)
    entry = int64(-1)
    bit = hashed >> uint64(tables.likely_shift)
    if (tables.likely[bit >> uint64(6)] >> (bit & uint64(63))) & uint64(1):
        entry = find_entry(data, start, size, hashed, tables.slots, tables.entry_starts, tables.entry_bytes)
    scratch.found[word] = 0
    if entry >= tables.words or (entry < 0 and is_label(pending[place], pending[place + uint64(1)])):
        scratch.found[word] = -1
        return False
    if entry >= 0:
        add_row(sums, row, tables.matrix, entry, scratch.rows)
        scratch.found[word] = 1
    return tables.maxn >= max(tables.minn, 1) and tables.buckets > 0


@inlined
def _list_piece(data: Any, place: Any, end: Any, over: Any, codes: Any, at: Any, window: Any) -> Any:
    """As `list_window`, for the next bytes of a word that ends at `end`."""
    inside = (uint64(1) << uint64(min(end - place, WINDOW))) - uint64(1)
    left = ~uint64(0) >> uint64(max(place + 2 * WINDOW - end, 0))
    if place + LOOKED_AT <= data.size:
        return list_window(data, place, inside, left, over, codes, at)
    for byte in range(LOOKED_AT):
        window[byte] = data[place + byte] if place + byte < end else uint8(0)
    return list_window(window, 0, inside, left, over, codes, at)


@inlined
def sum_up(data: Any, missed: Any, tables: Any, scratch: Any) -> None:
    """Make the sums of the words that are not remembered, as many side by side as there is room for.

    Of a word that does not fit the last characters begin the next round again, for the n-grams that end there.
    """
    codes, segments, pending = scratch.codes, scratch.segments, scratch.pending
    before: Any = min(tables.maxn, LONGEST_NGRAM)
    most = most_codes(codes, tables)
    number = others = listed = first = opens = 0
    word = place = end = int64(0)
    at, widest, over, wrong = before, uint64(0), uint64(0), uint64(0)
    while number < missed or place < end:
        while (number < missed or place < end) and at + WINDOW < most:
            if place == end:
                word = scratch.missed[number]
                size = int64(pending[(uint64(word) << uint64(3)) + uint64(6)])
                if at > before and at + min(size, 4 * WINDOW) + 2 >= most:
                    break
                number += 1
                if not _start_word(data, word, tables, scratch):
                    continue
                if tables.maxn > LONGEST_NGRAM:
                    scratch.others[others] = word
                    others += 1
                    continue
                place = int64(pending[(uint64(word) << uint64(3)) + uint64(5)])
                end = place + size
                codes[at] = 60
                at += 1
                first, opens, over, wrong = at, OPENS, uint64(0), uint64(0)
            count, longest, unclear, over = _list_piece(data, place, end, over, codes, at, scratch.window)
            place, at = min(place + WINDOW, end), at + int64(count)
            widest, wrong = max(widest, longest), wrong | unclear
            if place == end and wrong:
                scratch.others[others] = word
                others += 1
            elif place == end:
                codes[at] = 62
                at += 1
                listed = list_segment(segments, listed, word, first, at, opens | CLOSES)
        if place < end:
            listed = list_segment(segments, listed, word, first, at, opens)
        if listed:
            add_segments(scratch, tables, at, int64(widest) + 1, listed)
        listed = 0
        if place < end:
            for back in range(tables.maxn):
                codes[back + 1] = codes[at - tables.maxn + back]
            at = first = tables.maxn + 1
            opens = 0
        else:
            at, widest = before, uint64(0)
    for number in range(others):
        word = scratch.others[number]
        facts = uint64(word) << uint64(3)
        start, size = int64(pending[facts + uint64(5)]), int64(pending[facts + uint64(6)])
        _start_word(data, word, tables, scratch)
        row = scratch.sums.shape[0] - PENDING + word
        scratch.found[word] += add_any_ngrams(scratch.sums, row, data, start, start + size, tables, scratch)
