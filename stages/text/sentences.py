"""How many sentences a line has: the compiled form of `segmentation.find_sentences`."""

from functools import lru_cache
from typing import Any, NamedTuple

from numba import int64, uint32

from stages.text.characters import CLOSERS, SPACED_TERMINATORS
from stages.text.code_points import decode, decode_before, entry
from stages.text.compiled import inlined
from stages.text.lines import after_spaces
from stages.text.tables import GOES_ON, LETTER, UPPER, bitmap


class Marks(NamedTuple):
    """What ends sentences of a language, as bitmaps of code points."""

    terminators: Any
    within: Any  # terminators and what may close a quotation after them
    mild: Any  # those that end a sentence only before white space


@lru_cache(maxsize=256)
def marks_of(terminators: str) -> Marks:
    """The bitmaps of a language's terminators."""
    return Marks(bitmap(terminators), bitmap(terminators + CLOSERS), bitmap(SPACED_TERMINATORS + CLOSERS))


@inlined
def holds(bitmap: Any, point: Any) -> Any:
    """Whether a bitmap has a code point."""
    return (bitmap[point >> 5] >> uint32(point & 31)) & uint32(1) != uint32(0)


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
    if not flag_table[entry(blocks, decode_before(data, mark))] & uint32(UPPER):
        return False
    place = mark - 1
    while (data[place] & 0xC0) == 0x80:
        place -= 1
    return place == start or not flag_table[entry(blocks, decode_before(data, place))] & uint32(LETTER)


@inlined
def count_sentences(data: Any, start: Any, end: Any, marks: Any, tables: Any) -> Any:
    """Sentences of the line data[start:end]; text after the last terminator is one too."""
    count = int64(0)
    begin = start  # of the sentence
    place = start
    while place < end:
        byte = data[place]
        if 0x61 <= byte <= 0x7A and not holds(marks.terminators, int64(byte)):  # most of Latin text
            place += 1
            continue
        point, after = decode(data, place)
        if not holds(marks.terminators, point):
            place = after
            continue
        mark, dot = place, point == 0x2E
        mild = holds(marks.mild, point)
        stop = after
        while stop < end:
            point, after = decode(data, stop)
            if not holds(marks.within, point):
                break
            mild = mild and holds(marks.mild, point)
            stop = after
        rest = after_spaces(data, stop, end, tables)
        spaced = rest > stop
        if rest == end:
            break
        ends = True
        if mild:
            goes_on = _flags_at(data, rest, end, tables) & uint32(GOES_ON)
            ends = spaced and not goes_on and not (dot and _initial(data, start, mark, tables))
        if ends:
            count += 1
            begin = rest
        place = rest
    return count + int64(after_spaces(data, begin, end, tables) < end)
