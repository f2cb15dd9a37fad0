"""Words of a batch, straight from its UTF-8: the compiled form of `segmentation.TOKEN`."""

from typing import Any

import numpy as np
from numba import int64, uint8, uint32, uint64

from stages.text.code_points import (
    EACH,
    MULTIPLIER,
    TOPS,
    decode,
    decode_before,
    entry,
    final,
    find_slot,
    folded_ascii_hash,
    hash_bytes,
    hash_step,
)
from stages.text.compiled import borrowed, inlined, item, kernel, load8, low_zeros
from stages.text.ideographs import Dictionary, Paths, cut_plain
from stages.text.tables import (
    CHANGES,
    COLON,
    COMPOSES,
    FILLER,
    FORMAT,
    HEBREW,
    IN_SPACED,
    IN_UNSPACED,
    JAMO,
    JOINER,
    LETTER,
    MARK,
    NO_WORD,
    NUMBER,
    REPLACED,
    WORD,
)
from stages.text.windows import WINDOW, ascii_capitals, ascii_digits, ascii_letters, first_one
from stages.text.word_arrays import (
    CHANGED,
    HARD,
    HAS_DIGIT,
    HAS_LETTER,
    IS_WORD,
    MAY_COMPOSE,
    RUN,
    SHORT,
    UNCUT,
    WordArrays,
    put_entry,
    put_part,
    put_word,
    short_hash,
    word_class,
)


@inlined
def joins(flags: Any, following: Any, last: Any, point: Any) -> Any:
    """Whether a mark between two characters of words makes them one word; all but format characters."""
    if not following & uint32(IN_SPACED):
        return False
    if flags & uint32(JOINER):
        return True
    if point == 0x2E or point == 0x2C:  # in numbers
        return bool(last & uint32(NUMBER)) and bool(following & uint32(NUMBER))
    if flags & uint32(COLON):
        return not last & uint32(NUMBER) and not following & uint32(NUMBER)
    return point == 0x22 and bool(last & uint32(HEBREW)) and bool(following & uint32(HEBREW))


