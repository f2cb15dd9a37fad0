"""Labels of texts by a fastText model: the compiled kernel, straight on the buffers of an Arrow string array."""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import float32, int8, int32, int64, uint8, uint32, uint64

from stages.identify.best import best_labels
from stages.identify.compiled import inlined, kernel
from stages.identify.lanes import (
    BLOCK,
    FNV_BASIS,
    FNV_PRIME,
    LANES,
    add_lanes,
    copy_lanes,
    fetch,
    hash_block,
    widen,
    zeros,
)
from stages.text.compiled import load8, low_zeros
from stages.text.windows import WINDOW, continuations, count_ones, first_one, ones_in, separators

WORD_NGRAM: Final = 116049371
MIXER: Final = 0x9E3779B97F4A7C15
MIXERS: Final = (0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
END_OF_LINE: Final = 0x3E732F3C
"""The bytes of `</s>`, which ends a line for fastText wherever it stands."""

REMEMBERED_BYTES: Final = WINDOW - 1
"""Longest word whose sum of rows is remembered: with the number of its rows it takes four 64-bit numbers."""

MOST_ROWS: Final = 127
"""A word of fewer rows is remembered: seven bits hold their number + 1."""

UPPER_LAST: Final = np.uint64(1 << 63)
"""Set in the last number of the first word of a pair where the second word was used last."""

ROOM: Final = 512
"""Characters that are listed before their n-grams are added."""

LONGEST_NGRAM: Final = 16
"""Characters of n-grams that are hashed side by side; of longer ones models may ask, but none does."""

OPENS, CLOSES = 1, 2
"""What a segment of the listed characters has of its word: the beginning, the end."""

CACHE_BYTES: Final = 1 << 25
"""Of words and their sums, at most; touched only as words come."""

FEWEST_PAIRS: Final = 128

PENDING: Final = 64
"""Words that are found before the first of them is added, so that what is remembered of them comes from memory."""

FEW_EDGES: Final = 12
"""Of words in a window: most have fewer."""

_KEPT_BYTES: Final = (np.arange(WINDOW) < np.arange(WINDOW + 1)[:, None]).astype(np.uint8) * np.uint8(0xFF)
KEPT: Final = np.ascontiguousarray(_KEPT_BYTES).view(np.uint64).reshape(-1)
"""Four for each size: a word of so many bytes in its window, and nothing of what follows it."""


class Scratch(NamedTuple):
    """What the kernel writes to: the word n-grams that are open, the words that it remembers and their sums, and the
    nodes or labels that are looked at.

    Words are remembered in pairs by the upper bits of their hash. A pair has three rows of `sums`: in the first its two
    words, of four 64-bit numbers each, highest in 7 bits the number of a word's rows + 1, and UPPER_LAST; then their
    sums. So they are in one page.

    Kept from call to call for the same model: what is remembered is what would be computed anew.
    """

    running: np.ndarray  # uint64, hashes
    sums: np.ndarray  # float32, (3 pairs + 1 + PENDING, width): three for each pair, of the text, of the words to add
    known: np.ndarray  # uint64, the same memory: each pair's first row has its words
    edges: np.ndarray  # int64, where words begin and end
    pending: np.ndarray  # uint64, eight for each word that is still to be added: bytes, hash, start, size
    letters: np.ndarray  # uint8, the same memory
    places: np.ndarray  # int64, where each of these words is remembered or may be
    at: np.ndarray  # int64, where the sum of each of these words is
    found: np.ndarray  # int64, and of how many rows; -1 for a label, which is no text
    missed: np.ndarray  # int64, which of them are not remembered
    others: np.ndarray  # int64, which of those are long or no UTF-8
    window: np.ndarray  # uint8, the last bytes of a buffer and zeros
    codes: np.ndarray  # uint32, listed characters: their bytes, the first the lowest
    buckets: np.ndarray  # uint32, maxn times the codes: of the n-grams that begin with each, by length
    offsets: np.ndarray  # int64, of the n-grams of a group in these, from the first that it ends with
    masks: np.ndarray  # uint64, two for each group: which of them are listed, and how many are before
    segments: np.ndarray  # int64, four each: of which word, where its n-grams end from and to, OPENS and CLOSES
    rows: np.ndarray  # int64, of n-grams that are still to be added
    ranks: np.ndarray  # int64, how many of those before have a row of their own
    nodes: np.ndarray  # int64
    reached: np.ndarray  # float32
    names: np.ndarray  # int64, a heap of one more than the labels that are asked for
    values: np.ndarray  # float32


def make_scratch(tables: Any, top_k: int) -> Scratch:
    """Room for any number of texts."""
    width, pairs = tables.matrix.shape[1], FEWEST_PAIRS
    longest = tables.maxn if 0 < tables.maxn <= LONGEST_NGRAM else 0
    while pairs * 2 * 12 * width <= CACHE_BYTES:
        pairs *= 2
    sums = zeros((3 * pairs + 1 + PENDING, width), np.float32)
    room = ROOM + 4 * longest + 2 * WINDOW
    pending = zeros((8 * PENDING,), np.uint64)
    return Scratch(
        np.zeros(tables.word_ngrams - 1, np.uint64),
        sums,
        sums.reshape(-1).view(np.uint64),
        np.zeros(2 * PENDING + 2 * WINDOW, np.int64),
        pending,
        pending.view(np.uint8),
        np.zeros(PENDING, np.int64),
        np.zeros(PENDING, np.int64),
        np.zeros(PENDING, np.int64),
        np.zeros(PENDING, np.int64),
        np.zeros(PENDING, np.int64),
        np.zeros(2 * WINDOW, np.uint8),
        np.zeros(room, np.uint32),
        np.zeros(max(longest, 1) * room, np.uint32),
        np.array(_offsets(range(max(tables.minn, 1), longest + 1), room), np.int64),
        np.zeros(2 * room, np.uint64),
        np.zeros(4 * PENDING, np.int64),
        np.zeros(room * max(longest, 1), np.int64),
        np.zeros(room * max(longest, 1) + 1, np.int64),
        np.zeros(2 * len(tables.output), np.int64),
        np.zeros(2 * len(tables.output), np.float32),
        np.zeros(top_k + 1, np.int64),
        np.zeros(top_k + 1, np.float32),
    )


def _offsets(sizes: range, room: int) -> list[int]:
    """Places of the n-grams of a group, by where they end: as many ends as 64 bits hold."""
    return [(size - 1) * room + end + 1 - size for end in range(64 // max(len(sizes), 1)) for size in sizes]


def with_top_k(scratch: Scratch, top_k: int) -> Scratch:
    """The same room for another number of labels."""
    if len(scratch.names) == top_k + 1:
        return scratch
    return scratch._replace(names=np.zeros(top_k + 1, np.int64), values=np.zeros(top_k + 1, np.float32))


@inlined
def _fnv(value: Any, byte: Any) -> Any:
    """FNV-1a as fastText has it: bytes from 0x80 on are sign-extended."""
    return uint32((uint32(value) ^ uint32(int32(int8(byte)))) * uint32(FNV_PRIME))


@inlined
def _slot_hash(first: Any, second: Any, third: Any, fourth: Any, size: Any) -> Any:
    """Hash of a word by its first 32 bytes and its length; the upper bits are the better ones."""
    value = (first ^ uint64(size)) * uint64(MIXER) + second * uint64(MIXERS[0])
    value += third * uint64(MIXERS[1]) + fourth * uint64(MIXERS[2])
    return (value ^ (value >> uint64(32))) * uint64(MIXER)


@inlined
def _look(data: Any, start: Any) -> Any:
    """The WINDOW bytes from `start` on."""
    return (
        load8(data, start),
        load8(data, start + uint64(8)),
        load8(data, start + uint64(16)),
        load8(data, start + uint64(24)),
    )


@inlined
def _window(data: Any, start: Any, end: Any, window: Any) -> Any:
    """As `_look`; near the end of the buffer the bytes up to `end` and zeros."""
    if start + WINDOW <= data.size:
        return _look(data, uint64(start))
    for place in range(WINDOW):
        window[place] = data[start + place] if start + place < end else uint8(0)
    return _look(window, uint64(0))


@kernel
def _same(spelled: Any, first: Any, data: Any, start: Any, size: Any) -> Any:
    place = 0
    while place < size and spelled[first + place] == data[start + place]:
        place += 1
    return place == size


@kernel
def fill_slots(slots: Any, likely: Any, shift: Any, starts: Any, spelled: Any, window: Any) -> None:
    """Enter the words spelled[starts[i]:starts[i + 1]] in empty tables; the last of equal ones counts."""
    mask = uint64(slots.size - 1)
    for entry in range(starts.size - 1):
        start, size = starts[entry], starts[entry + 1] - starts[entry]
        first, second, third, fourth = _window(spelled, start, start + size, window)
        kept = 4 * min(size, WINDOW)
        first, second = first & KEPT[kept], second & KEPT[kept + 1]
        third, fourth = third & KEPT[kept + 2], fourth & KEPT[kept + 3]
        hashed = _slot_hash(first, second, third, fourth, size)
        likely[hashed >> uint64(shift + 6)] |= uint64(1) << ((hashed >> uint64(shift)) & uint64(63))
        slot = (hashed >> uint64(32)) & mask
        while slots[slot] >= 0:
            other = starts[slots[slot]]
            if starts[slots[slot] + 1] - other == size and _same(spelled, other, spelled, start, size):
                break
            slot = (slot + uint64(1)) & mask
        slots[slot] = entry


@kernel
def _find_entry(data: Any, start: Any, size: Any, hashed: Any, slots: Any, starts: Any, spelled: Any) -> Any:
    """Number of a word or label in the dictionary, or -1."""
    mask = uint64(slots.size - 1)
    slot = (hashed >> uint64(32)) & mask
    while slots[slot] >= 0:
        first = starts[slots[slot]]
        if starts[slots[slot] + 1] - first == size and _same(spelled, first, data, start, size):
            return int64(slots[slot])
        slot = (slot + uint64(1)) & mask
    return int64(-1)


@kernel
def _is_label(data: Any, start: Any, size: Any) -> Any:
    """Whether a word begins with `__label__`."""
    prefix = b"__label__"
    place = 0
    while place < min(size, len(prefix)) and data[start + place] == prefix[place]:
        place += 1
    return place == len(prefix)


@inlined
def _add_rows(target: Any, row: Any, source: Any, rows: Any, first: Any, count: Any) -> None:
    for column in range(0, source.shape[1], LANES):
        add_lanes(target, row, source, rows, first, count, column)


@inlined
def _add_row(target: Any, row: Any, source: Any, source_row: Any, rows: Any) -> None:
    rows[0] = source_row
    _add_rows(target, row, source, rows, 0, 1)


@inlined
def _bucket_of(hashed: Any, buckets: Any, magic: Any, shift: Any) -> Any:
    """Remainder of a hash by multiplication: the quotient is rounded down, so it may be one too small."""
    bucket = uint64(hashed) - ((uint64(hashed) * uint64(magic)) >> uint64(shift)) * uint64(buckets)
    return bucket - uint64(buckets) if bucket >= uint64(buckets) else bucket


@inlined
def _is_kept(bucket: Any, tables: Any) -> Any:
    """1 for a bucket that has a row; 0 for others, and for the number of buckets, which stands for none."""
    if tables.blocks.size == 0:
        return uint64(bucket != uint64(tables.buckets))
    return (tables.blocks[bucket >> uint64(5)] >> (bucket & uint64(31))) & uint64(1)


@inlined
def _row_of(bucket: Any, tables: Any) -> Any:
    """Row of a bucket that has one."""
    if tables.blocks.size == 0:
        return int64(tables.words + int64(bucket))
    block = tables.blocks[bucket >> uint64(5)]
    # kept buckets from this one to the end of its block, so those before it
    after = count_ones((block & uint64(0xFFFFFFFF)) >> (bucket & uint64(31)))
    return int64(tables.words + int64(block >> uint64(32)) - int64(after))


@inlined
def _name_rows(rows: Any, listed: Any, ranks: Any, tables: Any) -> None:
    """Put the rows of listed buckets in their place and ask for them; before each, how many of them have one.

    For those that have none it is the last row of the matrix, of zeros.
    """
    width, zero, kept = uint64(tables.matrix.shape[1]), int64(tables.matrix.shape[0] - 1), uint64(0)
    for place in range(listed):
        bucket = uint64(rows[place])
        there = _is_kept(bucket, tables)
        found = _row_of(bucket, tables) if there else zero
        rows[place], ranks[place] = found, int64(kept)
        fetch(tables.matrix, uint64(found) * width)
        kept += there
    ranks[listed] = int64(kept)


@inlined
def _add_listed(sums: Any, row: Any, listed: Any, tables: Any, scratch: Any) -> Any:
    """Add the rows of the listed buckets that have one and return how many there are."""
    _name_rows(scratch.rows, listed, scratch.ranks, tables)
    _add_rows(sums, row, tables.matrix, scratch.rows, 0, int64(listed))
    return scratch.ranks[listed]


@kernel
def _add_any_ngrams(sums: Any, row: Any, data: Any, start: Any, end: Any, tables: Any, scratch: Any) -> Any:
    """Add the rows of the character n-grams of `<word>`, whatever its bytes are, and return how many there are."""
    rows, found, listed, room = scratch.rows, int64(0), uint64(0), uint64(scratch.rows.size)
    for place in range(start - 1, end):  # start - 1 is where the `<` would be
        first = uint32(60) if place < start else uint32(data[place])
        if first & uint32(0xC0) == uint32(0x80):
            continue
        hashed = _fnv(uint32(FNV_BASIS), first)
        after, length = place + 1, 1
        while True:
            while after < end and data[after] & 0xC0 == 0x80:
                hashed = _fnv(hashed, data[after])
                after += 1
            if length >= tables.minn and (length > 1 or place >= start):
                bucket = _bucket_of(hashed, tables.buckets, tables.magic, tables.shift)
                rows[listed] = int64(bucket)
                listed += uint64(1)
            if length >= tables.maxn or after > end:
                break
            hashed = _fnv(hashed, data[after] if after < end else 62)  # `>` ends the word
            after += 1
            length += 1
            if listed >= room:
                found += _add_listed(sums, row, listed, tables, scratch)
                listed = uint64(0)
    return found + _add_listed(sums, row, listed, tables, scratch)


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
def _passes(bucket: Any, tables: Any) -> Any:
    """0 for a bucket that surely has no row, else 1."""
    if tables.sieve.size == 0:
        return uint64(bucket != uint32(tables.buckets))
    place = uint64(bucket) & uint64(64 * tables.sieve.size - 1)
    return (tables.sieve[place >> uint64(6)] >> (place & uint64(63))) & uint64(1)


@inlined
def _sift(buckets: Any, group: Any, offsets: Any, tables: Any) -> Any:
    """A bit for each n-gram of a group that may have a row, the first the lowest."""
    found, place = uint64(0), uint64(offsets.size)
    if tables.maxn - max(tables.minn, 1) == 2:  # as below, three at a time
        while place:
            place -= uint64(3)
            last = _passes(buckets[uint64(group + offsets[place + uint64(2)])], tables)
            middle = _passes(buckets[uint64(group + offsets[place + uint64(1)])], tables)
            first = _passes(buckets[uint64(group + offsets[place])], tables)
            found = (found << uint64(3)) | (last << uint64(2)) | (middle << uint64(1)) | first
        return found
    while place:
        place -= uint64(1)
        found = (found << uint64(1)) | _passes(buckets[uint64(group + offsets[place])], tables)
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
def _add_segments(scratch: Any, tables: Any, listed: Any, bits: Any, count: Any) -> None:
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
    _name_rows(rows, passed, scratch.ranks, tables)
    for number in range(count):
        at = 4 * number
        word = segments[at]
        first = _listed_before(segments[at + 1] - tables.maxn, ends, sizes, masks)
        stop = _listed_before(segments[at + 2] - tables.maxn, ends, sizes, masks)
        _add_rows(scratch.sums, scratch.sums.shape[0] - PENDING + word, tables.matrix, rows, first, stop - first)
        scratch.found[word] += scratch.ranks[stop] - scratch.ranks[first]


@inlined
def _listed_before(end: Any, ends: Any, sizes: Any, masks: Any) -> Any:
    """How many of the n-grams that end before a place are listed."""
    group = uint64(end) // uint64(ends)
    before = (uint64(end) - group * uint64(ends)) * uint64(sizes)
    mask = masks[uint64(2) * group] & ((uint64(1) << before) - uint64(1))
    return int64(masks[uint64(2) * group + uint64(1)] + count_ones(mask))


@inlined
def _most_codes(codes: Any, tables: Any) -> Any:
    """Characters that may be listed; blocks of n-grams and windows of bytes reach further."""
    return codes.size - tables.maxn - 2 * WINDOW


@inlined
def _segment(segments: Any, number: Any, word: Any, first: Any, stop: Any, whole: Any) -> Any:
    at = 4 * number
    segments[at], segments[at + 1], segments[at + 2], segments[at + 3] = word, first, stop, whole
    return number + 1


@kernel
def _add_long_word(data: Any, start: Any, size: Any, word: Any, tables: Any, scratch: Any) -> Any:
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
        if done < size and at + WINDOW >= _most_codes(codes, tables):
            _segment(scratch.segments, 0, word, first, at, opens)
            _add_segments(scratch, tables, at, bits, 1)
            for place in range(tables.maxn):
                codes[place + 1] = codes[at - tables.maxn + place]
            first, opens = tables.maxn + 1, 0
            at = first
    codes[at] = 62
    _segment(scratch.segments, 0, word, first, at + 1, opens | CLOSES)
    _add_segments(scratch, tables, at + 1, bits, 1)
    return covered == size


@kernel
def _word_hash(data: Any, start: Any, end: Any) -> Any:
    """fastText's hash of a word, sign-extended as it enters the hash of a word n-gram."""
    hashed = uint32(FNV_BASIS)
    for place in range(start, end):
        hashed = _fnv(hashed, data[place])
    return uint64(int64(int32(hashed)))


@kernel
def _add_word_ngrams(target: Any, row: Any, hashed: Any, words: Any, tables: Any, running: Any, rows: Any) -> Any:
    """Add the rows of the word n-grams that end with the word number `words` of the text."""
    found, window = 0, running.size
    for back in range(1, min(window, words) + 1):
        at = (words - back) % window
        running[at] = uint64(running[at] * uint64(WORD_NGRAM) + hashed)
        bucket = running[at] % uint64(tables.buckets)
        if _is_kept(bucket, tables):
            _add_row(target, row, tables.matrix, _row_of(bucket, tables), rows)
            found += 1
    running[words % window] = hashed
    return found


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
        entry = _find_entry(data, start, size, hashed, tables.slots, tables.entry_starts, tables.entry_bytes)
    scratch.found[word] = 0
    if entry >= tables.words or (entry < 0 and _is_label(data, start, size)):
        scratch.found[word] = -1
        return False
    if entry >= 0:
        _add_row(sums, row, tables.matrix, entry, scratch.rows)
        scratch.found[word] = 1
    return tables.maxn >= max(tables.minn, 1) and tables.buckets > 0


@inlined
def _list_word(word: Any, codes: Any, at: Any, scratch: Any) -> Any:
    """As `_list_window`, for a word of less than WINDOW bytes."""
    place = uint64(word) << uint64(3)
    size = int64(scratch.pending[place + uint64(6)])
    ored = scratch.pending[place] | scratch.pending[place + uint64(1)]
    ored |= scratch.pending[place + uint64(2)] | scratch.pending[place + uint64(3)]
    if ored & uint64(0x8080808080808080):
        return _list_window(scratch.letters, int64(place) << 3, size, codes, at)
    widen(scratch.letters, int64(place) << 3, codes, at)
    return at + size, size, uint64(0)


@kernel
def _sum_up(data: Any, missed: Any, tables: Any, scratch: Any) -> None:
    """Make the sums of the words that are not remembered, those of short words side by side."""
    codes, segments, pending = scratch.codes, scratch.segments, scratch.pending
    at, bits, listed, others = tables.maxn, uint64(0), 0, 0
    for number in range(missed):
        word = scratch.missed[number]
        if not _start_word(data, word, tables, scratch):
            continue
        size = int64(pending[(uint64(word) << uint64(3)) + uint64(6)])
        if listed and at + size + 2 >= _most_codes(codes, tables):
            _add_segments(scratch, tables, at, bits, listed)
            at, bits, listed = tables.maxn, uint64(0), 0
        good = size <= REMEMBERED_BYTES and tables.maxn <= LONGEST_NGRAM
        if good:
            codes[at] = 60
            after, covered, seen = _list_word(word, codes, at + 1, scratch)
            good = covered == size
            if good:
                codes[after] = 62
                listed = _segment(segments, listed, word, at + 1, after + 1, OPENS | CLOSES)
                at, bits = after + 1, bits | seen
        if not good:
            scratch.others[others] = word
            others += 1
    if listed:
        _add_segments(scratch, tables, at, bits, listed)
    for number in range(others):
        word = scratch.others[number]
        place = uint64(word) << uint64(3)
        start, size = int64(pending[place + uint64(5)]), int64(pending[place + uint64(6)])
        if tables.maxn > LONGEST_NGRAM or not _add_long_word(data, start, size, word, tables, scratch):
            _start_word(data, word, tables, scratch)
            row = scratch.sums.shape[0] - PENDING + word
            scratch.found[word] += _add_any_ngrams(scratch.sums, row, data, start, start + size, tables, scratch)


@inlined
def _differs(known: Any, place: Any, first: Any, second: Any, third: Any, fourth: Any) -> Any:
    """0 if these are the bytes of a remembered word, whatever the number of its rows."""
    found = (known[place] ^ first) | (known[place + uint64(1)] ^ second) | (known[place + uint64(2)] ^ third)
    return found | ((known[place + uint64(3)] ^ fourth) << uint64(8))


@inlined
def _find_edges(data: Any, place: Any, end: Any, opened: Any, scratch: Any) -> Any:
    """List where words begin and end in the next windows of a text; how many places, and the one to go on from.

    `opened` is where a word began that has not ended yet, or -1. No branch depends on how many there are, but for
    windows of very many.
    """
    edges, window = scratch.edges, scratch.window
    edges[0] = opened
    count, before = uint64(opened >= 0), uint32(opened >= 0)
    while place < end and count <= uint64(2 * PENDING - WINDOW):
        if place + WINDOW <= data.size:
            inside = ~separators(data, uint64(place))
        else:
            for at in range(WINDOW):
                window[at] = data[place + at] if place + at < end else uint8(0)
            inside = ~separators(window, uint64(0))
        inside &= uint32((uint64(1) << uint64(min(end - place, WINDOW))) - uint64(1))
        changes = inside ^ ((inside << uint32(1)) | before)
        before, more, at = inside >> uint32(31), count + uint64(ones_in(changes)), count
        while True:
            for _ in range(FEW_EDGES):
                edges[at] = place + int64(first_one(changes))
                changes &= changes - uint32(1)
                at += uint64(1)
            if at >= more:
                break
        count = more
        place += WINDOW
    if place >= end and count & uint64(1):
        edges[count] = end
        count += uint64(1)
    return count, min(place, end)


@inlined
def _list_words(data: Any, words: Any, end: Any, shift: Any, scratch: Any) -> Any:
    """List the words between edges, and ask for what is remembered of them; how many are before an end of line."""
    pending, edges = scratch.pending, scratch.edges
    for word in range(words):
        start = edges[uint64(2) * word]
        size = uint64(edges[uint64(2) * word + uint64(1)] - start)
        first, second, third, fourth = _window(data, start, end, scratch.window)
        kept = min(size, uint64(WINDOW)) << uint64(2)
        first, second = first & KEPT[kept], second & KEPT[kept + uint64(1)]
        third, fourth = third & KEPT[kept + uint64(2)], fourth & KEPT[kept + uint64(3)]
        if size == uint64(4) and first == uint64(END_OF_LINE):
            return word
        hashed = _slot_hash(first, second, third, fourth, size)
        fetch(scratch.sums, uint64(3) * (hashed >> uint64(shift)) * uint64(scratch.sums.shape[1]))
        at = word << uint64(3)
        pending[at], pending[at + uint64(1)] = first, second
        pending[at + uint64(2)], pending[at + uint64(3)] = third, fourth
        pending[at + uint64(4)], pending[at + uint64(5)], pending[at + uint64(6)] = hashed, uint64(start), size
    return words


@inlined
def _recall(listed: Any, shift: Any, scratch: Any) -> Any:
    """Note where the sums of the listed words are or will be, and ask for them; how many words are not remembered."""
    pending, known, width = scratch.pending, scratch.known, uint64(scratch.sums.shape[1])
    fresh, missed = uint64(scratch.sums.shape[0] - PENDING), uint64(0)
    for word in range(listed):
        place = word << uint64(3)
        first, second = pending[place], pending[place + uint64(1)]
        third, fourth = pending[place + uint64(2)], pending[place + uint64(3)]
        row = uint64(3) * (pending[place + uint64(4)] >> uint64(shift))
        words = row * (width >> uint64(1))
        upper = _differs(known, words + uint64(4), first, second, third, fourth) == 0
        lower = _differs(known, words, first, second, third, fourth) == 0
        there = (upper | lower) & (pending[place + uint64(6)] <= uint64(REMEMBERED_BYTES))
        facts = words + uint64(3)
        last = upper if there else known[facts] >= UPPER_LAST
        known[facts] = (known[facts] & (UPPER_LAST - uint64(1))) | (UPPER_LAST if last else uint64(0))
        scratch.found[word] = int64((known[facts + (uint64(upper) << uint64(2))] >> uint64(56)) & uint64(127)) - 1
        at = row + uint64(1) + uint64(upper if there else not last)
        fetch(scratch.sums, at * width)
        scratch.places[word] = int64(at)
        scratch.at[word] = int64(at if there else fresh + word)
        scratch.missed[missed] = int64(word)
        missed += uint64(not there)
    return int64(missed)


@inlined
def _remember(missed: Any, shift: Any, scratch: Any) -> None:
    """Keep the sums that were made in the places of their pairs that were not used last.

    They count as used once they are used again: words that do not come back then take the place of each other.
    """
    pending, known, sums = scratch.pending, scratch.known, scratch.sums
    for number in range(missed):
        word = uint64(scratch.missed[number])
        place, found = word << uint64(3), scratch.found[word]
        if pending[place + uint64(6)] > uint64(REMEMBERED_BYTES) or found >= MOST_ROWS:
            continue
        at = uint64(scratch.places[word])
        for column in range(0, sums.shape[1], LANES):
            copy_lanes(sums, int64(at), scratch.at[word], column)
        row = uint64(3) * (pending[place + uint64(4)] >> uint64(shift))
        to = row * uint64(sums.shape[1] >> 1) + ((at - row - uint64(1)) << uint64(2))
        known[to], known[to + uint64(1)] = pending[place], pending[place + uint64(1)]
        known[to + uint64(2)] = pending[place + uint64(2)]
        facts = pending[place + uint64(3)] | (uint64(found + 1) << uint64(56))
        known[to + uint64(3)] = facts | (known[to + uint64(3)] & UPPER_LAST)


@inlined
def _add_words(listed: Any, words: Any, data: Any, tables: Any, scratch: Any) -> Any:
    """Add the sums of the listed words, and word n-grams, to that of the text; how many rows, how many words."""
    sums, pending, rows, running = scratch.sums, scratch.pending, scratch.rows, scratch.running
    total = sums.shape[0] - PENDING - 1
    count, texts = 0, uint64(0)
    for word in range(listed):
        found = scratch.found[word]
        if running.size == 0:
            rows[texts] = scratch.at[word]
        elif found >= 0:
            _add_row(sums, total, sums, scratch.at[word], rows)
            start = int64(pending[(word << uint64(3)) + uint64(5)])
            hashed = _word_hash(data, start, start + int64(pending[(word << uint64(3)) + uint64(6)]))
            count += _add_word_ngrams(sums, total, hashed, words, tables, running, rows)
            words += 1
        texts += uint64(found >= 0)
        count += max(found, 0)
    if running.size == 0:
        _add_rows(sums, total, sums, rows, 0, int64(texts))
    return count, words


@kernel
def predict(data: Any, starts: Any, ends: Any, tables: Any, scratch: Any, labels: Any, scores: Any) -> None:
    """Fill in the best labels and their scores, (texts, k), of the texts data[starts[i]:ends[i]]; -1 where none is."""
    running, sums = scratch.running, scratch.sums
    width, total = sums.shape[1], sums.shape[0] - PENDING - 1
    shift = 64 - int64(count_ones(uint64(total // 3 - 1)))  # upper bits of a hash name a pair
    for text in range(starts.size):
        place, end = starts[text], ends[text]
        count, words = 0, 0
        for column in range(width):
            sums[total, column] = 0
        opened = int64(-1)
        while place < end:
            edges, place = _find_edges(data, place, end, opened, scratch)
            opened = scratch.edges[edges - uint64(1)] if edges & uint64(1) else int64(-1)
            listed = _list_words(data, edges >> uint64(1), end, shift, scratch)
            if listed < edges >> uint64(1):
                place = end
            missed = _recall(listed, shift, scratch)
            if missed:
                _sum_up(data, missed, tables, scratch)
            found, words = _add_words(listed, words, data, tables, scratch)
            count += found
            _remember(missed, shift, scratch)
        if tables.end_of_line >= 0:
            _add_row(sums, total, tables.matrix, tables.end_of_line, scratch.rows)
            count += 1
        if running.size:
            hashed = _word_hash(b"</s>", 0, 4)
            count += _add_word_ngrams(sums, total, hashed, words, tables, running, scratch.rows)
        for column in range(width):
            sums[total, column] *= float32(1.0) / float32(max(count, 1))
        best_labels(sums, total, tables, scratch, labels, scores, text, count > 0)
