"""How many sentences a line has: the compiled form of `segmentation.find_sentences`."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import int64, uint32

from stages.text.characters import CLOSERS, SPACED_TERMINATORS
from stages.text.code_points import decode, decode_before, entry
from stages.text.compiled import inlined, item
from stages.text.lines import after_spaces
from stages.text.tables import COLON, FORMAT, GOES_ON, JOINER, LETTER, NO_WORD, UPPER, WORD, bitmap, tables


class Marks(NamedTuple):
    """What ends sentences of a language, as bitmaps of code points."""

    terminators: Any
    within: Any  # terminators and what may close a quotation after them
    mild: Any  # those that end a sentence only before white space
    leads: Any  # bool[256]: first bytes of a terminator
    pairs: Any  # bool[8192]: of those with three bytes and more the low seven and six bits of the first two
    alone: bool  # whether each that a word may hold ends no sentence there


@lru_cache(maxsize=256)
def marks_of(terminators: str) -> Marks:
    """The bitmaps of a language's terminators."""
    leads, pairs = np.zeros(256, bool), np.zeros(1 << 13, bool)
    for encoded in (mark.encode() for mark in terminators):
        leads[encoded[0]] = True
        if len(encoded) > 2:
            pairs[(encoded[0] & 0x7F) << 6 | (encoded[1] & 0x3F)] = True
    within, mild = bitmap(terminators + CLOSERS), bitmap(SPACED_TERMINATORS + CLOSERS)
    return Marks(bitmap(terminators), within, mild, leads, pairs, all(map(_is_alone, terminators)))


def _is_alone(mark: str) -> bool:
    """Whether a terminator is no part of a word, or ends no sentence there, as white space must follow it."""
    flags = int(tables().flags[entry(tables().blocks, ord(mark))])
    in_words = WORD | NO_WORD | FORMAT
    return not flags & (in_words if mark in SPACED_TERMINATORS else in_words | JOINER | COLON)


@inlined
def holds(bitmap: Any, point: Any) -> Any:
    """Whether a bitmap has a code point."""
    return (item(bitmap, point >> 5) >> uint32(point & 31)) & uint32(1) != uint32(0)


@inlined
def _flags_at(data: Any, place: Any, end: Any, tables: Any) -> Any:
    if place >= end:
        return uint32(0)
    return tables.flags[entry(tables.blocks, decode(data, place)[0])]


@inlined
def _initial(data: Any, start: Any, mark: Any, tables: Any) -> Any:
    """Whether a single capital stands before the mark."""
    if mark == start:
        return False
    blocks, flag_table = tables.blocks, tables.flags
    if not item(flag_table, entry(blocks, decode_before(data, mark))) & uint32(UPPER):
        return False
    place = mark - 1
    while (item(data, place) & 0xC0) == 0x80:
        place -= 1
    return place == start or not item(flag_table, entry(blocks, decode_before(data, place))) & uint32(LETTER)


@inlined
def _sentence_end(data: Any, start: Any, end: Any, mark: Any, marks: Any, tables: Any) -> Any:
    """Of a terminator in the line data[start:end]: where text goes on after it, whether a sentence begins there."""
    point, stop = decode(data, mark)
    dot, mild = point == 0x2E, holds(marks.mild, point)
    while stop < end:
        point, after = decode(data, stop)
        if not holds(marks.within, point):
            break
        mild = mild and holds(marks.mild, point)
        stop = after
    rest = after_spaces(data, stop, end, tables)
    if not mild or rest == end:
        return rest, rest < end
    goes_on = _flags_at(data, rest, end, tables) & uint32(GOES_ON)
    return rest, rest > stop and not goes_on and not (dot and _initial(data, start, mark, tables))


@inlined
def count_word_sentences(
    data: Any, start: Any, end: Any, places: Any, number: Any, stop: Any, marks: Any, tables: Any
) -> Any:
    """`count_sentences` of a line in which words that are no letters, marks or numbers begin at places[number:stop].

    The last of these are behind the line, and which is the first that may be is returned, too. `marks` are alone.
    """
    count = int64(0)
    begin = place = start  # of the sentence; where no terminator was looked at yet
    while number < stop and item(places, number) < end:
        mark = item(places, number)
        if mark >= place and holds(marks.terminators, decode(data, mark)[0]):
            place, ends = _sentence_end(data, start, end, mark, marks, tables)
            if place == end:
                break
            if ends:
                count += 1
                begin = place
        number += 1
    return count + int64(after_spaces(data, begin, end, tables) < end), number


@inlined
def count_sentences(data: Any, start: Any, end: Any, marks: Any, tables: Any) -> Any:
    """Sentences of the line data[start:end]; text after the last terminator is one too."""
    count = int64(0)
    begin = start  # of the sentence
    place = start
    while place < end:
        byte = item(data, place)
        if not item(marks.leads, byte):  # most of most texts
            place += 1
            continue
        if byte >= 0xE0 and not item(marks.pairs, int64(byte & 0x7F) << 6 | int64(item(data, place + 1) & 0x3F)):
            place += 3
            continue
        point, after = decode(data, place)
        if not holds(marks.terminators, point):
            place = after
            continue
        rest, ends = _sentence_end(data, start, end, place, marks, tables)
        if rest == end:
            break
        if ends:
            count += 1
            begin = rest
        place = rest
    return count + int64(after_spaces(data, begin, end, tables) < end)
