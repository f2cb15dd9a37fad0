"""The compiled form of the rules of `quality.c4`."""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import int64, uint8, uint32, uint64

from stages.quality.phrases import JAVASCRIPT, KINDS, LOREM, PHRASES, POLICY, find_phrase, next_hint
from stages.text.arrays import Segments
from stages.text.code_points import decode, decode_before, entry
from stages.text.compiled import borrowed, inlined, item, kernel, put
from stages.text.lines import after_spaces, before_spaces
from stages.text.memory import room
from stages.text.sentences import Marks, count_sentences, count_word_sentences, holds
from stages.text.tables import DECIMAL, NO_WORD, SEGMENTED, SPACE, WORD, tables
from stages.text.windows import BLOCK, WINDOW, block_between, count_ones, equals, first_one
from stages.text.word_arrays import IS_WORD, RUN

COUNTS: Final = 8
"""Of each document: lines with the kinds of phrases, and these."""
(BRACES, SENTENCES, UNTERMINATED, FEW, LONG) = range(KINDS, COUNTS)


class Rules(NamedTuple):
    """Options of the stage and the terminators of the language."""

    marks: Marks
    endings: Any  # bitmap: what a usable line ends with
    before_brackets: Any  # bitmap: the same before closing brackets
    min_words: int
    max_length: int
    terminated_only: bool


@inlined
def _citation_end(data: Any, place: Any, end: Any, tables: Any) -> Any:
    """Where `[1]`, `[]`, `[edit]` or `[citation needed]` at a bracket ends; the bracket itself if there is none."""
    at = place + 1
    while at < end:
        point, after = decode(data, at)
        if not item(tables.flags, entry(tables.blocks, point)) & uint32(DECIMAL):
            break
        at = after
    if at < end and item(data, at) == 0x5D:
        return at + 1
    for words in (b"[edit]", b"[citation needed]"):
        if place + len(words) <= end:
            same = True
            for letter in range(len(words)):
                same = same and item(data, place + letter) == words[letter]
            if same:
                return place + len(words)
    return place


@inlined
def _without_citations(data: Any, start: Any, end: Any, tables: Any, copy: Any) -> Any:
    """Copy a line without its citations and return how long it is."""
    size = int64(0)
    while start < end:
        if item(data, start) == 0x5B:
            after = _citation_end(data, start, end, tables)
            if after > start:
                start = after
                continue
        copy[size] = item(data, start)
        size += 1
        start += 1
    return size


@inlined
def _has_ellipsis(data: Any, start: Any, end: Any) -> Any:
    """Whether `...` stands at the end of a line."""
    if end - start < 3 or item(data, end - 1) != 0x2E:
        return False
    return item(data, end - 2) == 0x2E and item(data, end - 3) == 0x2E


@inlined
def _is_terminated(data: Any, start: Any, end: Any, rules: Any) -> Any:
    """Whether a line ends in terminal punctuation, after which closing brackets may stand, but not in `...`."""
    if end > start and item(data, end - 1) < 0x80 and item(data, end - 1) != 0x29:
        return holds(rules.endings, int64(item(data, end - 1))) and not _has_ellipsis(data, start, end)
    stop = end
    while stop > start:
        if item(data, stop - 1) == 0x29:
            stop -= 1
        elif (
            stop - start >= 3
            and item(data, stop - 1) == 0x89
            and item(data, stop - 2) == 0xBC
            and item(data, stop - 3) == 0xEF
        ):
            stop -= 3  # the fullwidth bracket
        else:
            break
    if stop == start:
        return False
    if _has_ellipsis(data, start, stop):
        return False
    point = decode_before(data, stop)
    return holds(rules.endings, point) if stop == end else holds(rules.before_brackets, point)


