"""Words of a batch, straight from its UTF-8: the compiled form of `segmentation.TOKEN`."""

from typing import Any, Final, NamedTuple, Self

import numpy as np
from numba import int64, uint8, uint32, uint64

from stages.text.code_points import decode, entry, final, hash_step
from stages.text.compiled import borrowed, inlined, kernel
from stages.text.tables import (
    COLON,
    COMPOSES,
    FILLER,
    FORMAT,
    HARD_FOLD,
    HEBREW,
    IN_SPACED,
    IN_UNSPACED,
    JOINER,
    LETTER,
    MARK,
    NO_WORD,
    NUMBER,
    WORD,
)

HAS_LETTER: Final = 1
IS_WORD: Final = 2
"""It holds a letter, mark or number; otherwise it is punctuation or a symbol."""
HAS_DIGIT: Final = 4
RUN: Final = 8
"""Of a script without spaces."""
HARD: Final = 16
"""Its dedup form is not found code point by code point."""
MAY_COMPOSE: Final = 32
"""It holds what NFC might compose: its dedup form is right if the document is NFC."""


class WordArrays(NamedTuple):
    """One entry for each word: first byte and the byte after it, code points, class flags, two hashes."""

    starts: Any  # int64
    ends: Any  # int64
    lengths: Any  # int32
    classes: Any  # uint8
    raw_hashes: Any  # uint64
    dedup_hashes: Any  # uint64

    @classmethod
    def of_size(cls, size: int) -> Self:
        kinds = (np.int64, np.int64, np.int32, np.uint8, np.uint64, np.uint64)
        return cls(*(np.empty(size, kind) for kind in kinds))

    def cut(self, size: int) -> Self:
        """The first so many entries."""
        return type(self)(*(array[:size] for array in self))


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


@inlined
def classes(seen: Any, raw: Any, folded: Any) -> Any:
    """Class flags of a word from all flags of its characters."""
    found = uint8(0)
    if seen & uint32(LETTER):
        found |= uint8(HAS_LETTER)
    if seen & uint32(WORD):
        found |= uint8(IS_WORD)
    if seen & uint32(NUMBER):
        found |= uint8(HAS_DIGIT)
    if seen & uint32(HARD_FOLD):
        found |= uint8(HARD)
    if seen & uint32(COMPOSES):
        found |= uint8(MAY_COMPOSE)
        if raw != folded:
            found |= uint8(HARD)
    return found


@kernel
def most_words(data: Any, start: int, end: int) -> Any:
    """No fewer than the words of data[start:end]: all characters but the ASCII letters within a word, and spaces."""
    data = borrowed(data)
    count, inside = int64(0), False
    for place in range(start, end):
        byte = data[place]
        letter = int64(0x61) <= (byte | 0x20) <= int64(0x7A)
        count += int64(byte > 0x20 and (byte & 0xC0) != 0x80 and not (letter and inside))
        inside = letter
    return count


@kernel
def scan_words(data: Any, offsets: Any, tables: Any, words: Any, first: Any, unsure: Any) -> Any:
    """Find the words of documents that lie at `offsets` of the bytes `data`, which must be valid UTF-8.

    Fills `words`, which must have room for `most_words` and one for each document; for each document (and one more)
    its first word; for each document whether it holds what NFC might change. Returns how many words there are. A run
    of scripts without spaces is one word with the flag RUN, for `dictionary` to cut.
    """
    data, offsets, tables, words, first, unsure = borrowed((data, offsets, tables, words, first, unsure))
    blocks, flag_table, folds, orders = tables.blocks, tables.flags, tables.folded, tables.order
    documents = offsets.size - 1
    first[0] = 0
    count = int64(0)
    for document in range(documents):
        place, stop = offsets[document], offsets[document + 1]
        doubtful = False
        while place < stop:
            start = place
            point, place = decode(data, place)
            at = entry(blocks, point)
            flags = flag_table[at]
            if flags & uint32(NO_WORD):
                doubtful |= bool(flags & uint32(COMPOSES))
                continue
            raw, key = hash_step(uint64(0), point), hash_step(uint64(0), point + folds[at])
            length, seen = int64(1), flags
            order = orders[at]
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
            last = flags
            end = place
            before = place  # where the last character that is surely of the word ends
            waiting = int64(0)  # 1 after a mark that joins, 2 after format characters
            held_raw, held_key, held_length, held_seen = raw, key, length, seen
            while place < stop:
                point, after = decode(data, place)
                at = entry(blocks, point)
                flags = flag_table[at]
                if flags & more and not (waiting and not flags & uint32(IN_SPACED)):
                    if flags & uint32(MARK):
                        if orders[at] != 0 and orders[at] < order:
                            misplaced = True
                        order = orders[at]
                    else:
                        order = uint8(0)
                    waiting = int64(0)
                elif spaced and not waiting and flags & uint32(FORMAT):
                    waiting = int64(2)
                    held_raw, held_key, held_length, held_seen, before = raw, key, length, seen, place
                    order = uint8(0)
                elif waiting == 2 and flags & uint32(FORMAT):
                    pass
                elif spaced and not waiting and flags & uint32(NO_WORD) == uint32(0) and after < stop:
                    following = flag_table[entry(blocks, decode(data, after)[0])]
                    if not joins(flags, following, last, point):
                        break
                    order = uint8(0)
                elif unspaced and (point == 0x200C or point == 0x200D):
                    order = uint8(0)
                elif not more and point == decode(data, start)[0]:
                    pass
                else:
                    break
                raw, key = hash_step(raw, point), hash_step(key, point + folds[at])
                length += 1
                seen |= flags
                last = flags
                place = after
                end = after
            if waiting:  # format characters at the end are no part of the word
                raw, key, length, seen, end = held_raw, held_key, held_length, held_seen, before
                place = before
            words.starts[count], words.ends[count], words.lengths[count] = start, end, length
            kind = classes(seen, raw, key)
            if misplaced:
                kind |= uint8(MAY_COMPOSE)
            if unspaced:
                kind |= uint8(RUN)
            elif not spaced and seen & uint32(WORD):
                kind |= uint8(HARD)  # a symbol with marks: its edges are stripped
            words.raw_hashes[count] = final(raw)
            words.dedup_hashes[count] = final(key) if seen & uint32(WORD) else uint64(0)
            words.classes[count] = kind
            doubtful |= bool(kind & uint8(MAY_COMPOSE))
            count += 1
        unsure[document] = doubtful
        first[document + 1] = count
    return count


def find_words(data: np.ndarray, offsets: np.ndarray, tables: Any) -> tuple[WordArrays, np.ndarray, np.ndarray]:
    """Words, the first of each document, and which documents NFC might change; runs still uncut."""
    words = WordArrays.of_size(offsets.size + int(most_words(data, int(offsets[0]), int(offsets[-1]))))
    first, unsure = np.empty(offsets.size, np.int64), np.empty(offsets.size - 1, bool)
    count = scan_words(data, offsets, tables, words, first, unsure)
    return words.cut(count), first, unsure
