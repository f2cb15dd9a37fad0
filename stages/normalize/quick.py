"""Which texts normalization leaves as they are: one pass over the bytes, so that few texts need the careful code."""

import re
import sys
import unicodedata
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numba import uint64

from stages.normalize.invisible import is_invisible
from stages.normalize.mojibake import PAIRS, repair_candidate, repair_line
from stages.normalize.unicode import SOFT_HYPHEN, NormalizeUnicode, clean, has_late_control, normalize_text, trim
from stages.text.arrays import buffers
from stages.text.code_points import MULTIPLIER, entry, find_slot
from stages.text.compiled import borrowed, inlined, item, kernel, put
from stages.text.kept import kept
from stages.text.ordered import ordered
from stages.text.tables import tables

UNCLEAN = 1
"""A character that `clean` may remove or replace."""
COMPOSES = 2
"""A character that NFC may join to another, or marks that it may reorder."""
TRIM = 4
"""Spaces at the end of a line, or blank lines too many."""
MISREAD = 32
"""A sign of mojibake, a C1 control (which is half of one), or broken UTF-8."""

SPACE, NEWLINE, MARK = 8, 16, 64
SECOND = 128
"""NFC joins the character to some that may stand before it."""
FIRST, SECOND_OF = 8, 20
"""Bits of a kind from which on it says of which pairs the character may be the first and the second."""
TWICE = sum(1 << number for number, pair in enumerate(PAIRS) if pair.times > 1)
"""Pairs that count only where two stand in a row."""
ONCE = (1 << len(PAIRS)) - 1 - TWICE


def normalize_texts(texts: list[str], config: NormalizeUnicode) -> list[str]:
    """`normalize_text` of each text."""
    found: list[str] = normalized(texts, config).to_pylist()
    return found


def normalized(texts: list[str] | pa.LargeStringArray, config: NormalizeUnicode) -> pa.LargeStringArray:
    """`normalize_text` of each text; those that it would not change are only looked at, as bytes.

    Where no sign of mojibake is left when a text is clean, nothing but `trim` remains to be done.
    """
    try:
        column = pa.array(texts, pa.large_string()) if isinstance(texts, list) else texts
    except UnicodeEncodeError:  # a lone surrogate somewhere
        return pa.array([normalize_text(text, config) for text in texts], pa.large_string())
    flags = suspects(column)
    to_trim = flags & TRIM > 0
    unclean = np.flatnonzero(flags & (UNCLEAN | COMPOSES)).tolist()
    changed = {row: _clean(column[row].as_py(), int(flags[row]), config) for row in unclean}
    again = pa.array([changed[row] for row in unclean], pa.large_string())
    for at, (row, flag) in enumerate(zip(unclean, suspects(again).tolist(), strict=True)):
        if flag & MISREAD and not _is_well_read(again, at):
            changed[row] = normalize_text(column[row].as_py(), config)
        elif flag & TRIM:
            changed[row] = trim(changed[row])
    for row in np.flatnonzero((flags & MISREAD > 0) & (flags & (UNCLEAN | COMPOSES) == 0)).tolist():
        if not _is_well_read(column, row):
            changed[row] = normalize_text(column[row].as_py(), config)
    to_trim[list(changed)] = False
    return _replaced(column, np.flatnonzero(to_trim), changed)


def _clean(text: str, flags: int, config: NormalizeUnicode) -> str:
    """A text with these flags as `clean` makes it, or as `normalize_text` does where that looks before it cleans."""
    if not flags & UNCLEAN:
        return unicodedata.normalize("NFC", text)
    return normalize_text(text, config) if flags & MISREAD and SOFT_HYPHEN in text else clean(text)


def _is_well_read(column: pa.LargeStringArray, row: int) -> bool:
    """Whether no line of a clean text is mojibake after all, trimmed or not, and it holds no C1 control."""
    data, bounds = buffers(column)
    text = data[bounds[row] : bounds[row + 1]]
    for start, end in _misread_lines(text, *_tables()).tolist():
        line = text[start:end].tobytes().decode()
        if has_late_control(line) or repair_candidate(line) != line:
            return False
        if line[-1].isspace() and repair_line(line.rstrip()) != line.rstrip():
            return False
    return True


