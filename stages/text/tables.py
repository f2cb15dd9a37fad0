"""What the kernels know of each code point: two-stage tables, made once per process.

Classes come from the `regex` package, as the patterns of `stages.text.characters` that they stand for; case mappings,
combining classes and quick checks of normalization from ICU. Their versions are `UNICODE_VERSION`.
"""

from functools import cache, lru_cache
from typing import Any, Final, NamedTuple
from unicodedata import combining, decomposition, is_normalized

import icu
import numpy as np
import regex

from stages.text.characters import (
    APOSTROPHES,
    COLONS,
    HYPHENS,
    INVISIBLE,
    JOINERS,
    SEPARATORS,
    SPACED,
    UNSPACED,
    UNSPACED_BLOCKS,
)
from stages.text.code_points import MULTIPLIER, empty_table, find_slot
from stages.text.kept import kept

UNICODE_VERSION: Final = f"regex {regex.__version__}, ICU {icu.UNICODE_VERSION}"
"""What the tables were made from: part of the key of every step that measures text."""

LIMIT: Final = 0x110000
JAMO: Final = (0x1100, 0x1200)
"""Letters that NFC joins to syllables, by arithmetic and not by pairs."""
BITS: Final = 7
"""Code points of one block of the tables: 2^BITS."""

LETTER: Final = 1 << 0
MARK: Final = 1 << 1
NUMBER: Final = 1 << 2
PUNCTUATION: Final = 1 << 3
SYMBOL: Final = 1 << 4
"""Symbols, private and unassigned code points."""
SPACE: Final = 1 << 5
"""White space, as `str.isspace` has it."""
CAPITAL: Final = 1 << 6
OWN_SCRIPT: Final = 1 << 7
"""Of a script, neither common to several nor inherited."""
IN_SPACED: Final = 1 << 8
"""Letters, marks and numbers of scripts with spaces between words."""
IN_UNSPACED: Final = 1 << 9
NO_WORD: Final = 1 << 10
"""What is part of no word unless it joins two: white space, separators, control and format characters."""
JOINER: Final = 1 << 11
FORMAT: Final = 1 << 12
"""Format characters that join what stands on both sides of them."""
COLON: Final = 1 << 13
HEBREW: Final = 1 << 14
FILLER: Final = 1 << 15
"""Marks that are one word however often they are repeated."""
COMPOSES: Final = 1 << 16
"""NFC may join it with what stands before it, or replaces it."""
HARD_FOLD: Final = 1 << 17
"""Its case folding is more than one code point or needs a look at its neighbours, or it is invisible."""
CASED: Final = 1 << 18
CASE_IGNORABLE: Final = 1 << 19
UPPER: Final = 1 << 20
"""As `str.isupper` of one character."""
GOES_ON: Final = 1 << 21
"""A lower-case letter that has a capital: a sentence does not begin with it."""
SEGMENTED: Final = 1 << 22
"""A line with it has words that spaces do not show: see `characters.UNSPACED_BLOCKS` and `SEPARATORS`."""
DECIMAL: Final = 1 << 23
WHITE_SPACE: Final = 1 << 24
"""White space as the `regex` package has it: without the four separators of ASCII."""
CHANGES: Final = 1 << 25
"""Its dedup form or its lower case is another one."""
REPLACED: Final = 1 << 26
"""NFC never leaves it as it is."""

WORD: Final = LETTER | MARK | NUMBER

_PATTERNS: Final = {
    LETTER: r"\p{L}",
    MARK: r"\p{M}",
    NUMBER: r"\p{N}",
    PUNCTUATION: r"\p{P}",
    SYMBOL: r"[\p{S}\p{Co}\p{Cn}]",
    IN_SPACED: SPACED,
    IN_UNSPACED: UNSPACED,
    NO_WORD: rf"[\s{SEPARATORS}\p{{Cc}}\p{{Cf}}]",
    JOINER: rf"[{JOINERS}\-]",
    FORMAT: INVISIBLE,
    COLON: f"[{COLONS}]",
    HEBREW: r"\p{Hebrew}",
    FILLER: r"[.\-=_*\#~…]",
    CAPITAL: r"[\p{Lu}\p{Lt}]",
    SPACE: r"[\s\x1c-\x1f]",
    CASED: r"\p{Cased}",
    CASE_IGNORABLE: r"\p{Case_Ignorable}",
    UPPER: r"[\p{Uppercase}--\p{Lt}]",
    HARD_FOLD: r"\p{Default_Ignorable_Code_Point}",
    SEGMENTED: f"[{UNSPACED_BLOCKS}{SEPARATORS}]",
    DECIMAL: r"\p{Nd}",
    WHITE_SPACE: r"\s",
    OWN_SCRIPT: r"[^\p{Script=Common}\p{Script=Inherited}]",
}
_VARIANTS: Final = {
    ord(variant): ord(kind[0]) for kind in (APOSTROPHES, HYPHENS, COLONS) for variant in kind if variant != kind[0]
}


class Tables(NamedTuple):
    """Properties by code point: those of `c` are at `(blocks[c >> 7] << 7) + (c & 127)`.

    `flags` are the constants above; `folded` is what dedup words have in its place, `lowered` what `str.lower` makes
    of it (both as the difference to the code point), `order` its canonical combining class. `pairs` is a hash table of
    the pairs of a starter and what NFC joins it with or moves into it, without Hangul's.
    """

    blocks: Any  # uint16
    flags: Any  # uint32
    folded: Any  # int32
    lowered: Any  # int32
    order: Any  # uint8
    pairs: Any  # uint64


