"""Labels of texts by a fastText model: the compiled kernel, straight on the buffers of an Arrow string array."""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import float32, int8, int32, int64, uint32, uint64

from stages.identify.best import best_labels
from stages.identify.compiled import kernel
from stages.identify.lanes import LANES, add_lanes, count_ones

FNV_BASIS: Final = 2166136261
FNV_PRIME: Final = 16777619
WORD_NGRAM: Final = 116049371
MIXER: Final = 0x9E3779B97F4A7C15
END_OF_LINE: Final = 0x3C2F733E
"""The bytes of `</s>`, which ends a line for fastText wherever it stands."""

REMEMBERED_BYTES: Final = 24
"""Longest word whose sum of rows is remembered: three 64-bit numbers hold its bytes."""

CACHE_BYTES: Final = 1 << 20


class Scratch(NamedTuple):
    """What the kernel writes to: the word n-grams that are open, the words that it remembers and their sums, and the
    nodes or labels that are looked at."""

    running: np.ndarray  # uint64, hashes
    known: np.ndarray  # uint64, (places, 4): the bytes of a word; its length and the number of its rows + 1
    sums: np.ndarray  # float32, (places + 2, width): of the remembered words, of the text, of a word too long for that
    rows: np.ndarray  # int64, of n-grams that are still to be added
    nodes: np.ndarray  # int64
    reached: np.ndarray  # float32
    names: np.ndarray  # int64, a heap of one more than the labels that are asked for
    values: np.ndarray  # float32


def make_scratch(tables: Any, text_bytes: int, top_k: int) -> Scratch:
    """Room for a call that reads so many bytes: a word that it remembers is worth its place from the second time on."""
    width, places = tables.matrix.shape[1], 256
    while places * 8 * width <= CACHE_BYTES and places * 8 < text_bytes:
        places *= 2
    return Scratch(
        np.zeros(tables.word_ngrams - 1, np.uint64),
        np.zeros((places, 4), np.uint64),
        np.zeros((places + 2, width), np.float32),
        np.zeros(1024, np.int64),
        np.zeros(2 * len(tables.output), np.int64),
        np.zeros(2 * len(tables.output), np.float32),
        np.zeros(top_k + 1, np.int64),
        np.zeros(top_k + 1, np.float32),
    )


@kernel
def _separates(byte: Any) -> Any:
    """Whether fastText ends a word here; a line feed, which ends its line, counts as a space."""
    return byte <= 32 and (byte == 32 or (9 <= byte <= 13) or byte == 0)


@kernel
def _fnv(value: Any, byte: Any) -> Any:
    """FNV-1a as fastText has it: bytes from 0x80 on are sign-extended."""
    return uint32((uint32(value) ^ uint32(int32(int8(byte)))) * uint32(FNV_PRIME))


@kernel
def _slot_hash(low: Any, middle: Any, high: Any, size: Any) -> Any:
    """Hash of a word by its last 24 bytes and its length."""
    value = uint64((low ^ uint64(size)) * uint64(MIXER))
    value = uint64((value ^ (value >> uint64(29)) ^ middle) * uint64(MIXER))
    value = uint64((value ^ (value >> uint64(29)) ^ high) * uint64(MIXER))
    return value ^ (value >> uint64(32))


@kernel
def _same(spelled: Any, first: Any, data: Any, start: Any, size: Any) -> Any:
    place = 0
    while place < size and spelled[first + place] == data[start + place]:
        place += 1
    return place == size


@kernel
def fill_slots(slots: Any, starts: Any, spelled: Any) -> None:
    """Enter the words spelled[starts[i]:starts[i + 1]] in an empty table; the last of equal ones counts."""
    mask = uint64(slots.size - 1)
    for entry in range(starts.size - 1):
        low, middle, high = uint64(0), uint64(0), uint64(0)
        start, size = starts[entry], starts[entry + 1] - starts[entry]
        for place in range(start, start + size):
            high = (high << uint64(8)) | (middle >> uint64(56))
            middle = (middle << uint64(8)) | (low >> uint64(56))
            low = (low << uint64(8)) | uint64(spelled[place])
        slot = _slot_hash(low, middle, high, size) & mask
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
    slot = hashed & mask
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


@kernel
def _add_rows(target: Any, row: Any, source: Any, rows: Any, count: Any) -> None:
    for column in range(0, source.shape[1], LANES):
        add_lanes(target, row, source, rows, count, column)


@kernel
def _add_row(target: Any, row: Any, source: Any, source_row: Any, rows: Any) -> None:
    rows[0] = source_row
    _add_rows(target, row, source, rows, 1)