def _replaced(column: pa.LargeStringArray, to_trim: np.ndarray, changed: dict[int, str]) -> pa.LargeStringArray:
    """The texts, some of them trimmed, and others in place of some."""
    if not len(to_trim) and not changed:
        return column
    rows = np.arange(len(column))
    rows[to_trim] = len(column) + np.arange(len(to_trim))
    rows[list(changed)] = len(column) + len(to_trim) + np.arange(len(changed))
    others = pa.array(list(changed.values()), pa.large_string())
    return ordered([column, _trimmed(column, to_trim), others], rows)


def _trimmed(column: pa.LargeStringArray, rows: np.ndarray) -> pa.LargeStringArray:
    """`trim` of some of the texts."""
    data, bounds = buffers(column)
    trimmed = np.empty(int((bounds[rows + 1] - bounds[rows]).sum()), np.uint8)
    ends = np.zeros(len(rows) + 1, np.int64)
    _trim(data, bounds, rows, *_tables()[:2], trimmed, ends)
    return pa.LargeStringArray.from_buffers(len(rows), pa.py_buffer(ends), pa.py_buffer(trimmed))


def suspects(column: pa.LargeStringArray) -> np.ndarray:
    """For each text the flags UNCLEAN, COMPOSES, TRIM and MISREAD; zero means that normalization leaves it as it is.

    A text may be flagged in vain, never the other way round.
    """
    data, bounds = buffers(column)
    flags = np.zeros(len(column), np.uint8)
    _scan(data, bounds, *_tables(), flags)
    return flags


def suspect_plain(text: str) -> int:
    """Reference of `suspects` for one text."""
    kinds = [_kind(character) for character in text]
    flags = 0
    for kind in kinds:
        flags |= kind & (UNCLEAN | COMPOSES | MISREAD)
    met = [(first >> FIRST) & (second >> SECOND_OF) for first, second in pairwise(kinds)]
    if any(found & ONCE for found in met) or any(a & b & TWICE for a, b in zip(met, met[2:], strict=False)):
        flags |= MISREAD
    if any(_meet(*both) for both in pairwise(text)):
        flags |= COMPOSES
    if any(kind & SPACE and following & NEWLINE for kind, following in pairwise([*kinds, NEWLINE])):
        flags |= TRIM
    if text.startswith("\n") or text.endswith("\n") or "\n\n\n\n" in text:
        flags |= TRIM
    return flags


def _meet(before: str, character: str) -> bool:
    """Whether NFC may join two neighbours, the first of which stands for all marks before, or change their order."""
    order, order_before = unicodedata.combining(character), unicodedata.combining(before)
    if order_before:
        return order_before > order > 0 or (character in _seconds() and order_before < order)
    return character in _seconds() and not unicodedata.is_normalized("NFC", before + character)


_LOOKED_AT = (
    (0, 0x3400),
    (0xA000, 0xAC00),
    (0xD7A4, 0xE000),
    (0xF900, 0x17000),
    (0x18D00, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0000, 0xE0200),
)
"""The rest of Unicode (ideographs, Hangul syllables, private and unassigned planes) is never of any kind."""


@cache
def _tables() -> tuple[np.ndarray, ...]:
    """Two-stage table of kinds: page of each 256 code points, and the distinct pages one after another.

    Behind them the combining classes, two-stage too, and the pairs that NFC joins.
    """
    characters = tables()
    return *kept(make_kinds), characters.blocks, characters.order, characters.pairs


def make_kinds() -> tuple[np.ndarray, ...]:
    """The first two arrays of `_tables`."""
    kinds = np.zeros(0x110000, np.uint32)
    for start, end in _LOOKED_AT:
        kinds[start:end] = [_kind(chr(code)) for code in range(start, end)]
    pages, page_of = np.unique(kinds.reshape(-1, 256), axis=0, return_inverse=True)
    return page_of.reshape(-1).astype(np.int64) * 256, pages.reshape(-1)


