"""The compiled form of `repetition.repetition_plain`: duplicate lines and paragraphs, repeated n-grams."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numba import int32, int64, uint8, uint64

from stages.quality.ngrams import DUPLICATE_SIZES, TOP_SIZES
from stages.text.arrays import Segments
from stages.text.code_points import (
    MIXER,
    characters_in,
    final,
    find_slot,
    hash_bytes,
    hash_step,
    table_size,
    word_hash,
)
from stages.text.compiled import borrowed, inlined, item, kernel, put, unforeseen
from stages.text.lines import after_spaces, before_spaces
from stages.text.memory import room
from stages.text.tables import tables
from stages.text.word_arrays import WordArrays

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
_LOW: Final = (1 << 32) - 1
_MOST: Final = (1 << 31) - 1


class Scratch(NamedTuple):
    """Memory of `repeat_words`, for the longest document of a batch; its words, fewer than 2^31, are counted from 0."""

    table: Any  # int32, a hash table of so many slots as a power of two: a word, counted from 1 beyond a base, or less
    repeats: Any  # int64, ascending: where an n-gram stands that stood before, and in the low half where it stood first
    waiting: Any  # int32: which of these are to be looked up
    heads: Any  # int32, for each word: of the n-gram there that is in the table without its last word
    counts: Any  # int32, for each word: how often the n-gram stands that stood there first
    skipped: Any  # uint8, for each word: the last size at which it lay within a duplicate

    @classmethod
    def for_words(cls, most: int) -> Self:
        table = room(1 << max(4, (4 * most - 1).bit_length()), np.int32)
        table[:] = 0
        waiting, heads, counts = (room(most + 1, np.int32) for _ in range(3))
        return cls(table, room(most + 1, np.int64), waiting, heads, counts, room(most + 1, np.uint8))


@inlined
def next_base(base: Any, total: Any, scratch: Any) -> Any:
    """The base with which the table is empty, after it was used for so many words."""
    base += total
    if base + scratch.counts.size < _MOST:
        return base
    for slot in range(scratch.table.size):
        put(scratch.table, slot, int32(0))
    return int64(0)


@inlined
def _repeat(place: Any, first: Any) -> Any:
    return place << 32 | first


@inlined
def _place(repeat: Any) -> Any:
    return repeat >> 32


@inlined
def _first(repeat: Any) -> Any:
    return repeat & _LOW


@inlined
def _find_repeated_pairs(raws: Any, begin: Any, total: Any, base: Any, scratch: Any) -> Any:
    """Put the pairs of words of a document that stood before in `repeats`; how many they are."""
    table, repeats = scratch.table, scratch.repeats
    mask = table_size(2 * total, table.size) - 1
    left = int64(0)
    one = item(raws, begin) if total else uint64(0)
    for place in range(total - 1):
        two = item(raws, begin + place + 1)
        slot = int64((one * uint64(MIXER) + two) >> uint64(20)) & mask
        while True:
            known = int64(item(table, slot)) - base
            first = max(known, 1) - 1
            other = (item(raws, begin + first) ^ one) | (item(raws, begin + first + 1) ^ two)
            if not unforeseen(other if known > 0 else uint64(0)):
                break
            slot = (slot + 1) & mask
        put(table, slot, int32(base + (known if known > 0 else place + 1)))
        put(repeats, left, _repeat(place, first))
        left += int64(known > 0)
        one = two
    return left


@inlined
def _lengthen(raws: Any, begin: Any, size: Any, left: Any, base: Any, scratch: Any) -> Any:
    """From the repeated n-grams of a size to those with one word more, as `_find_repeated_pairs` leaves them.

    What stood before without its last word and without its first one may have stood before. Most have the same word
    behind them as the first n-gram that they equal without the last, or before them as the one that they equal without
    the first; then it stood first there. The others are looked for among themselves.
    """
    repeats, waiting = scratch.repeats, scratch.waiting
    changed = kept = int64(0)
    repeat = item(repeats, 0)
    for number in range(left - 1):  # nothing begins behind the last one
        following = item(repeats, number + 1)
        place, first, tail = _place(repeat), _first(repeat), _first(following)
        same_last = item(raws, begin + place + size) == item(raws, begin + first + size)
        same_first = (tail > 0) & (item(raws, begin + max(tail, 1) - 1) == item(raws, begin + place))
        put(repeats, kept, _repeat(place, tail - 1) if same_first & ~same_last else repeat)
        put(waiting, changed, int32(kept))
        stood = int64(_place(following) == place + 1)
        changed += stood & ~int64(same_last | same_first)
        kept += stood
        repeat = following
    return _look_up(raws, begin, size, kept, changed, base, scratch) if changed else kept


@inlined
def _look_up(raws: Any, begin: Any, size: Any, left: Any, changed: Any, base: Any, scratch: Any) -> Any:
    """Find where the n-grams of `size` + 1 words that are `waiting` stood first, by the one without its last word and
    that word; drop those that stand there first."""
    table, repeats, waiting, heads = scratch.table, scratch.repeats, scratch.waiting, scratch.heads
    mask = table_size(changed, table.size) - 1
    for at in range(changed):
        number = int64(item(waiting, at))
        repeat = item(repeats, number)
        place, head = _place(repeat), _first(repeat)
        word = item(raws, begin + place + size)
        slot = int64((word + uint64(head) * uint64(MIXER)) >> uint64(20)) & mask
        while True:
            known = int64(item(table, slot)) - base
            first = max(known, 1) - 1
            other = (item(raws, begin + first + size) ^ word) | uint64(int64(item(heads, first)) ^ head)
            if not unforeseen(other if known > 0 else uint64(0)):
                break
            slot = (slot + 1) & mask
        put(table, slot, int32(base + (known if known > 0 else place + 1)))
        put(heads, place, int32(head))
        put(repeats, number, _repeat(place, first if known > 0 else place))
    kept = int64(item(waiting, 0))
    for number in range(kept, left):
        repeat = item(repeats, number)
        put(repeats, kept, repeat)
        kept += int64(_first(repeat) != _place(repeat))
    return kept


@inlined
def _most_frequent(total: Any, left: Any, scratch: Any) -> Any:
    """The count of the most frequent of the repeated n-grams, and where it stood first; of equals the first one."""
    repeats, counts = scratch.repeats, scratch.counts
    for place in range(total):
        put(counts, place, int32(1))
    best = int64(1) << 32
    for number in range(left):
        first = _first(item(repeats, number))
        count = int64(item(counts, first)) + 1
        put(counts, first, int32(count))
        best = max(best, (count << 32) - first)
    count = (best + _LOW) >> 32
    return count, (count << 32) - best


@inlined
def _duplicated(lengths: Any, begin: Any, size: Any, left: Any, scratch: Any) -> Any:
    """Characters of the repeated n-grams of a size that stood before, none of which begins within another one.

    What began within a duplicate was not seen: an n-gram that stood there first is new where it stands again.
    """
    repeats, skipped = scratch.repeats, scratch.skipped
    characters = number = int64(0)
    while number < left:
        place, first = _place(item(repeats, number)), _first(item(repeats, number))
        if int64(item(skipped, first)) == size:
            put(skipped, first, uint8(0))
            number += 1
            continue
        after = place + size
        characters += item(lengths, begin + place)
        for word in range(place + 1, after):
            characters += item(lengths, begin + word)
            put(skipped, word, uint8(size))
        if number + size < left and _place(item(repeats, number + size)) == after:
            number += size
        else:
            number += 1
            while number < left and _place(item(repeats, number)) < after:
                number += 1
    return characters


@kernel
def repeat_words(words: Any, first: Any, scratch: Any, found: Any) -> None:
    """Fill `found`, (sizes, documents): characters of the most frequent n-gram of each of `TOP_SIZES`, with its spaces
    and times its count, and of all duplicates of each of `DUPLICATE_SIZES`."""
    words, first, scratch, found = borrowed((words, first, scratch, found))
    raws, lengths = words.raw_hashes, words.lengths
    base = int64(0)
    for document in range(first.size - 1):
        begin, total = first[document], first[document + 1] - first[document]
        left = _find_repeated_pairs(raws, begin, total, base, scratch)
        for size in range(2, _LAST_TOP + 1):
            if size > 2:
                left = _lengthen(raws, begin, size - 1, left, base, scratch)
            base = next_base(base, total, scratch)
            best, chosen = _most_frequent(total, left, scratch)
            characters = int64(0)
            if total >= size:
                for word in range(chosen, chosen + size):
                    characters += item(lengths, begin + word)
                characters = best * (characters + size - 1)
            found[size - 2, document] = characters
        for word in range(total if left else int64(0)):
            put(scratch.skipped, word, uint8(0))
        for size in range(_LAST_TOP + 1, _LAST + 1):
            left = _lengthen(raws, begin, size - 1, left, base, scratch)
            base = next_base(base, total, scratch)
            found[size - 2, document] = _duplicated(lengths, begin, size, left, scratch)


@inlined
def clear(keys: Any, size: Any) -> None:
    """Empty so many slots of a table."""
    for slot in range(size):
        put(keys, slot, uint64(0))


@inlined
def is_new(keys: Any, mask: Any, key: Any) -> Any:
    """Whether a key is not yet in a table, into which it is put."""
    slot = find_slot(keys, mask, key)
    if item(keys, slot) != uint64(0):
        return False
    put(keys, slot, key)
    return True


@kernel
def repeat_lines(data: Any, offsets: Any, lines: Any, first: Any, tables: Any, keys: Any, found: Any) -> None:
    """Fill `found`, (PARTS, documents), from lines between line feeds; `keys` has room for those of each document."""
    data, offsets, lines, first, tables = borrowed((data, offsets, lines, first, tables))
    keys, found = borrowed((keys, found))
    for document in range(first.size - 1):
        begin, end = first[document], first[document + 1]
        start, stop = offsets[document], offsets[document + 1]
        # text that begins or ends with a line break has an empty line there, and an empty text is one
        empty = int64(2) if start == stop else int64(data[start] == 0x0A) + int64(data[stop - 1] == 0x0A)
        total = duplicates = characters = int64(0)
        gaps = False
        slots = table_size(end - begin, keys.size)
        clear(keys, slots)
        for line in range(begin, end):
            if item(lines.starts, line) == item(lines.ends, line):
                gaps = True
                continue
            total += 1
            if not is_new(keys, slots - 1, item(lines.hashes, line)):
                duplicates += 1
                characters += item(lines.lengths, line)
        if start == stop:
            empty = int64(1)
        found[LINES, document] = total + empty
        found[DUPLICATE_LINES, document] = duplicates + int64(empty == 2)
        found[DUPLICATE_LINE_CHARACTERS, document] = characters
        found[PARAGRAPHS, document] = 1
        found[DUPLICATE_PARAGRAPHS, document] = found[DUPLICATE_PARAGRAPH_CHARACTERS, document] = 0
        if gaps:
            clear(keys, slots)
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
        if line == end or item(lines.starts, line) == item(lines.ends, line) or item(lines.starts, line) >= stop:
            if size:
                total += 1
                if not is_new(keys, mask, final(hashed, size)):
                    duplicates += 1
                    characters += length + size - 1
            size, length, hashed = int64(0), int64(0), uint64(0)
        elif item(lines.ends, line) > start:
            first, last = max(item(lines.starts, line), start), min(item(lines.ends, line), stop)
            whole = first == item(lines.starts, line) and last == item(lines.ends, line)
            size += 1
            length += int64(item(lines.lengths, line)) if whole else characters_in(data, first, last)
            hashed = hash_step(hashed, item(lines.hashes, line) if whole else hash_bytes(data, first, last))
    found[PARAGRAPHS, document] = max(total, 1)
    found[DUPLICATE_PARAGRAPHS, document] = duplicates
    found[DUPLICATE_PARAGRAPH_CHARACTERS, document] = characters


def repeated_parts(segments: Segments) -> np.ndarray:
    """Counts of lines and paragraphs and of duplicates among them: int64[PARTS, documents]."""
    lines, first = segments.lines
    found = np.empty((PARTS, len(segments)), np.int64)
    keys = room(1 << max(4, (2 * int(segments.line_counts.max(initial=0))).bit_length()), np.uint64)
    repeat_lines(segments.data, segments.offsets, lines, first, tables(), keys, found)
    return found


def repeated_words(segments: Segments) -> np.ndarray:
    """Characters of repeated n-grams, as `ngrams.repeated_characters_plain`: int64[SIZES, documents]."""
    first = segments.first_words
    found = np.empty((SIZES, len(segments)), np.int64)
    scratch = Scratch.for_words(int(segments.word_counts.max(initial=0)))
    repeat_words(segments.words, first, scratch, found)
    return found


def repeated_characters(words: Sequence[str]) -> list[int]:
    """`ngrams.repeated_characters_plain` by the kernel, for words that are no text's."""
    arrays = WordArrays.of_size(len(words))
    arrays.raw_hashes[:] = [word_hash(word) for word in words]
    arrays.lengths[:] = [len(word) for word in words]
    found = np.empty((SIZES, 1), np.int64)
    repeat_words(arrays, np.array([0, len(words)]), Scratch.for_words(len(words)), found)
    counted: list[int] = found[:, 0].tolist()
    return counted
