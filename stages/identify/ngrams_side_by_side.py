"""Character n-grams of many short words, or of pieces of a long one: hashed side by side, sifted, and summed up."""

from typing import Any, Final

from numba import int64, uint8, uint32, uint64

from stages.identify.bucket_rows import add_rows, name_rows, passes
from stages.identify.compiled import inlined, kernel
from stages.identify.lanes import BLOCK, fetch, hash_block, widen
from stages.identify.word_search import PENDING
from stages.text.compiled import load8, low_zeros
from stages.text.windows import WINDOW, continuations, count_ones, first_one

LONGEST_NGRAM: Final = 16
"""Characters of n-grams that are hashed side by side; of longer ones models may ask, but none does."""

OPENS, CLOSES = 1, 2
"""What a segment of the listed characters has of its word: the beginning, the end."""


@inlined
def _list_window(source: Any, place: Any, size: Any, codes: Any, at: Any) -> Any:
    """List the characters that begin among the next bytes, at most WINDOW.

    The place after them, how many bytes they have, at most four each, and what bits they have.
    """
    begin = ~continuations(source, uint64(place)) & uint32((uint64(1) << uint64(size)) - uint64(1))
    covered, bits, at = uint64(0), uint64(0), uint64(at)
    while begin:
        bytes8 = load8(source, int64(uint64(place) + first_one(begin)))
        begin &= begin - uint32(1)
        ends = ((bytes8 & uint64(0xC0C0C000)) ^ uint64(0x80808000)) >> uint64(8)  # 0 for a byte that continues
        more = uint64(low_zeros(ends | uint64(1 << 24))) & uint64(24)
        code = bytes8 & (uint64(0xFFFFFFFF) >> (uint64(24) - more))
        codes[at] = uint32(code)
        at += uint64(1)
        bits |= code
        covered += uint64(1) + (more >> uint64(3))
    return int64(at), int64(covered), bits


@inlined
def list_word(word: Any, codes: Any, at: Any, scratch: Any) -> Any:
    """As `_list_window`, for a word of less than WINDOW bytes."""
    place = uint64(word) << uint64(3)
    size = int64(scratch.pending[place + uint64(6)])
    ored = scratch.pending[place] | scratch.pending[place + uint64(1)]
    ored |= scratch.pending[place + uint64(2)] | scratch.pending[place + uint64(3)]
    if ored & uint64(0x8080808080808080):
        return _list_window(scratch.letters, int64(place) << 3, size, codes, at)
    widen(scratch.letters, int64(place) << 3, codes, at)
    return at + size, size, uint64(0)


@inlined
def most_codes(codes: Any, tables: Any) -> Any:
    """Characters that may be listed; blocks of n-grams and windows of bytes reach further."""
    return codes.size - tables.maxn - 2 * WINDOW


@inlined
def list_segment(segments: Any, number: Any, word: Any, first: Any, stop: Any, whole: Any) -> Any:
    """Note of which word the listed characters from `first` to `stop` are; `whole` is OPENS and CLOSES, added up."""
    at = 4 * number
    segments[at], segments[at + 1], segments[at + 2], segments[at + 3] = word, first, stop, whole
    return number + 1


@inlined
def _sift(buckets: Any, group: Any, offsets: Any, tables: Any) -> Any:
    """A bit for each n-gram of a group that may have a row, the first the lowest."""
    found, place = uint64(0), uint64(offsets.size)
    if tables.maxn - max(tables.minn, 1) == 2:  # as below, three at a time
        while place:
            place -= uint64(3)
            last = passes(buckets[uint64(group + offsets[place + uint64(2)])], tables)
            middle = passes(buckets[uint64(group + offsets[place + uint64(1)])], tables)
            first = passes(buckets[uint64(group + offsets[place])], tables)
            found = (found << uint64(3)) | (last << uint64(2)) | (middle << uint64(1)) | first
        return found
    while place:
        place -= uint64(1)
        found = (found << uint64(1)) | passes(buckets[uint64(group + offsets[place])], tables)
    return found


@inlined
def _close_words(buckets: Any, segments: Any, count: Any, codes: Any, tables: Any) -> None:
    """Strike out what begins before the `<` of a word and ends in it, and lone brackets."""
    none, longest = uint32(tables.buckets), tables.maxn
    for number in range(count):
        opening, closing, whole = segments[4 * number + 1] - 1, segments[4 * number + 2] - 1, segments[4 * number + 3]
        if whole & OPENS:
            buckets[uint64(opening)] = none
            for size in range(2, longest + 1):
                row = (size - 1) * codes
                for place in range(row + opening + 1 - size, row + opening):
                    buckets[uint64(place)] = none
        if whole & CLOSES:
            buckets[uint64(closing)] = none


