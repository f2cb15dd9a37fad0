"""Character n-grams of many short words, or of pieces of a long one: hashed side by side, sifted, and summed up."""

from typing import Any, Final

from numba import int64, uint32, uint64

from stages.identify.bucket_rows import add_rows, name_rows, passes
from stages.identify.compiled import inlined
from stages.identify.lanes import BLOCK, fetch, hash_block, widen
from stages.identify.word_search import PENDING
from stages.text.compiled import load8, low_zeros
from stages.text.windows import WINDOW, continuations, count_ones, high_bytes

LONGEST_NGRAM: Final = 16
"""Characters of n-grams that are hashed side by side; of longer ones models may ask, but none does."""

CHARACTERS: Final = 8
"""That are listed without a look whether there are as many."""

LOOKED_AT: Final = 2 * WINDOW + 8
"""Bytes that `list_window` reads."""

OPENS, CLOSES = 1, 2
"""What a segment of the listed characters has of its word: the beginning, the end."""


@inlined
def list_window(source: Any, place: Any, inside: Any, left: Any, over: Any, codes: Any, at: Any) -> Any:
    """List the characters that begin at those of the next WINDOW bytes that have a bit in `inside`.

    `left` has a bit for each byte of the word from here on, `over` is the last of what was found in the window before:
    how many are listed, how many bytes the longest has beyond its first, which bytes are no UTF-8, and which of the
    WINDOW bytes after these belong to characters that begin here. LOOKED_AT bytes are read. Where any is no UTF-8,
    what is listed stands for nothing.
    """
    if not high_bytes(source, uint64(place)) & uint32(inside):
        widen(source, int64(place), codes, int64(at))
        return count_ones(inside), uint64(0), uint64(0), uint64(0)
    follow = uint64(continuations(source, uint64(place)))
    follow |= uint64(continuations(source, uint64(place) + uint64(WINDOW))) << uint64(WINDOW)
    begin = ~follow
    second = follow & ((begin & inside) << uint64(1))
    third = follow & (second << uint64(1))
    fourth = follow & (third << uint64(1))
    more = second | third | fourth
    wrong = (follow & inside & ~(more | over)) | (more & ~left)
    longest = uint64(second != uint64(0)) + uint64(third != uint64(0)) + uint64(fourth != uint64(0))
    count = count_ones(begin & inside)
    here, stop = uint64(low_zeros(begin)), uint64(at) + count
    at = uint64(at)
    while at < stop:
        for _ in range(CHARACTERS):
            begin &= begin - uint64(1)
            after = uint64(low_zeros(begin))
            size = ((after - here) << uint64(3)) & uint64(63)
            bytes8 = load8(source, int64(uint64(place) + here))
            codes[at] = uint32(bytes8 & ((uint64(1) << size) - uint64(1)))
            here = after
            at += uint64(1)
    return count, longest, wrong, more >> uint64(WINDOW)


@inlined
def most_codes(codes: Any, tables: Any) -> Any:
    """Characters that may be listed; blocks of n-grams and windows of bytes reach further."""
    return codes.size - min(tables.maxn, LONGEST_NGRAM) - 2 * WINDOW


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


@inlined
def add_segments(scratch: Any, tables: Any, listed: Any, widest: Any, count: Any) -> None:
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