@inlined
def _is_used(
    data: Any, start: Any, end: Any, count: Any, brace: Any, hint: Any, rules: Any, phrases: Any, row: Any
) -> Any:
    """C4's tests for a line, in their order: whether its sentences are to be counted.

    It has so many words, a curly brace or not, and its first `next_hint`.
    """
    terminated = _is_terminated(data, start, end, rules)
    row[UNTERMINATED] += int64(not terminated)
    if rules.terminated_only and not terminated:
        return False
    if count < rules.min_words:
        row[FEW] += 1
        return False
    kind = find_phrase(data, start, end, hint, phrases)
    if kind in (LOREM, JAVASCRIPT):
        row[kind] += 1
        return False
    row[BRACES] += int64(brace)
    if kind == POLICY:
        row[POLICY] += 1
    return kind != POLICY


@inlined
def _next_bracket(data: Any, place: Any, end: Any, byte: Any) -> Any:
    """The first place from here on with this byte; the end if there is none."""
    while place < end and place + WINDOW <= data.size:
        found = uint32(equals(data, place, byte))
        if found:
            return min(place + int64(first_one(found)), end)
        place += WINDOW
    while place < end and item(data, place) != byte:
        place += 1
    return min(place, end)


@inlined
def _has_citation(data: Any, start: Any, end: Any, tables: Any) -> Any:
    """Whether a line holds what `_citation_end` finds."""
    place = _next_bracket(data, start, end, 0x5B)
    while place < end:
        if _citation_end(data, place, end, tables) > place:
            return True
        place = _next_bracket(data, place + 1, end, 0x5B)
    return False


@inlined
def _count_to(data: Any, start: Any, end: Any, most: Any) -> Any:
    """Words between spaces of a line; stops at so many. -1 if a character of three bytes and more stands before."""
    count, inside = int64(0), uint64(0)
    place = start
    while place < end and count < most and place + BLOCK <= data.size:
        left = end - place
        within = ~uint64(0) if left >= BLOCK else (uint64(1) << uint64(left)) - uint64(1)
        if block_between(data, place, 0xE0, 0x20) & within:
            return int64(-1)
        if block_between(data, place, 0xC2, 1) & within:  # spaces of two bytes
            break
        filled = ~(block_between(data, place, 0x09, 5) | block_between(data, place, 0x1C, 5)) & within
        count += int64(count_ones(filled & ~(filled << uint64(1) | inside)))
        inside = filled >> uint64(BLOCK - 1)
        place += BLOCK
    while place < end and count < most:
        byte = item(data, place)
        if byte >= 0xE0:
            return int64(-1)
        space = byte == 0x20 or 0x09 <= byte <= 0x0D or 0x1C <= byte <= 0x1F
        if byte == 0xC2 and (item(data, place + 1) == 0x85 or item(data, place + 1) == 0xA0):
            space = True
            place += 1
        count += int64(not space and not inside)
        inside = uint64(not space)
        place += 1
    return count


@inlined
def _line_words(data: Any, start: Any, end: Any, words: Any, word: Any, last_word: Any, most: Any, tables: Any) -> Any:
    """`c4.line_words` of a line: how many (at most so many are counted), the longest of them, and the word looked at.

    A stretch of characters between spaces, separators and runs of scripts without spaces is one word; beside a run
    only if it holds a letter, mark or number.
    """
    blocks, flag_table = tables.blocks, tables.flags
    count = longest = length = int64(0)
    alone, seen = True, uint32(0)  # of the stretch: no run before it; its flags
    place = start
    while place < end and count < most:
        while word < last_word and (item(words.starts, word) < place or not item(words.classes, word) & uint8(RUN)):
            word += 1
        if word < last_word and item(words.starts, word) == place:
            if length and seen & uint32(WORD):
                count, longest = count + 1, max(longest, length)
            if item(words.classes, word) & uint8(IS_WORD):
                count, longest = count + 1, max(longest, int64(item(words.lengths, word)))
            length, alone, seen = int64(0), False, uint32(0)
            place = item(words.ends, word)
            continue
        point, place = decode(data, place)
        flags = item(flag_table, entry(blocks, point))
        if flags & uint32(SPACE) or (flags & uint32(SEGMENTED) and flags & uint32(NO_WORD)):
            if length and (alone or seen & uint32(WORD)):
                count, longest = count + 1, max(longest, length)
            length, alone, seen = int64(0), True, uint32(0)
        else:
            length += 1
            seen |= flags
    if length and (alone or seen & uint32(WORD)):
        count, longest = count + 1, max(longest, length)
    return count, longest, word