@kernel
def add_segments(scratch: Any, tables: Any, listed: Any, bits: Any, count: Any) -> None:
    """Add the rows of the n-grams that end within each segment of the listed characters to the sum of its word.

    N-grams are added in the order of their ends, short ones first. All are hashed, also those across words, and all
    rows are found and asked for before any is added. Nothing is written to a place that depends on which n-grams have
    a row: processors that do not read ahead of such a write would wait for each.
    """
    buckets, rows, segments, masks, offsets = (
        scratch.buckets, scratch.rows, scratch.segments, scratch.masks, scratch.offsets
    )  # fmt: skip
    shortest, codes = max(tables.minn, 1), scratch.codes.size
    sizes = tables.maxn - shortest + 1
    widest = 1 + int64(bits > uint64(0xFF)) + int64(bits > uint64(0xFFFF)) + int64(bits > uint64(0xFFFFFF))
    for place in range(0, listed, BLOCK):
        hash_block(
            scratch.codes, buckets, place, widest, shortest, tables.maxn, tables.buckets, tables.magic, tables.shift
        )
    _close_words(buckets, segments, count, codes, tables)
    ends = offsets.size // sizes
    groups, passed = 0, uint64(0)
    for group in range(tables.maxn, listed, ends):  # sifted, and those that pass listed in order
        found = _sift(buckets, group, offsets, tables)
        masks[groups], masks[groups + 1] = found, passed
        groups += 2
        while found:
            bucket = buckets[uint64(group + offsets[uint64(low_zeros(found))])]
            found &= found - uint64(1)
            rows[passed] = int64(bucket)
            fetch(tables.blocks, uint64(bucket) >> uint64(5))
            passed += uint64(1)
    masks[groups], masks[groups + 1] = uint64(0), passed
    name_rows(rows, passed, scratch.ranks, tables)
    for number in range(count):
        at = 4 * number
        word = segments[at]
        first = _listed_before(segments[at + 1] - tables.maxn, ends, sizes, masks)
        stop = _listed_before(segments[at + 2] - tables.maxn, ends, sizes, masks)
        add_rows(scratch.sums, scratch.sums.shape[0] - PENDING + word, tables.matrix, rows, first, stop - first)
        scratch.found[word] += scratch.ranks[stop] - scratch.ranks[first]


@inlined
def _listed_before(end: Any, ends: Any, sizes: Any, masks: Any) -> Any:
    """How many of the n-grams that end before a place are listed."""
    group = uint64(end) // uint64(ends)
    before = (uint64(end) - group * uint64(ends)) * uint64(sizes)
    mask = masks[uint64(2) * group] & ((uint64(1) << before) - uint64(1))
    return int64(masks[uint64(2) * group + uint64(1)] + count_ones(mask))


@kernel
def add_long_word(data: Any, start: Any, size: Any, word: Any, tables: Any, scratch: Any) -> Any:
    """Add the rows of the n-grams of a word of any length, piece by piece; whether it is of characters at all.

    The last characters of a piece begin the next one again, for the n-grams that end there.
    """
    codes, window = scratch.codes, scratch.window
    first = at = tables.maxn + 1
    codes[at - 1] = 60
    done, covered, bits, opens = 0, 0, uint64(60), OPENS
    while done < size:
        part = min(size - done, WINDOW)
        if size - done >= 2 * WINDOW:
            at, more, seen = _list_window(data, start + done, part, codes, at)
        else:
            for place in range(2 * WINDOW):
                window[place] = data[start + done + place] if done + place < size else uint8(0)
            at, more, seen = _list_window(window, 0, part, codes, at)
        done, covered, bits = done + part, covered + more, bits | seen
        if done < size and at + WINDOW >= most_codes(codes, tables):
            list_segment(scratch.segments, 0, word, first, at, opens)
            add_segments(scratch, tables, at, bits, 1)
            for place in range(tables.maxn):
                codes[place + 1] = codes[at - tables.maxn + place]
            first, opens = tables.maxn + 1, 0
            at = first
    codes[at] = 62
    list_segment(scratch.segments, 0, word, first, at + 1, opens | CLOSES)
    add_segments(scratch, tables, at + 1, bits, 1)
    return covered == size