@kernel
def _row_of(hashed: Any, words: Any, buckets: Any, magic: Any, shift: Any, bits: Any, ranks: Any) -> Any:
    """Row of an n-gram by its hash, and 1 if it has one, else any row and 0."""
    # the remainder by multiplication: the quotient is rounded down, so it may be one too small
    bucket = uint64(hashed) - ((uint64(hashed) * uint64(magic)) >> uint64(shift)) * uint64(buckets)
    if bucket >= uint64(buckets):
        bucket -= uint64(buckets)
    if bits.size == 0:
        return words + int64(bucket), 1
    block = bits[bucket >> uint64(6)] >> (bucket & uint64(63))
    # kept buckets from this one to the end of its 64, so those before it
    row = words + int64(ranks[bucket >> uint64(6)]) - int64(count_ones(block))
    return row, int64(block & uint64(1))


@kernel
def _add_ngrams(
    target: Any, row: Any, data: Any, start: Any, end: Any, matrix: Any, bits: Any, ranks: Any, rows: Any, numbers: Any
) -> Any:
    """Add the rows of the character n-grams of `<word>` and return how many there are.

    Rows are listed first and added then, without a branch that depends on which buckets have one.
    """
    words, minn, maxn, buckets, magic, shift = numbers
    found, listed, room = 0, 0, rows.size - maxn
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
                rows[listed], more = _row_of(hashed, words, buckets, magic, shift, bits, ranks)
                listed += more
            if length >= maxn or after > end:
                break
            hashed = _fnv(hashed, data[after] if after < end else 62)  # `>` ends the word
            after += 1
            length += 1
        if listed >= room:
            for column in range(0, matrix.shape[1], LANES):
                add_lanes(target, row, matrix, rows, listed, column)
            found += listed
            listed = 0
    for column in range(0, matrix.shape[1], LANES):
        add_lanes(target, row, matrix, rows, listed, column)
    return found + listed


@kernel
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
        found += _add_ngrams(target, row, data, start, end, tables.matrix, tables.bits, tables.ranks, rows, numbers)
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
        kept, more = _row_of(
            bucket, tables.words, tables.buckets, tables.magic, tables.shift, tables.bits, tables.ranks
        )
        if more:
            _add_row(target, row, tables.matrix, kept, rows)
            found += 1
    running[words % window] = hashed
    return found


@kernel
def predict(data: Any, starts: Any, ends: Any, tables: Any, scratch: Any, labels: Any, scores: Any) -> None:
    """Fill in the best labels and their scores, (texts, k), of the texts data[starts[i]:ends[i]]; -1 where none is."""
    running, known, sums, rows = scratch.running, scratch.known, scratch.sums, scratch.rows
    matrix, places, width = tables.matrix, len(known), sums.shape[1]
    total, spare = places, places + 1
    for text in range(starts.size):
        place, end = starts[text], ends[text]
        count, words = 0, 0
        for column in range(width):
            sums[total, column] = 0
        while True:
            while place < end and _separates(data[place]):
                place += 1
            start = place
            low, middle, high = uint64(0), uint64(0), uint64(0)
            while place < end and not _separates(data[place]):
                high = (high << uint64(8)) | (middle >> uint64(56))
                middle = (middle << uint64(8)) | (low >> uint64(56))
                low = (low << uint64(8)) | uint64(data[place])
                place += 1
            size = place - start
            if size == 0 or (size == 4 and low == uint64(END_OF_LINE)):
                break
            hashed = _slot_hash(low, middle, high, size)
            at = int64((hashed >> uint64(20)) & uint64(places - 1)) if size <= REMEMBERED_BYTES else spare
            if (
                at == spare
                or known[at, 0] != low
                or known[at, 1] != middle
                or known[at, 2] != high
                or known[at, 3] & uint64(0xFF) != uint64(size)
            ):
                for column in range(width):
                    sums[at, column] = 0
                found = _add_word(sums, at, data, start, place, hashed, tables, rows)
                if at != spare:
                    known[at, 0], known[at, 1], known[at, 2] = low, middle, high
                    known[at, 3] = uint64(size) | (uint64(found + 1) << uint64(8))
            else:
                found = int64(known[at, 3] >> uint64(8)) - 1
            if found < 0:
                continue
            count += found
            rows[0] = at
            for column in range(0, width, LANES):
                add_lanes(sums, total, sums, rows, 1, column)
            if running.size:
                count += _add_word_ngrams(sums, total, _word_hash(data, start, place), words, tables, running, rows)
                words += 1
        if tables.end_of_line >= 0:
            _add_row(sums, total, matrix, tables.end_of_line, rows)
            count += 1
        if running.size:
            count += _add_word_ngrams(sums, total, _word_hash(b"</s>", 0, 4), words, tables, running, rows)
        for column in range(width):
            sums[total, column] *= float32(1.0) / float32(max(count, 1))
        best_labels(sums, total, tables, scratch, labels, scores, text, count > 0)