@cache
def _pair_classes() -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    return [(re.compile(pair.first), re.compile(pair.second)) for pair in PAIRS]


def _kind(character: str) -> int:
    code = ord(character)
    if character == "\n":
        return NEWLINE
    kind = SPACE if character.isspace() else 0
    if (code < 0x20 and character != "\t") or code == 0x7F:
        kind |= UNCLEAN
    if 0x80 <= code < 0xA0 or 0xD800 <= code < 0xE000:
        kind |= MISREAD
    if character in "\u2028\u2029" or is_invisible(character):
        kind |= UNCLEAN
    if code < 0x80:
        return kind
    if unicodedata.combining(character):
        kind |= MARK
    if _composes(character):
        kind |= COMPOSES
    if character in _seconds():
        kind |= SECOND
    if code < 0x3000:  # no 8-bit encoding has a character beyond
        for number, (first, second) in enumerate(_pair_classes()):
            kind |= (first.match(character) is not None) << (FIRST + number)
            kind |= (second.match(character) is not None) << (SECOND_OF + number)
    return kind


def _composes(character: str) -> bool:
    """Whether NFC may change the character whatever stands before it.

    Where no character is such a one and no two neighbours meet, a text is in NFC.
    """
    jamo = 0x1160 <= ord(character) < 0x1200  # vowels and final consonants of Hangul
    return jamo or unicodedata.normalize("NFC", character) != character


@cache
def _seconds() -> frozenset[str]:
    """Characters that NFC may join to the one before."""
    pairs = ((chr(code), unicodedata.decomposition(chr(code)).split()) for code in range(sys.maxunicode + 1))
    return frozenset(
        chr(int(parts[1], 16))
        for character, parts in pairs
        if len(parts) == 2 and not parts[0].startswith("<") and unicodedata.normalize("NFC", character) == character
    )


@inlined
def _joins(before: Any, order_before: Any, code: Any, order: Any, is_second: Any, pairs: Any) -> Any:
    """`_meet` of two code points with their combining classes, for marks and for what may be second."""
    if order_before:
        return order_before > order > 0 or (is_second and order_before < order)
    key = uint64(before << 21 | code) * uint64(MULTIPLIER)
    return is_second and item(pairs, find_slot(pairs, pairs.size - 1, key)) != uint64(0)


@kernel
def _scan(data: Any, bounds: Any, pages: Any, classes: Any, blocks: Any, orders: Any, pairs: Any, flags: Any) -> None:
    data, bounds, pages, classes, flags = borrowed((data, bounds, pages, classes, flags))
    blocks, orders, pairs = borrowed((blocks, orders, pairs))
    quiet = np.zeros(256, np.bool_)  # ASCII that is nothing but a character, or a space
    for ascii_code in range(128):
        quiet[ascii_code] = classes[pages[0] + ascii_code] & ~np.uint32(SPACE) == 0
    for text in range(bounds.size - 1):
        at, end = bounds[text], bounds[text + 1]
        flag = np.int64(0)
        before, code_before = np.int64(0), np.int64(0)
        met_before = np.int64(0)  # pairs that ended one and two characters ago
        met_two_ago = np.int64(0)
        newlines = 3 if at < end and item(data, at) == 10 else 0  # a newline at the beginning is stripped
        while at < end:
            lead = item(data, at)
            if quiet[lead]:
                begin = at
                while at < end and quiet[item(data, at)]:
                    at += 1
                met_two_ago, met_before = met_before if at - begin == 1 else np.int64(0), np.int64(0)
                code_before = np.int64(item(data, at - 1))
                before = np.int64(item(classes, item(pages, 0) + code_before))
                newlines = 0
                continue
            if lead < 0x80:
                code, size = np.int64(lead), 1
            elif lead < 0xE0:
                code, size = np.int64(lead & 0x1F), 2
            elif lead < 0xF0:
                code, size = np.int64(lead & 0x0F), 3
            else:
                code, size = np.int64(lead & 0x07), 4
            if at + size > end:
                flag |= MISREAD
                break
            for step in range(1, size):
                code = (code << 6) | np.int64(item(data, at + step) & 0x3F)
            at += size
            if code >= 0x110000:
                flag |= MISREAD
                break
            kind = np.int64(item(classes, item(pages, code >> 8) + (code & 0xFF)))
            flag |= kind & (UNCLEAN | COMPOSES | MISREAD)
            if kind & SECOND or kind & before & MARK:
                order = item(orders, entry(blocks, code))
                order_before = item(orders, entry(blocks, code_before))
                if _joins(code_before, order_before, code, order, kind & SECOND != 0, pairs):
                    flag |= COMPOSES
            met = (before >> FIRST) & (kind >> SECOND_OF)
            if met & ONCE or met & met_two_ago & TWICE:
                flag |= MISREAD
            if kind & NEWLINE:
                newlines += 1
                if newlines >= 4 or before & SPACE:
                    flag |= TRIM
            else:
                newlines = 0
            met_two_ago, met_before, before, code_before = met_before, met, kind, code
        if bounds[text] < end and before & (SPACE | NEWLINE):
            flag |= TRIM
        flags[text] = flag


