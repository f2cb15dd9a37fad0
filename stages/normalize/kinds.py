"""What normalization has to know of each character: two-stage tables, made once per machine."""

import re
import sys
import unicodedata
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from stages.normalize.invisible import AFTER_JOINING, BETWEEN_UNSPACED, NOISE_PATTERN, is_invisible
from stages.normalize.mojibake import ALONE, PAIRS, SIGNS
from stages.text.kept import kept
from stages.text.tables import LIMIT, ranges, tables

UNCLEAN: Final = 1
"""A character that `clean` may remove or replace."""
COMPOSES: Final = 2
"""A character that NFC may join to another, or marks that it may reorder."""
TRIM: Final = 4
"""Of a text: spaces at the end of a line, or blank lines too many."""
SIGN: Final = 4
"""Of a character: `is_bad` looks at it whatever stands beside it."""
SPACE: Final = 8
NEWLINE: Final = 16
MISREAD: Final = 32
"""A sign of mojibake, a C1 control (which is half of one), or broken UTF-8."""
MARK: Final = 64
SECOND: Final = 128
"""NFC joins the character to some that may stand before it."""
FIRST: Final = 8
SECOND_OF: Final = 20
"""Bits of a kind from which on it says of which pairs, of `PAIRS` and then of `SIGNS`, the character may be the first
and the second."""
TWICE: Final = sum(1 << number for number, pair in enumerate(PAIRS) if pair.times > 1)
"""Pairs that count only where two stand in a row."""
ONCE: Final = (1 << len(PAIRS)) - 1 - TWICE
BESIDE: Final = (1 << (len(PAIRS) + len(SIGNS))) - (1 << len(PAIRS))
"""Pairs that `is_bad` looks at."""

JOINING: Final = 1
"""A letter or mark after which a joiner may stand."""
UNSPACED: Final = 2
"""Of a script without spaces, in which zero-width spaces may stand."""
NONSPACING: Final = 4
PICTURE: Final = 8
"""A pictograph, which a zero-width joiner may join to another."""
MODIFIER: Final = 16
"""What may follow a pictograph: a skin tone or the selector of its colourful form."""
TAG: Final = 32
FLAG: Final = 64
"""The black flag, which tags may follow."""
NOISE: Final = 128
"""Removed wherever it stands."""


class Kinds(NamedTuple):
    """Tables by code point: those of `c` are at `pages[c >> 8] + (c & 255)`, the last three as in `text.tables`."""

    pages: Any  # int64
    kinds: Any  # uint32
    contexts: Any  # uint8: what stands around invisible characters
    blocks: Any  # uint16
    order: Any  # uint8
    pairs: Any  # uint64


@cache
def kind_tables() -> Kinds:
    """The tables, made when first asked for on a machine."""
    characters = tables()
    return Kinds(*(*kept(make_kinds), characters.blocks, characters.order, characters.pairs))


LOOKED_AT: Final = (
    (0, 0x3400),
    (0xA000, 0xAC00),
    (0xD7A4, 0xE000),
    (0xF8FF, 0x17000),
    (0x18D00, 0x20000),
    (0x2F800, 0x2FA20),
    (0xE0000, 0xE0200),
)
"""The rest of Unicode (ideographs, Hangul syllables, private and unassigned planes) is never of any kind."""


def make_kinds() -> tuple[np.ndarray, ...]:
    """The first three arrays of `Kinds`: equal pages are kept once."""
    kinds = np.zeros(LIMIT, np.uint32)
    for start, end in LOOKED_AT:
        kinds[start:end] = [kind_of(chr(code)) for code in range(start, end)]
    contexts = np.zeros(LIMIT, np.uint32)
    for context, pattern in _CONTEXTS.items():
        for start, end in ranges(pattern):
            contexts[start:end] |= context
    both = np.concatenate([kinds.reshape(-1, 256), contexts.reshape(-1, 256)], axis=1)
    distinct, page_of = np.unique(both, axis=0, return_inverse=True)
    page_of = page_of.reshape(-1).astype(np.int64) * 256
    return page_of, distinct[:, :256].reshape(-1), distinct[:, 256:].astype(np.uint8).reshape(-1)


_CONTEXTS: Final = {
    JOINING: AFTER_JOINING,
    UNSPACED: BETWEEN_UNSPACED,
    NONSPACING: r"\p{Mn}",
    PICTURE: r"\p{Extended_Pictographic}",
    MODIFIER: "[\ufe0f\U0001f3fb-\U0001f3ff]",
    TAG: "[\U000e0020-\U000e007f]",
    FLAG: "\U0001f3f4",
    NOISE: NOISE_PATTERN,
}


@cache
def _pair_classes() -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
    return [(re.compile(pair.first), re.compile(pair.second)) for pair in (*PAIRS, *SIGNS)]


def kind_of(character: str) -> int:
    """The flags of one character, and of which pairs it may be part."""
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
    if character in seconds():
        kind |= SECOND
    if ALONE.match(character):
        kind |= SIGN
    if code < 0x3000 or 0xF8FF <= code < 0x10000:  # no 8-bit encoding has any of the others
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
def seconds() -> frozenset[str]:
    """Characters that NFC may join to the one before."""
    pairs = ((chr(code), unicodedata.decomposition(chr(code)).split()) for code in range(sys.maxunicode + 1))
    return frozenset(
        chr(int(parts[1], 16))
        for character, parts in pairs
        if len(parts) == 2 and not parts[0].startswith("<") and unicodedata.normalize("NFC", character) == character
    )
