"""The script of a text: letters counted by script, compiled and plain."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import icu
import numpy as np
from numba import int64, uint32, uint64

from stages.identify.compiled import inlined, kernel
from stages.text.compiled import load8
from stages.text.windows import WINDOW, ascii_letters, continuations, count_ones, first_one, high_bytes

UNKNOWN: Final = "Zyyy"
"""ISO 15924 for text without letters."""

_WEIGHT: Final = {"Hani": 3, "Hira": 2, "Kana": 2, "Hang": 2}
"""Letters that one character stands for, roughly: a Chinese word has 1.5 characters, an English one 5."""

_HANGUL_IN_KOREAN: Final = 0.2
"""Judgement: smallest share of Hangul among Han and Hangul in mixed Korean, whose endings and particles are Hangul."""

_KANA_IN_JAPANESE: Final = 0.05
"""Judgement: smallest share of kana among Han and kana in Japanese; Chinese with a Japanese name or two stays below."""

_COUNTED: Final = "[[:L:][:Mn:][:Mc:]]"  # letters, and marks where they are of one script


class Scripts(NamedTuple):
    """Scripts by number, in the order of their names; 0 is no script.

    The number of code point c is blocks[places[c >> 8], c & 255].
    """

    places: np.ndarray  # uint16
    blocks: np.ndarray  # uint8
    weights: np.ndarray  # int64
    han: int
    hangul: int
    hiragana: int
    katakana: int
    japanese: int
    latin: int


@cache
def script_names() -> tuple[str, ...]:
    """ISO 15924 codes by number; 0 is `Zyyy`."""
    return (UNKNOWN, *sorted({*_members(), "Jpan"}))


@cache
def _members() -> Mapping[str, list[tuple[int, int]]]:
    """Ranges of letters and marks of each script of the Unicode version that ICU has."""
    counted = icu.UnicodeSet(_COUNTED)
    found = {}
    for number in range(icu.Char.getIntPropertyMaxValue(icu.UProperty.SCRIPT) + 1):
        members = icu.UnicodeSet()
        members.applyIntPropertyValue(icu.UProperty.SCRIPT, number)
        members.retainAll(counted)
        name = "" if members.isEmpty() else str(icu.Script(number).getShortName())
        if name not in ("", "Zyyy", "Zinh", "Zzzz"):
            ranges = range(members.getRangeCount())
            found[name] = [(_point(members.getRangeStart(i)), _point(members.getRangeEnd(i))) for i in ranges]
    return found


def _point(character: Any) -> int:
    return character if isinstance(character, int) else ord(character)


@cache
def scripts() -> Scripts:
    """The tables of the kernels."""
    names = script_names()
    numbers = np.zeros(0x110000, np.uint8)
    for name, ranges in _members().items():
        number = names.index(name)
        for first, last in ranges:
            numbers[first : last + 1] = number
    numbered: dict[bytes, int] = {}  # np.unique takes a quarter of a second
    places = [numbered.setdefault(block.tobytes(), len(numbered)) for block in numbers.reshape(-1, 256)]
    weights = np.array([_WEIGHT.get(name, 1) for name in names], np.int64)
    han, hangul, hiragana, katakana, japanese, latin = map(
        names.index, ("Hani", "Hang", "Hira", "Kana", "Jpan", "Latn")
    )
    return Scripts(
        np.array(places, np.uint16),
        np.frombuffer(b"".join(numbered), np.uint8).reshape(-1, 256).copy(),
        weights,
        han,
        hangul,
        hiragana,
        katakana,
        japanese,
        latin,
    )


@inlined
def code_point(data: Any, place: Any, stop: Any) -> Any:
    """The code point whose bytes begin here, and their number; 0 and 1 where no UTF-8 begins."""
    byte = uint64(data[place])
    if byte < 0xC2 or byte > 0xF4:
        return uint64(0), uint64(1)
    size = uint64(2) + uint64(byte >= 0xE0) + uint64(byte >= 0xF0)
    if place + size > stop:
        return uint64(0), uint64(1)
    point = byte & (uint64(0x7F) >> size)
    good = True
    for later in range(uint64(1), size):
        follower = uint64(data[place + later])
        good &= (follower & uint64(0xC0)) == 0x80
        point = (point << uint64(6)) | (follower & uint64(0x3F))
    return (point, size) if good else (uint64(0), uint64(1))


@inlined
def _script_at(data: Any, place: Any, tables: Any) -> Any:
    """The script of the character whose first byte, not ASCII, is here; 0 where no UTF-8 begins. Reads 8 bytes."""
    bytes8 = load8(data, int64(place))
    lead, last = bytes8 & uint64(0xFF), (bytes8 >> uint64(8)) & uint64(0x3F)
    if lead < uint64(0xE0):
        point = ((lead & uint64(0x1F)) << uint64(6)) | last
        good = (bytes8 & uint64(0xC000)) == uint64(0x8000) and lead >= uint64(0xC2)
    elif lead < uint64(0xF0):
        point = ((lead & uint64(0x0F)) << uint64(12)) | (last << uint64(6)) | ((bytes8 >> uint64(16)) & uint64(0x3F))
        good = (bytes8 & uint64(0xC0C000)) == uint64(0x808000)
    else:
        point = ((lead & uint64(0x0F)) << uint64(18)) | (last << uint64(12)) | ((bytes8 >> uint64(10)) & uint64(0xFC0))
        point |= (bytes8 >> uint64(24)) & uint64(0x3F)
        good = (bytes8 & uint64(0xC0C0C000)) == uint64(0x80808000) and point < uint64(0x110000)
    point = point if good else uint64(0)
    return uint64(tables.blocks[uint64(tables.places[point >> uint64(8)]), point & uint64(255)])


@kernel
def count_scripts(data: Any, start: Any, end: Any, tables: Any, counts: Any) -> Any:
    """Fill in the letters of each script of a text, weighted, and return their sum.

    Kana, and Han beside kana, count as Jpan; Han beside Hangul as Hang. Bytes that are no UTF-8 count as nothing.
    """
    counts[:] = 0
    place, stop = uint64(start), uint64(end)
    latin = uint64(0)
    while place + uint64(WINDOW + 8) <= stop:
        latin += count_ones(uint64(ascii_letters(data, place)))
        leads = high_bytes(data, place) & ~continuations(data, place)
        while leads:
            first = _script_at(data, place + first_one(leads), tables)
            leads &= leads - uint32(1)
            second = _script_at(data, place + first_one(leads), tables) if leads else uint64(0)
            leads &= leads - uint32(1)
            # one sum after the other would wait for what was written
            counts[first] += 1 + int64(first == second)
            counts[second if first != second else uint64(0)] += 1
        place += uint64(WINDOW)
    while place < stop:
        byte = data[place]
        if byte < 0x80:
            latin += uint64(97 <= (byte | 0x20) <= 122)
            place += uint64(1)
            continue
        point, size = code_point(data, place, stop)
        if point < 0x110000:
            counts[uint64(tables.blocks[uint64(tables.places[point >> uint64(8)]), point & uint64(255)])] += 1
        place += size
    counts[tables.latin] += np.int64(latin)
    counts[0] = 0
    for script in range(counts.size):
        counts[script] *= tables.weights[script]
    kana, han, hangul = counts[tables.hiragana] + counts[tables.katakana], counts[tables.han], counts[tables.hangul]
    counts[tables.hiragana] = counts[tables.katakana] = 0
    if kana and kana >= _KANA_IN_JAPANESE * (kana + han):
        counts[tables.japanese], counts[tables.han] = kana + han, 0
    elif hangul and hangul >= _HANGUL_IN_KOREAN * (hangul + han):
        counts[tables.hangul], counts[tables.han] = hangul + han, 0
    return counts.sum()


def script_shares(text: str) -> Mapping[str, float]:
    """Share of each script among the letters of a text, the largest first; empty without letters.

    Kana, and Han beside kana, count as Jpan; Han beside Hangul counts as Hang, the script that Korean is filed
    under (`kor_Hang`). Digits, punctuation and marks shared by several scripts do not count.
    """
    encoded = np.frombuffer(text.encode("utf-8", "replace") or b"\0", np.uint8)
    counts = np.zeros(len(script_names()), np.int64)
    total = int(count_scripts(encoded, 0, len(encoded), scripts(), counts))
    return _ordered(Counter(dict(zip(script_names(), counts.tolist(), strict=True))), total)


def script_shares_plain(text: str) -> Mapping[str, float]:
    """The reference of `script_shares`."""
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        for name, ranges in _members().items():
            if any(first <= ord(character) <= last for first, last in ranges):
                counts[name] += count * _WEIGHT.get(name, 1)
    kana, han = counts.pop("Hira", 0) + counts.pop("Kana", 0), counts["Hani"]
    if kana and kana >= _KANA_IN_JAPANESE * (kana + han):
        counts["Jpan"] = kana + counts.pop("Hani", 0)
    elif counts["Hang"] and counts["Hang"] >= _HANGUL_IN_KOREAN * (counts["Hang"] + han):
        counts["Hang"] += counts.pop("Hani", 0)
    return _ordered(counts, sum(counts.values()))


def _ordered(counts: Mapping[str, int], total: int) -> Mapping[str, float]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {script: count / total for script, count in ordered if count}


def dominant_script(text: str) -> str:
    """ISO 15924 code of the script with most letters; `Zyyy` without letters."""
    return next(iter(script_shares(text)), UNKNOWN)