@kernel
def _misread_lines(data: Any, pages: Any, classes: Any, blocks: Any, orders: Any, pairs: Any) -> Any:
    """First and last byte of the lines of one text in which `_scan` finds what is MISREAD."""
    bounds, flags = np.zeros(2, np.int64), np.zeros(1, np.uint8)
    found, count = np.empty((16, 2), np.int64), 0
    start = 0
    for at in range(data.size + 1):
        if at < data.size and data[at] != 10:
            continue
        bounds[1] = at - start
        _scan(data[start:at], bounds, pages, classes, blocks, orders, pairs, flags)
        if flags[0] & MISREAD:
            if count == found.shape[0]:
                more = np.empty((2 * count, 2), np.int64)
                more[:count] = found
                found = more
            found[count, 0], found[count, 1] = start, at
            count += 1
        start = at + 1
    return found[:count]


@kernel
def _trim(data: Any, bounds: Any, rows: Any, pages: Any, classes: Any, out: Any, ends: Any) -> None:
    """`trim` of the texts of these rows, which are valid UTF-8, one after another; `ends` says where each ends."""
    data, bounds, rows, pages, classes = borrowed((data, bounds, rows, pages, classes))
    out, ends = borrowed((out, ends))
    write = np.int64(0)
    for number in range(rows.size):
        begin = write
        line, stop = bounds[rows[number]], bounds[rows[number] + 1]
        blank = 0  # lines since the last one that is not
        while line < stop:
            after = line  # end of the line
            while after < stop and item(data, after) != 10:
                after += 1
            solid = _without_space(data, line, after, pages, classes)
            if solid > line:
                for _ in range(min(blank, 3) if write > begin else 0):
                    put(out, write, np.uint8(10))
                    write += 1
                for at in range(solid - line):
                    put(out, write + at, item(data, line + at))
                write += solid - line
                blank = 0
            blank += 1
            line = after + 1
        ends[number + 1] = write


@inlined
def _without_space(data: Any, start: Any, end: Any, pages: Any, classes: Any) -> Any:
    """Where the last character of a line ends that is no space; its start where there is none."""
    while end > start:
        lead = end - 1
        while lead > start and item(data, lead) & 0xC0 == 0x80:
            lead -= 1
        size = end - lead
        code = np.int64(item(data, lead)) if size == 1 else np.int64(item(data, lead) & (0x7F >> size))
        for step in range(1, size):
            code = (code << 6) | np.int64(item(data, lead + step) & 0x3F)
        if not item(classes, item(pages, code >> 8) + (code & 0xFF)) & SPACE:
            break
        end = lead
    return end