@inlined
def _list_marks(words: Any, begin: Any, end: Any, places: Any) -> Any:
    """Put where the words without letters, marks and numbers begin in `places`; how many they are."""
    count = int64(0)
    for word in range(begin, end):
        put(places, count, item(words.starts, word))
        count += int64(item(words.classes, word) & uint8(IS_WORD) == 0)
    return count


@inlined
def _may_be_longer(data: Any, start: Any, end: Any, most: Any) -> Any:
    """Whether more than so many bytes of a line stand without a space between them."""
    while start + most < end:
        place = start + most
        while place >= start and item(data, place) != 0x20:
            place -= 1
        if place < start:
            return True
        start = place + 1
    return False


@kernel
def judge_lines(
    data: Any,
    lines: Any,
    first: Any,
    words: Any,
    first_words: Any,
    rules: Any,
    phrases: Any,
    tables: Any,
    copy: Any,
    places: Any,
    counts: Any,
) -> None:
    """Fill `counts`, (documents, COUNTS); `copy` has room for the longest line, `places` for the words of each text."""
    data, lines, first, words, first_words = borrowed((data, lines, first, words, first_words))
    rules, phrases, tables, copy, places, counts = borrowed((rules, phrases, tables, copy, places, counts))
    for document in range(first.size - 1):
        row = counts[document]
        run, last_word = first_words[document], first_words[document + 1]  # no word before the first is a run
        mark, marked = int64(0), _list_marks(words, run, last_word, places) if rules.marks.alone else int64(0)
        hint = int64(-1)
        stop = lines.ends[first[document + 1] - 1] if first[document] < first[document + 1] else int64(0)
        for line in range(first[document], first[document + 1]):
            start = after_spaces(data, item(lines.starts, line), item(lines.ends, line), tables)
            end = before_spaces(data, start, item(lines.ends, line), tables)
            long = item(lines.lengths, line) > rules.max_length and _may_be_longer(data, start, end, rules.max_length)
            most = end - start if long else int64(rules.min_words)
            count, longest = _count_to(data, start, end, most), int64(0)
            if count < 0 or long:
                count, longest, run = _line_words(data, start, end, words, run, last_word, most, tables)
            if longest > rules.max_length:
                row[LONG] += 1
                continue
            if hint < start:
                hint = next_hint(data, start, stop, True)
            phrase, cited, brace = end, False, False
            if hint < end:
                phrase = next_hint(data, hint, end, False)
                brace = _next_bracket(data, hint, end, 0x7B) < end
                cited = _has_citation(data, hint, end, tables)
            if cited:
                size = _without_citations(data, start, end, tables, copy)
                phrase = next_hint(copy, int64(0), size, False)
                if _is_used(copy, int64(0), size, count, brace, phrase, rules, phrases, row):
                    row[SENTENCES] += count_sentences(copy, int64(0), size, rules.marks, tables)
            elif _is_used(data, start, end, count, brace, phrase, rules, phrases, row):
                if rules.marks.alone:
                    while mark < marked and item(places, mark) < start:
                        mark += 1
                    found, mark = count_word_sentences(data, start, end, places, mark, marked, rules.marks, tables)
                    row[SENTENCES] += found
                else:
                    row[SENTENCES] += count_sentences(data, start, end, rules.marks, tables)


def count(segments: Segments, rules: Rules) -> np.ndarray:
    """Counts of each document: int64[documents, COUNTS]."""
    lines, first = segments.split_lines
    counts = np.zeros((len(segments), COUNTS), np.int64)
    copy = np.empty(int((lines.ends - lines.starts).max(initial=0)), np.uint8)
    places = room(int(segments.word_counts.max(initial=0)) + 1, np.int64)
    words, first_words = segments.words, segments.first_words
    judge_lines(segments.data, lines, first, words, first_words, rules, PHRASES, tables(), copy, places, counts)
    return counts