@kernel
def _put_plain_run(
    data: Any, start: Any, end: Any, kind: Any, dictionary: Any, paths: Any, tables: Any, words: Any, at: Any
) -> Any:
    """Enter the words of a run of that class; how many they are, 0 if the run is not plain."""
    data, dictionary, paths, tables, words = borrowed((data, dictionary, paths, tables, words))
    count, begin = cut_plain(data, start, end, dictionary, paths), start
    for number in range(count):
        stop = start + item(paths.ends, number)
        if kind == uint8(HAS_LETTER | IS_WORD):  # letters of three bytes that are their own dedup form
            value = hash_bytes(data, begin, stop)
            put_entry(words, at + number, begin, stop, (stop - begin) // 3, kind | uint8(RUN), value, value)
        else:
            put_part(data, begin, stop, kind, tables, words, at + number)
        begin = stop
    return count


@inlined
def _ascii_word(data: Any, place: Any, stop: Any) -> Any:
    """Of up to eight bytes: how many ASCII letters and digits stand at a place, and the flags of their classes.

    All eight are classed at once, so that nothing hangs on where a word ends.
    """
    if place + 8 > data.size:
        byte = item(data, place)
        letter = uint8(0x61) <= (byte | uint8(0x20)) and (byte | uint8(0x20)) <= uint8(0x7A)
        digit = 0x30 <= byte <= 0x39
        seen = uint32(LETTER) if letter else uint32(NUMBER)
        if letter and byte < 0x61:
            seen |= uint32(CHANGES)
        return int64(letter or digit), seen
    eight = load8(data, place)
    small, low = (eight | uint64(0x20 * EACH)) & uint64(0x7F * EACH), eight & uint64(0x7F * EACH)
    letters = (small + uint64((0x80 - 0x61) * EACH)) & ~(small + uint64((0x80 - 0x7B) * EACH)) & ~eight & uint64(TOPS)
    digits = (low + uint64((0x80 - 0x30) * EACH)) & ~(low + uint64((0x80 - 0x3A) * EACH)) & ~eight & uint64(TOPS)
    count = min(low_zeros(~(letters | digits) & uint64(TOPS)) >> 3, stop - place)
    within = (uint64(1) << uint64(8 * count)) - uint64(1) if count < 8 else ~uint64(0)
    seen = uint32(0)
    seen |= uint32(LETTER) if letters & within else uint32(0)
    seen |= uint32(NUMBER) if digits & within else uint32(0)
    seen |= uint32(CHANGES) if letters & ~(eight << uint64(2)) & within else uint32(0)
    return count, seen


@inlined
def _put_plain(data: Any, place: Any, stop: Any, flag_table: Any, ascii_at: Any, words: Any, at: Any) -> Any:
    """Enter a word of ASCII letters and digits, or one ASCII mark, if it surely ends where those do: its bytes, or 0.

    WINDOW bytes can be read. Most words of most texts are such; what follows them is white space or a mark without a
    letter or digit behind it.
    """
    byte = item(data, place)
    letters, digits = uint32(ascii_letters(data, place)), uint32(ascii_digits(data, place))
    size = min(int64(first_one(~(letters | digits))), stop - place)
    if size == 0:
        following = item(data, place + 1) if place + 1 < stop else uint8(0)
        flags = item(flag_table, ascii_at + int64(byte & 0x7F))
        if byte >= 0x7F or following >= 0x80 or (following == byte and flags & uint32(FILLER)):
            return int64(0)
        raw = final(hash_step(uint64(0), uint64(byte)), int64(1))
        put_entry(words, at, place, place + 1, 1, word_class(flags), raw, uint64(0))
        return int64(1)
    if size > WINDOW - 2:
        return int64(0)
    end = place + size
    if end < stop and item(data, end) > 0x20:
        following = item(data, end + 1) if end + 1 < stop else uint8(0)
        goes_on = (letters | digits) >> uint32(size + 1) & uint32(1)
        if item(data, end) >= 0x80 or following >= 0x80 or goes_on:
            return int64(0)
    within = (uint32(1) << uint32(size)) - uint32(1)
    capitals = uint32(ascii_capitals(data, place)) & within
    kind = uint8(IS_WORD) | (uint8(HAS_LETTER) if letters & within else uint8(0))
    kind |= uint8(HAS_DIGIT) if digits & within else uint8(0)
    kind |= uint8(CHANGED) if capitals else uint8(0)
    raw = short_hash(data, place, size) if size < SHORT else hash_bytes(data, place, end)
    put_entry(words, at, place, end, size, kind, raw, folded_ascii_hash(data, place, end) if capitals else raw)
    return size


@inlined
def _may_change(data: Any, begin: Any, place: Any, point: Any, flags: Any, order: Any, tables: Any) -> Any:
    """Whether NFC might change a character that may compose, at a place of a document, or what stands before it.

    It stays if it composes with nothing: at the beginning, after a starter with which it makes no pair, after a mark
    that blocks it. Source: UAX 15, D115 and D117.
    """
    if flags & uint32(REPLACED) or JAMO[0] <= point < JAMO[1]:
        return True
    if place == begin:
        return False
    before = decode_before(data, place)
    between = item(tables.order, entry(tables.blocks, before))
    if between:
        return order > between
    key = uint64((before << 21) | point) * uint64(MULTIPLIER)
    return item(tables.pairs, find_slot(tables.pairs, tables.pairs.size - 1, key)) != uint64(0)


@kernel
def scan_words(
    data: Any, offsets: Any, tables: Any, dictionary: Any, paths: Any, words: Any, first: Any, unsure: Any
) -> Any:
    """Find the words of documents that lie at `offsets` of the bytes `data`, which must be valid UTF-8.

    Fills `words`, which must have room for one of each byte; for each document (and one more)
    its first word; for each document whether it holds what NFC might change. Returns how many words there are. A run
    of scripts without spaces that is not plain by `dictionary` is one word with the flag UNCUT.
    """
    data, offsets, tables, words, first, unsure = borrowed((data, offsets, tables, words, first, unsure))
    dictionary, paths = borrowed((dictionary, paths))
    blocks, flag_table, orders = tables.blocks, tables.flags, tables.order
    ascii_at = entry(blocks, int64(0))
    documents = offsets.size - 1
    first[0] = 0
    count = int64(0)
    for document in range(documents):
        place, stop = offsets[document], offsets[document + 1]
        doubtful = False
        while place < stop:
            if item(data, place) <= 0x20:
                place += 1
                continue
            if item(data, place) < 0x80 and place + WINDOW <= data.size:
                size = _put_plain(data, place, stop, flag_table, ascii_at, words, count)
                if size:
                    place += size
                    count += 1
                    continue
            start = place
            length, seen, order, last = int64(0), uint32(0), uint8(0), uint32(0)
            flags = item(flag_table, ascii_at + item(data, place)) if item(data, place) < 0x80 else uint32(0)
            if not flags & uint32(IN_SPACED):
                point, place = decode(data, place)
                at = entry(blocks, point)
                flags = item(flag_table, at)
                if flags & uint32(NO_WORD):
                    doubtful |= bool(flags & uint32(COMPOSES))
                    continue
                length, seen, order, last = int64(1), flags, item(orders, at), flags
                if flags & uint32(COMPOSES):
                    doubtful |= _may_change(data, offsets[document], start, point, flags, order, tables)
            more = uint32(0)
            if flags & uint32(IN_SPACED):
                more = uint32(IN_SPACED | MARK)
            elif flags & uint32(IN_UNSPACED):
                more = uint32(IN_UNSPACED | MARK)
            elif not flags & uint32(FILLER):
                more = uint32(MARK)
            spaced = bool(flags & uint32(IN_SPACED))
            unspaced = more == uint32(IN_UNSPACED | MARK)
            misplaced = False
            before = place  # where the last character that is surely of the word ends
            waiting = False  # after format characters, which end no word
            held_length, held_seen = length, seen
            while place < stop:
                byte = item(data, place)
                if byte <= 0x20 or (byte < 0x80 and more and not spaced):
                    break
                if byte < 0x80 and spaced:
                    count_ascii, kinds = _ascii_word(data, place, stop)
                    if count_ascii:
                        seen |= kinds
                        order = uint8(0)
                        waiting = False
                        length += count_ascii
                        place += count_ascii
                        last = uint32(0)  # looked up when asked for
                        continue
                point, after = decode(data, place)
                at = entry(blocks, point)
                flags = item(flag_table, at)
                if flags & more and not (waiting and not flags & uint32(IN_SPACED)):
                    if flags & uint32(MARK):
                        if item(orders, at) != 0 and item(orders, at) < order:
                            misplaced = True
                        order = item(orders, at)
                    else:
                        order = uint8(0)
                    waiting = False
                elif spaced and not waiting and flags & uint32(FORMAT):
                    waiting = True
                    held_length, held_seen, before = length, seen, place
                    order = uint8(0)
                elif waiting and flags & uint32(FORMAT):
                    pass
                elif spaced and not waiting and flags & uint32(NO_WORD) == uint32(0) and after < stop:
                    following = item(flag_table, entry(blocks, decode(data, after)[0]))
                    if not last:
                        last = item(flag_table, ascii_at + item(data, place - 1))
                    if not joins(flags, following, last, point):
                        break
                    order = uint8(0)
                elif unspaced and (point == 0x200C or point == 0x200D):
                    order = uint8(0)
                elif not more and point == decode(data, start)[0]:
                    pass
                else:
                    break
                if flags & uint32(COMPOSES):
                    doubtful |= _may_change(data, offsets[document], place, point, flags, item(orders, at), tables)
                length += 1
                seen |= flags
                last = flags
                place = after
            if waiting:  # format characters at the end are no part of the word
                length, seen, place = held_length, held_seen, before
            extra = uint8(0)
            if misplaced:
                extra |= uint8(MAY_COMPOSE | CHANGED)
            if unspaced:
                parts = _put_plain_run(
                    data, start, place, word_class(seen) | extra, dictionary, paths, tables, words, count
                )
                if parts:
                    doubtful |= misplaced
                    count += parts
                    continue
                extra |= uint8(RUN | UNCUT)
            elif not spaced and seen & uint32(WORD):
                extra |= uint8(HARD)  # a symbol with marks: its edges are stripped
            put_word(data, start, place, length, seen, extra, tables, words, count)
            doubtful |= misplaced
            count += 1
        unsure[document] = doubtful
        first[document + 1] = count
    return count


def find_words(
    data: np.ndarray, offsets: np.ndarray, tables: Any, dictionary: Dictionary
) -> tuple[WordArrays, np.ndarray, np.ndarray]:
    """Words, the first of each document, and which documents NFC might change; runs that are not plain still uncut."""
    words = WordArrays.of_size(int(offsets[-1] - offsets[0]))  # only what is written to takes memory
    paths = Paths.of_size(int((offsets[1:] - offsets[:-1]).max(initial=0)))
    first, unsure = np.empty(offsets.size, np.int64), np.empty(offsets.size - 1, bool)
    count = scan_words(data, offsets, tables, dictionary, paths, words, first, unsure)
    return words.cut(count), first, unsure
