"""The compiled form of `repetition.repetition_plain`: duplicate lines and paragraphs, repeated n-grams."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numba import int32, int64, uint8, uint64

from stages.quality.ngrams import DUPLICATE_SIZES, TOP_SIZES
from stages.text.arrays import Segments
from stages.text.code_points import (
    MIXER,
    MULTIPLIER,
    characters_in,
    final,
    find_slot,
    hash_bytes,
    hash_step,
    table_size,
    word_hash,
)
from stages.text.compiled import borrowed, inlined, item, kernel, put
from stages.text.lines import after_spaces, before_spaces
from stages.text.memory import room
from stages.text.scan import WordArrays
from stages.text.tables import tables

PARTS: Final = 6
(
    PARAGRAPHS,
    DUPLICATE_PARAGRAPHS,
    DUPLICATE_PARAGRAPH_CHARACTERS,
    LINES,
    DUPLICATE_LINES,
    DUPLICATE_LINE_CHARACTERS,
) = range(PARTS)
SIZES: Final = len(TOP_SIZES) + len(DUPLICATE_SIZES)
_LAST_TOP: Final = TOP_SIZES[-1]
_LAST: Final = DUPLICATE_SIZES[-1]


class Scratch(NamedTuple):
    """Memory of the kernels, for the longest document of a batch."""

    keys: Any  # uint64, a hash table of so many slots as a power of two
    counts: Any  # int32, beside keys
    sieve: Any  # uint8
    places: Any  # int64, for each word
    hashes: Any  # uint64, for each word
    slots: Any  # int64, for each word

    @classmethod
    def for_parts(cls, most: int) -> Self:
        size = 1 << max(6, (2 * most).bit_length())
        return cls(
            room(size, np.uint64),
            room(size, np.int32),
            room(2 * size, np.uint8),
            room(most + 1, np.int64),
            room(most + 1, np.uint64),
            room(most + 1, np.int64),
        )


@inlined
def _clear(keys: Any, size: Any) -> None:
    for slot in range(size):
        keys[slot] = uint64(0)


@inlined
def _longer(value: Any, word: Any) -> Any:
    """The hash of an n-gram with one more word; not 0."""
    value = uint64(uint64(value) * uint64(MIXER) + uint64(word))
    value = uint64(value * uint64(MULTIPLIER))
    return uint64((value ^ (value >> uint64(32))) | uint64(1))


@kernel
def repeat_words(words: Any, first: Any, scratch: Any, found: Any) -> None:
    """Fill `found`, (sizes, documents): characters of the most frequent n-gram of each of `TOP_SIZES`, with its spaces
    and times its count, and of all duplicates of each of `DUPLICATE_SIZES`.

    An n-gram can only repeat where both its (n-1)-grams do, so each size looks at the neighbours among the places that
    the last one left over.
    """
    words, first, scratch, found = borrowed((words, first, scratch, found))
    keys, counts, places, hashes, slots = scratch.keys, scratch.counts, scratch.places, scratch.hashes, scratch.slots
    raws, lengths = words.raw_hashes, words.lengths
    for document in range(first.size - 1):
        begin, end = first[document], first[document + 1]
        for row in range(SIZES):
            found[row, document] = 0
        for size in range(2, min(_LAST_TOP, end - begin) + 1):  # where none repeats the first one is the most frequent
            for word in range(begin, begin + size):
                found[size - 2, document] += item(lengths, word)
            found[size - 2, document] += size - 1
        left = _repeated_pairs(raws, begin, end, scratch)
        for size in range(2, _LAST + 1):
            if size > 2:
                kept = int64(0)
                for number in range(left - 1):
                    place = item(places, number)
                    key = _longer(item(hashes, number), item(raws, place + size - 1))
                    put(places, kept, place)
                    put(hashes, kept, key)
                    kept += int64(item(places, number + 1) == place + 1)
                left = kept
            if left < 2:
                break
            slots_used = table_size(left, keys.size)
            _clear(keys, slots_used)
            for number in range(left):
                key = item(hashes, number)
                slot = find_slot(keys, slots_used - 1, key)
                new = item(keys, slot) == uint64(0)
                put(keys, slot, key)
                put(counts, slot, int32(1) if new else item(counts, slot) + int32(1))
                put(slots, number, slot)
            best, chosen = int64(1), begin
            kept = int64(0)
            for number in range(left):
                slot, place = item(slots, number), item(places, number)
                count = int64(item(counts, slot))
                if count > best:
                    best, chosen = count, place
                put(places, kept, place)
                put(hashes, kept, item(hashes, number))
                put(slots, kept, slot)
                kept += int64(count > 1)
            left = kept
            total = int64(0)
            if size <= _LAST_TOP:
                if best == 1:
                    continue
                for word in range(chosen, chosen + size):
                    total += item(lengths, word)
                total = best * (total + size - 1)
            else:
                free = begin
                for number in range(left):
                    place, slot = item(places, number), item(slots, number)
                    if place < free:
                        continue
                    if item(counts, slot) < 0:  # seen
                        for word in range(place, place + size):
                            total += item(lengths, word)
                        free = place + size
                    put(counts, slot, int32(-1))
            found[size - 2, document] = total


@inlined
def _repeated_pairs(raws: Any, begin: Any, end: Any, scratch: Any) -> Any:
    """Places and hashes of the word pairs that may stand more than once, and how many they are.

    All that do are among them: a sieve of small counters finds most of the others at a fraction of a table's cost.
    """
    sieve, places, hashes = scratch.sieve, scratch.places, scratch.hashes
    size = table_size(2 * (end - begin), sieve.size)
    mask = size - 1
    for slot in range(size):
        sieve[slot] = uint8(0)
    for place in range(begin, end - 1):
        key = _longer(item(raws, place), item(raws, place + 1))
        put(hashes, place - begin, key)
        slot = int64(key >> uint64(24)) & mask
        put(sieve, slot, (item(sieve, slot) << uint8(1)) | uint8(1))  # 1, then 3 and more
    kept = int64(0)
    for place in range(begin, end - 1):
        key = item(hashes, place - begin)
        put(places, kept, place)
        put(hashes, kept, key)
        kept += int64(item(sieve, int64(key >> uint64(24)) & mask) > uint8(1))
    return kept


@inlined
def is_new(keys: Any, mask: Any, key: Any) -> Any:
    """Whether a key is not yet in a table, into which it is put."""
    slot = find_slot(keys, mask, key)
    if keys[slot] != uint64(0):
        return False
    keys[slot] = key
    return True


@kernel
def repeat_lines(data: Any, offsets: Any, lines: Any, first: Any, tables: Any, scratch: Any, found: Any) -> None:
    """Fill `found`, (PARTS, documents), from lines between line feeds; `scratch` has room for them and two more."""
    data, offsets, lines, first, tables = borrowed((data, offsets, lines, first, tables))
    scratch, found = borrowed((scratch, found))
    keys = scratch.keys
    for document in range(first.size - 1):
        begin, end = first[document], first[document + 1]
        start, stop = offsets[document], offsets[document + 1]
        # text that begins or ends with a line break has an empty line there, and an empty text is one
        empty = int64(2) if start == stop else int64(data[start] == 0x0A) + int64(data[stop - 1] == 0x0A)
        total = duplicates = characters = int64(0)
        gaps = False
        slots = table_size(end - begin, keys.size)
        _clear(keys, slots)
        for line in range(begin, end):
            if lines.starts[line] == lines.ends[line]:
                gaps = True
                continue
            total += 1
            if not is_new(keys, slots - 1, lines.hashes[line]):
                duplicates += 1
                characters += lines.lengths[line]
        if start == stop:
            empty = int64(1)
        found[LINES, document] = total + empty
        found[DUPLICATE_LINES, document] = duplicates + int64(empty == 2)
        found[DUPLICATE_LINE_CHARACTERS, document] = characters
        found[PARAGRAPHS, document] = 1
        found[DUPLICATE_PARAGRAPHS, document] = found[DUPLICATE_PARAGRAPH_CHARACTERS, document] = 0
        if gaps:
            _clear(keys, slots)
            start = after_spaces(data, start, stop, tables)
            stop = before_spaces(data, start, stop, tables)
            _repeat_paragraphs(data, start, stop, lines, begin, end, keys, slots - 1, document, found)


@inlined
def _repeat_paragraphs(
    data: Any, start: Any, stop: Any, lines: Any, begin: Any, end: Any, keys: Any, mask: Any, document: Any, found: Any
) -> None:
    """Paragraphs of a text without the white space around it, data[start:stop]: lines without an empty one between.

    A paragraph is known by the hashes of its lines, one after the other.
    """
    total = duplicates = characters = int64(0)
    size, length, hashed = int64(0), int64(0), uint64(0)  # of the paragraph: its lines, characters and hash
    for line in range(begin, end + 1):
        if line == end or lines.starts[line] == lines.ends[line] or lines.starts[line] >= stop:
            if size:
                total += 1
                if not is_new(keys, mask, final(hashed, size)):
                    duplicates += 1
                    characters += length + size - 1
            size, length, hashed = int64(0), int64(0), uint64(0)
        elif lines.ends[line] > start:
            first, last = max(lines.starts[line], start), min(lines.ends[line], stop)
            whole = first == lines.starts[line] and last == lines.ends[line]
            size += 1
            length += int64(lines.lengths[line]) if whole else characters_in(data, first, last)
            hashed = hash_step(hashed, lines.hashes[line] if whole else hash_bytes(data, first, last))
    found[PARAGRAPHS, document] = max(total, 1)
    found[DUPLICATE_PARAGRAPHS, document] = duplicates
    found[DUPLICATE_PARAGRAPH_CHARACTERS, document] = characters


def repeated_parts(segments: Segments) -> np.ndarray:
    """Counts of lines and paragraphs and of duplicates among them: int64[PARTS, documents]."""
    lines, first = segments.lines
    found = np.empty((PARTS, len(segments)), np.int64)
    scratch = Scratch.for_parts(int(segments.line_counts.max(initial=0)) + 2)
    repeat_lines(segments.data, segments.offsets, lines, first, tables(), scratch, found)
    return found


def repeated_words(segments: Segments) -> np.ndarray:
    """Characters of repeated n-grams, as `ngrams.repeated_characters_plain`: int64[SIZES, documents]."""
    first = segments.first_words
    found = np.empty((SIZES, len(segments)), np.int64)
    scratch = Scratch.for_parts(int(segments.word_counts.max(initial=0)) + 1)
    repeat_words(segments.words, first, scratch, found)
    return found


def repeated_characters(words: Sequence[str]) -> list[int]:
    """`ngrams.repeated_characters_plain` by the kernel, for words that are no text's."""
    arrays = WordArrays.of_size(len(words))
    arrays.raw_hashes[:] = [word_hash(word) for word in words]
    arrays.lengths[:] = [len(word) for word in words]
    found = np.empty((SIZES, 1), np.int64)
    repeat_words(arrays, np.array([0, len(words)]), Scratch.for_parts(len(words) + 1), found)
    counted: list[int] = found[:, 0].tolist()
    return counted
