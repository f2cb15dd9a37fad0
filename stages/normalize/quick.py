"""Which texts normalization leaves as they are: one pass over the bytes, so that few texts need the careful code."""

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from stages.normalize.invisible import is_invisible
from stages.normalize.mojibake import PAIRS
from stages.normalize.unicode import NormalizeUnicode, normalize_text, trim
from stages.text.compiled import kernel
from stages.text.kept import kept

CAREFUL = 1
"""A character, or a sign of mojibake, that the careful code may change."""
COMPOSES = 2
"""A character that NFC may join or reorder."""
TRIM = 4
"""Spaces at the end of a line, or blank lines too many."""

SPACE, NEWLINE = 8, 16
FIRST, SECOND = 8, 20
"""Bits of a kind from which on it says of which pairs the character may be the first and the second."""
TWICE = sum(1 << number for number, pair in enumerate(PAIRS) if pair.times > 1)
"""Pairs that count only where two stand in a row."""
ONCE = (1 << len(PAIRS)) - 1 - TWICE


def normalize_texts(texts: list[str], config: NormalizeUnicode) -> list[str]:
    """`normalize_text` of each text; those that it would not change are only looked at."""
    try:
        column = pa.array(texts, pa.large_string())
    except UnicodeEncodeError:  # a lone surrogate somewhere
        return [normalize_text(text, config) for text in texts]
    flags = suspects(column).tolist()
    return [_normalized(text, flag, config) for text, flag in zip(texts, flags, strict=True)]


def _normalized(text: str, flag: int, config: NormalizeUnicode) -> str:
    if flag & CAREFUL or (flag & COMPOSES and not unicodedata.is_normalized("NFC", text)):
        return normalize_text(text, config)
    return trim(text) if flag & TRIM else text


def suspects(column: pa.LargeStringArray) -> np.ndarray:
    """For each text the flags CAREFUL, COMPOSES and TRIM; zero means that normalization leaves it as it is.

    A text may be flagged in vain, never the other way round.
    """
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    text_bytes = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    flags = np.zeros(len(column), np.uint8)
    pages, classes = _tables()
    _scan(text_bytes, bounds, pages, classes, flags)
    return flags


def suspect_plain(text: str) -> int:
    """Reference of `suspects` for one text."""
    kinds = [_kind(character) for character in text]
    flags = 0
    for kind in kinds:
        flags |= kind & (CAREFUL | COMPOSES)
    met = [(first >> FIRST) & (second >> SECOND) for first, second in pairwise(kinds)]
    if any(found & ONCE for found in met) or any(a & b & TWICE for a, b in zip(met, met[2:], strict=False)):
        flags |= CAREFUL
    if any(kind & SPACE and following & NEWLINE for kind, following in pairwise([*kinds, NEWLINE])):
        flags |= TRIM
    if text.startswith("\n") or text.endswith("\n") or "\n\n\n\n" in text:
        flags |= TRIM
    return flags


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
    """Two-stage table of kinds: page of each 256 code points, and the distinct pages one after another."""
    return kept(make_kinds)


def make_kinds() -> tuple[np.ndarray, ...]:
    """The arrays of `_tables`."""
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
    if (code < 0x20 and character != "\t") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
        kind |= CAREFUL
    if character in "\u2028\u2029" or is_invisible(character):
        kind |= CAREFUL
    if code < 0x80:
        return kind
    if _composes(character):
        kind |= COMPOSES
    if code < 0x3000:  # no 8-bit encoding has a character beyond
        for number, (first, second) in enumerate(_pair_classes()):
            kind |= (first.match(character) is not None) << (FIRST + number)
            kind |= (second.match(character) is not None) << (SECOND + number)
    return kind


def _composes(character: str) -> bool:
    """Whether NFC of a text that holds the character may differ from the text (superset of NFC_QC No and Maybe)."""
    code = ord(character)
    return (
        unicodedata.combining(character) != 0
        or unicodedata.normalize("NFC", character) != character
        or 0x1160 <= code < 0x1200  # vowels and final consonants of Hangul
        or unicodedata.category(character)[0] == "M"
    )


@kernel
def _scan(data: Any, bounds: Any, pages: Any, classes: Any, flags: Any) -> None:
    for text in range(bounds.size - 1):
        at, end = bounds[text], bounds[text + 1]
        flag = np.int64(0)
        before = np.int64(0)
        met_before = np.int64(0)  # pairs that ended one and two characters ago
        met_two_ago = np.int64(0)
        newlines = 3 if at < end and data[at] == 10 else 0  # a newline at the beginning is stripped
        while at < end:
            lead = data[at]
            if lead < 0x80:
                code, size = np.int64(lead), 1
            elif lead < 0xE0:
                code, size = np.int64(lead & 0x1F), 2
            elif lead < 0xF0:
                code, size = np.int64(lead & 0x0F), 3
            else:
                code, size = np.int64(lead & 0x07), 4
            if at + size > end:
                flag |= CAREFUL
                break
            for step in range(1, size):
                code = (code << 6) | np.int64(data[at + step] & 0x3F)
            at += size
            if code >= 0x110000:
                flag |= CAREFUL
                break
            kind = np.int64(classes[pages[code >> 8] + (code & 0xFF)])
            flag |= kind & (CAREFUL | COMPOSES)
            met = (before >> FIRST) & (kind >> SECOND)
            if met & ONCE or met & met_two_ago & TWICE:
                flag |= CAREFUL
            if kind & NEWLINE:
                newlines += 1
                if newlines >= 4 or before & SPACE:
                    flag |= TRIM
            else:
                newlines = 0
            met_two_ago, met_before, before = met_before, met, kind
        if bounds[text] < end and before & (SPACE | NEWLINE):
            flag |= TRIM
        flags[text] = flag