@cache
def every_character() -> str:
    """All code points in order; surrogates, which no text has, are unassigned ones here."""
    points = np.arange(LIMIT, dtype="<u4")
    points[0xD800:0xE000] = 0xFFFF
    return points.tobytes().decode("utf-32-le")


def ranges(pattern: str) -> list[tuple[int, int]]:
    """Half-open ranges of the code points that a class of the `regex` package matches."""
    return [match.span() for match in regex.finditer(rf"(?V1)(?:{pattern})+", every_character())]


@cache
def every_letter() -> str:
    """All letters in order."""
    characters = every_character()
    return "".join(characters[start:end] for start, end in ranges(r"\p{L}"))


@lru_cache(maxsize=256)
def bitmap(points: str) -> np.ndarray:
    """A set of characters as bits: that of `c` is bit `c & 31` of word `c >> 5`."""
    bits = np.zeros(LIMIT, bool)
    bits[np.frombuffer(points.encode("utf-32-le"), "<u4")] = True
    return np.packbits(bits, bitorder="little").view("<u4")


@cache
def tables() -> Tables:
    """The tables, made when first asked for on a machine."""
    return Tables(*kept(make_tables))


def make_tables() -> tuple[np.ndarray, ...]:
    """The arrays of `Tables`."""
    flags = np.zeros(LIMIT, np.uint32)
    for flag, pattern in _PATTERNS.items():
        for start, end in ranges(pattern):
            flags[start:end] |= np.uint32(flag)
    order = np.zeros(LIMIT, np.uint8)
    for start, end in ranges(r"\p{M}"):
        order[start:end] = [icu.Char.getCombiningClass(point) for point in range(start, end)]
    for point in _members("[[:NFC_QC=Maybe:][:NFC_QC=No:]]"):
        flags[point] |= np.uint32(COMPOSES)
    for point in _members("[:NFC_QC=No:]"):
        flags[point] |= np.uint32(REPLACED)
    lowered, folded = np.zeros(LIMIT, np.int32), np.zeros(LIMIT, np.int32)
    for point in _members("[:Changes_When_Lowercased:]"):
        lowered[point] = ord(icu.Char.tolower(chr(point))) - point
    for point in _members("[[:Changes_When_Casefolded:][:NFC_QC=No:]]"):
        whole = _fold(chr(point))
        folded[point] = _VARIANTS.get(ord(whole), ord(whole)) - point if len(whole) == 1 else 0
        if len(whole) != 1 or flags[point] & MARK or (flags[ord(whole)] & (COMPOSES | MARK)):
            flags[point] |= np.uint32(HARD_FOLD)
    for point, plain in _VARIANTS.items():
        folded[point] = plain - point
    root = icu.Locale.getRoot()
    for start, end in ranges(r"\p{Lowercase}"):
        for point in range(start, end):
            if str(icu.UnicodeString(chr(point)).toTitle(root)) != chr(point):
                flags[point] |= np.uint32(GOES_ON)
    flags[(folded != 0) | (lowered != 0)] |= np.uint32(CHANGES)
    return *_two_stages(flags, folded, lowered, order), _pairs()


def _pairs() -> np.ndarray:
    """Of each starter that has a decomposition or is part of one, and each character that may compose with one."""
    decomposed = [decomposition(character).split() for character in every_character()]
    whole = [point for point, parts in enumerate(decomposed) if parts and parts[0][0] != "<"]
    starters = sorted({*whole, *(int(decomposed[point][0], 16) for point in whole if len(decomposed[point]) == 2)})
    second = [chr(point) for point in _members("[:NFC_QC=Maybe:]") if not JAMO[0] <= point < JAMO[1]]
    first = [chr(point) for point in starters if not combining(chr(point)) and is_normalized("NFC", chr(point))]
    found = [(ord(one), ord(two)) for one in first for two in second if not is_normalized("NFC", one + two)]
    keys = empty_table(len(found))
    for one, two in found:
        key = np.uint64((one << 21 | two) * MULTIPLIER & 0xFFFFFFFFFFFFFFFF)
        keys[find_slot(keys, keys.size - 1, key)] = key
    return keys


def _fold(character: str) -> str:
    normal = icu.Normalizer2.getNFCInstance()
    return str(normal.normalize(str(icu.UnicodeString(normal.normalize(character)).foldCase())))


def _members(pattern: str) -> list[int]:
    found = icu.UnicodeSet(pattern)
    spans = [(found.getRangeStart(number), found.getRangeEnd(number)) for number in range(found.getRangeCount())]
    return [point for first, last in spans for point in range(ord(first), ord(last) + 1)]


def _two_stages(flags: Any, folded: Any, lowered: Any, order: Any) -> tuple[np.ndarray, ...]:
    """Equal blocks kept once."""
    planes = np.stack([flags.view(np.int32), folded, lowered, order.astype(np.int32)])
    cut = planes.reshape(4, LIMIT >> BITS, 1 << BITS).transpose(1, 0, 2).reshape(LIMIT >> BITS, -1)
    distinct: dict[bytes, int] = {}
    blocks = np.array([distinct.setdefault(block.tobytes(), len(distinct)) for block in cut], np.uint16)
    found = np.stack([np.frombuffer(block, np.int32) for block in distinct]).reshape(len(distinct), 4, 1 << BITS)
    kinds = (np.uint32, np.int32, np.int32, np.uint8)
    return blocks, *(np.ascontiguousarray(found[:, row].ravel().astype(kind)) for row, kind in enumerate(kinds))
