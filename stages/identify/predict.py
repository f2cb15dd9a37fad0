"""Labels of texts by a fastText model: the compiled kernel, straight on the buffers of an Arrow string array."""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import float32, int8, int32, int64, uint8, uint32, uint64

from stages.identify.best import best_labels
from stages.identify.compiled import inlined, kernel
from stages.identify.lanes import LANES, add_lanes, fetch, separates, zeros
from stages.text.compiled import load8
from stages.text.windows import WINDOW, count_ones, first_one, separators

FNV_BASIS: Final = 2166136261
FNV_PRIME: Final = 16777619
WORD_NGRAM: Final = 116049371
MIXER: Final = 0x9E3779B97F4A7C15
MIXERS: Final = (0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
END_OF_LINE: Final = 0x3E732F3C
"""The bytes of `</s>`, which ends a line for fastText wherever it stands."""

REMEMBERED_BYTES: Final = WINDOW - 1
"""Longest word whose sum of rows is remembered: with the number of its rows it takes four 64-bit numbers."""

MOST_ROWS: Final = 255
"""A word of fewer rows is remembered: one byte holds their number + 1."""

ROWS: Final = 2048
"""Rows that are listed before they are added."""

CACHE_BYTES: Final = 1 << 20
"""Of the sums of words: with their spelling, what most processors have as second level cache."""

FEWEST_PLACES: Final = 256

PENDING: Final = 32
"""Words that are found before the first of them is added, so that what is remembered of them comes from memory."""

_KEPT_BYTES: Final = (np.arange(WINDOW) < np.arange(WINDOW + 1)[:, None]).astype(np.uint8) * np.uint8(0xFF)
KEPT: Final = np.ascontiguousarray(_KEPT_BYTES).view(np.uint64).reshape(-1)
"""Four for each size: a word of so many bytes in its window, and nothing of what follows it."""


class Scratch(NamedTuple):
    """What the kernel writes to: the word n-grams that are open, the words that it remembers and their sums, and the
    nodes or labels that are looked at.

    Kept from call to call for the same model: what is remembered is what would be computed anew.
    """

    running: np.ndarray  # uint64, hashes
    known: np.ndarray  # uint64, four for each place: the bytes of a word and, highest, the number of its rows + 1
    recent: np.ndarray  # uint8, which place of each pair was used last
    sums: np.ndarray  # float32, (places + 2, width): of the remembered words, of the text, of a word too long for that
    pending: np.ndarray  # uint64, eight for each word that is still to be added: bytes, hash, start, size
    window: np.ndarray  # uint8, the last bytes of a buffer and zeros
    rows: np.ndarray  # int64, of n-grams that are still to be added
    nodes: np.ndarray  # int64
    reached: np.ndarray  # float32
    names: np.ndarray  # int64, a heap of one more than the labels that are asked for
    values: np.ndarray  # float32


def make_scratch(tables: Any, top_k: int) -> Scratch:
    """Room for any number of texts."""
    width, places = tables.matrix.shape[1], FEWEST_PLACES
    while places * 8 * width <= CACHE_BYTES:
        places *= 2
    return Scratch(
        np.zeros(tables.word_ngrams - 1, np.uint64),
        zeros((4 * places,), np.uint64),
        np.zeros(places // 2, np.uint8),
        zeros((places + 2, width), np.float32),
        zeros((8 * PENDING,), np.uint64),
        np.zeros(WINDOW, np.uint8),
        np.zeros(ROWS, np.int64),
        np.zeros(2 * len(tables.output), np.int64),
        np.zeros(2 * len(tables.output), np.float32),
        np.zeros(top_k + 1, np.int64),
        np.zeros(top_k + 1, np.float32),
    )


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
    """The separators among the WINDOW bytes from `start` on, and these bytes."""
    return (
        separators(data, start),
        load8(data, start),
        load8(data, start + uint64(8)),
        load8(data, start + uint64(16)),
        load8(data, start + uint64(24)),
    )


@inlined
def _window(data: Any, start: Any, end: Any, window: Any) -> Any:
    """As `_look`; near the end of the buffer the bytes up to `end` and zeros, which separate words."""
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
def fill_slots(slots: Any, starts: Any, spelled: Any, window: Any) -> None:
    """Enter the words spelled[starts[i]:starts[i + 1]] in an empty table; the last of equal ones counts."""
    mask = uint64(slots.size - 1)
    for entry in range(starts.size - 1):
        start, size = starts[entry], starts[entry + 1] - starts[entry]
        _, first, second, third, fourth = _window(spelled, start, start + size, window)
        kept = 4 * min(size, WINDOW)
        first, second = first & KEPT[kept], second & KEPT[kept + 1]
        third, fourth = third & KEPT[kept + 2], fourth & KEPT[kept + 3]
        slot = (_slot_hash(first, second, third, fourth, size) >> uint64(32)) & mask
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
def _add_rows(target: Any, row: Any, source: Any, rows: Any, count: Any) -> None:
    for column in range(0, source.shape[1], LANES):
        add_lanes(target, row, source, rows, count, column)


@inlined
def _add_row(target: Any, row: Any, source: Any, source_row: Any, rows: Any) -> None:
    rows[0] = source_row
    _add_rows(target, row, source, rows, 1)


@inlined
def _bucket_of(hashed: Any, buckets: Any, magic: Any, shift: Any) -> Any:
    """Remainder of a hash by multiplication: the quotient is rounded down, so it may be one too small."""
    bucket = uint64(hashed) - ((uint64(hashed) * uint64(magic)) >> uint64(shift)) * uint64(buckets)
    return bucket - uint64(buckets) if bucket >= uint64(buckets) else bucket


@inlined
def _row_of(bucket: Any, words: Any, bits: Any, ranks: Any) -> Any:
    """Row of a bucket that has one."""
    if bits.size == 0:
        return int64(words + int64(bucket))
    block = bucket >> uint64(6)
    # kept buckets from this one to the end of its 64, so those before it
    return int64(words + int64(ranks[block]) - int64(count_ones(bits[block] >> (bucket & uint64(63)))))


@inlined
def _list_ngram(rows: Any, listed: Any, hashed: Any, counts: Any, bits: Any, numbers: Any) -> Any:
    """List the bucket of an n-gram if it counts; how many are listed, found without a branch."""
    bucket = _bucket_of(hashed, numbers[3], numbers[4], numbers[5])
    fetch(bits, bucket >> uint64(6))
    rows[listed] = int64(bucket)
    return listed + counts


@inlined
def _add_listed(target: Any, row: Any, matrix: Any, words: Any, bits: Any, ranks: Any, rows: Any, listed: Any) -> Any:
    """Add the rows of the listed buckets that have one and return how many there are.

    What is needed of the memory is asked for first, and no branch depends on which buckets have a row.
    """
    kept, width = listed, uint64(matrix.shape[1])
    if bits.size:
        kept = uint64(0)
        for place in range(listed):
            bucket = uint64(rows[place])
            rows[kept] = int64(bucket)
            fetch(ranks, bucket >> uint64(6))
            kept += (bits[bucket >> uint64(6)] >> (bucket & uint64(63))) & uint64(1)
    for place in range(kept):
        found = _row_of(uint64(rows[place]), words, bits, ranks)
        fetch(matrix, uint64(found) * width)
        rows[place] = found
    _add_rows(target, row, matrix, rows, int64(kept))
    return int64(kept)


@inlined
def _add_short_ngrams(
    target: Any, row: Any, data: Any, start: Any, end: Any, matrix: Any, bits: Any, ranks: Any, rows: Any, numbers: Any
) -> Any:
    """As `_add_ngrams` for n-grams of at most 4 characters: those that end with a character grow side by side."""
    words, minn, maxn, _, _, _ = numbers
    pairs, triples, fours = uint64(minn <= 2 <= maxn), uint64(minn <= 3 <= maxn), uint64(maxn >= 4)
    found, listed, room = int64(0), uint64(0), uint64(rows.size - 8)
    place, stop = uint64(start), uint64(end)
    one, two, three = _fnv(uint32(FNV_BASIS), uint32(60)), uint32(0), uint32(0)
    while place < stop and data[place] & 0xC0 == 0x80:
        one = _fnv(one, data[place])
        place += uint64(1)
    second, third = uint64(0), uint64(0)  # 1 where the `<` is that long ago
    while True:
        last = place >= stop
        byte = uint8(62) if last else data[place]
        four, three, two, one = _fnv(three, byte), _fnv(two, byte), _fnv(one, byte), _fnv(uint32(FNV_BASIS), byte)
        place += uint64(1)
        while place < stop and data[place] & 0xC0 == 0x80:
            byte = data[place]
            four, three, two, one = _fnv(four, byte), _fnv(three, byte), _fnv(two, byte), _fnv(one, byte)
            place += uint64(1)
        if minn <= 1 and not last:
            listed = _list_ngram(rows, listed, one, uint64(maxn >= 1), bits, numbers)
        listed = _list_ngram(rows, listed, two, pairs, bits, numbers)
        listed = _list_ngram(rows, listed, three, triples & second, bits, numbers)
        listed = _list_ngram(rows, listed, four, fours & third, bits, numbers)
        second, third = uint64(1), second
        if last:
            break
        if listed >= room:
            found += _add_listed(target, row, matrix, words, bits, ranks, rows, listed)
            listed = uint64(0)
    return found + _add_listed(target, row, matrix, words, bits, ranks, rows, listed)


@kernel
def _add_ngrams(
    target: Any, row: Any, data: Any, start: Any, end: Any, matrix: Any, bits: Any, ranks: Any, rows: Any, numbers: Any
) -> Any:
    """Add the rows of the character n-grams of `<word>` and return how many there are.

    Rows are listed first and added then, without a branch that depends on which buckets have one.
    """
    words, minn, maxn, _, _, _ = numbers
    found, listed, room = int64(0), uint64(0), uint64(rows.size - maxn)
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
            if length >= minn and (length > 1 or place >= start):
                listed = _list_ngram(rows, listed, hashed, uint64(1), bits, numbers)
            if length >= maxn or after > end:
                break
            hashed = _fnv(hashed, data[after] if after < end else 62)  # `>` ends the word
            after += 1
            length += 1
        if listed >= room:
            found += _add_listed(target, row, matrix, words, bits, ranks, rows, listed)
            listed = uint64(0)
    return found + _add_listed(target, row, matrix, words, bits, ranks, rows, listed)


@inlined
def _add_word(target: Any, row: Any, data: Any, start: Any, end: Any, hashed: Any, tables: Any, rows: Any) -> Any:
    """Add the rows of a word and of its n-grams; how many there are, or -1 for a label, which is no text."""
    size = end - start
    entry = _find_entry(data, start, size, hashed, tables.slots, tables.entry_starts, tables.entry_bytes)
    found = 0
    if entry >= tables.words or (entry < 0 and _is_label(data, start, size)):
        return -1
    if entry >= 0:
        _add_row(target, row, tables.matrix, entry, rows)
        found = 1
    if tables.maxn > 0 and tables.buckets > 0:
        numbers = (tables.words, tables.minn, tables.maxn, tables.buckets, tables.magic, tables.shift)
        bits, ranks = tables.bits, tables.ranks
        if tables.maxn <= 4:
            found += _add_short_ngrams(target, row, data, start, end, tables.matrix, bits, ranks, rows, numbers)
        else:
            found += _add_ngrams(target, row, data, start, end, tables.matrix, bits, ranks, rows, numbers)
    return found


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
        if tables.bits.size == 0 or (tables.bits[bucket >> uint64(6)] >> (bucket & uint64(63))) & uint64(1):
            _add_row(target, row, tables.matrix, _row_of(bucket, tables.words, tables.bits, tables.ranks), rows)
            found += 1
    running[words % window] = hashed
    return found


@inlined
def _differs(known: Any, at: Any, first: Any, second: Any, third: Any, fourth: Any) -> Any:
    """0 if these are the bytes of a remembered word, whatever the number of its rows."""
    place = at << uint64(2)
    found = (known[place] ^ first) | (known[place + uint64(1)] ^ second) | (known[place + uint64(2)] ^ third)
    return found | ((known[place + uint64(3)] ^ fourth) << uint64(8))


@inlined
def _find_words(data: Any, place: Any, end: Any, shift: Any, scratch: Any) -> Any:
    """List the next words of a text and ask for what is remembered of them; their number and the place after them."""
    pending, width = scratch.pending, uint64(scratch.sums.shape[1])
    listed = uint64(0)
    while listed < uint64(PENDING):
        while place < end and separates(data[uint64(place)]):
            place += 1
        if place >= end:
            break
        start = place
        breaks, first, second, third, fourth = _window(data, start, end, scratch.window)
        size = min(int64(first_one(breaks)), end - start)
        place = start + size
        if size == WINDOW:
            while place < end and not separates(data[uint64(place)]):
                place += 1
        kept = uint64(size) << uint64(2)
        first, second = first & KEPT[kept], second & KEPT[kept + uint64(1)]
        third, fourth = third & KEPT[kept + uint64(2)], fourth & KEPT[kept + uint64(3)]
        size = place - start
        if size == 4 and first == uint64(END_OF_LINE):
            place = end
            break
        hashed = _slot_hash(first, second, third, fourth, size)
        pair = hashed >> uint64(shift)
        fetch(scratch.known, pair << uint64(3))
        fetch(scratch.sums, (pair << uint64(1)) * width)
        fetch(scratch.sums, ((pair << uint64(1)) + uint64(1)) * width)
        at = listed << uint64(3)
        pending[at], pending[at + uint64(1)] = first, second
        pending[at + uint64(2)], pending[at + uint64(3)] = third, fourth
        pending[at + uint64(4)], pending[at + uint64(5)], pending[at + uint64(6)] = hashed, uint64(start), uint64(size)
        listed += uint64(1)
    return listed, place


@inlined
def _sum_of(data: Any, word: Any, shift: Any, tables: Any, scratch: Any) -> Any:
    """Where the sum of the rows of a listed word is, remembered or made now, and of how many; -1 for a label."""
    pending, known, recent, sums = scratch.pending, scratch.known, scratch.recent, scratch.sums
    place = word << uint64(3)
    first, second = pending[place], pending[place + uint64(1)]
    third, fourth = pending[place + uint64(2)], pending[place + uint64(3)]
    hashed, start, size = pending[place + uint64(4)], int64(pending[place + uint64(5)]), pending[place + uint64(6)]
    remembered = size <= uint64(REMEMBERED_BYTES)
    at = uint64(sums.shape[0] - 1)
    if remembered:
        pair = hashed >> uint64(shift)
        at = pair << uint64(1)
        other = _differs(known, at + uint64(1), first, second, third, fourth) == 0
        if other or _differs(known, at, first, second, third, fourth) == 0:
            at += uint64(other)
            recent[pair] = uint8(other)
            return at, int64(known[(at << uint64(2)) + uint64(3)] >> uint64(56)) - 1
        at += uint64(recent[pair] ^ uint8(1))
        recent[pair] = uint8(at & uint64(1))
    for column in range(sums.shape[1]):
        sums[at, column] = 0
    found = _add_word(sums, int64(at), data, start, start + int64(size), hashed, tables, scratch.rows)
    if remembered:
        place = at << uint64(2)
        # without room for the number of rows no word is remembered
        known[place] = first if found < MOST_ROWS else uint64(0)
        known[place + uint64(1)], known[place + uint64(2)] = second, third
        known[place + uint64(3)] = fourth | (uint64(found + 1) << uint64(56))
    return at, found


@kernel
def predict(data: Any, starts: Any, ends: Any, tables: Any, scratch: Any, labels: Any, scores: Any) -> None:
    """Fill in the best labels and their scores, (texts, k), of the texts data[starts[i]:ends[i]]; -1 where none is."""
    running, sums, rows = scratch.running, scratch.sums, scratch.rows
    places, width = sums.shape[0] - 2, sums.shape[1]
    total = places
    shift = 65 - int64(count_ones(uint64(places - 1)))  # upper bits of a hash name a pair of places
    for text in range(starts.size):
        place, end = starts[text], ends[text]
        count, words = 0, 0
        for column in range(width):
            sums[total, column] = 0
        while place < end:
            listed, place = _find_words(data, place, end, shift, scratch)
            for word in range(listed):
                at, found = _sum_of(data, uint64(word), shift, tables, scratch)
                if found < 0:
                    continue
                count += found
                _add_row(sums, total, sums, int64(at), rows)
                if running.size:
                    start = int64(scratch.pending[(uint64(word) << uint64(3)) + uint64(5)])
                    size = int64(scratch.pending[(uint64(word) << uint64(3)) + uint64(6)])
                    hashed = _word_hash(data, start, start + size)
                    count += _add_word_ngrams(sums, total, hashed, words, tables, running, rows)
                    words += 1
        if tables.end_of_line >= 0:
            _add_row(sums, total, tables.matrix, tables.end_of_line, rows)
            count += 1
        if running.size:
            count += _add_word_ngrams(sums, total, _word_hash(b"</s>", 0, 4), words, tables, running, rows)
        for column in range(width):
            sums[total, column] *= float32(1.0) / float32(max(count, 1))
        best_labels(sums, total, tables, scratch, labels, scores, text, count > 0)
