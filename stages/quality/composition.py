"""What a text consists of: digits, capitals, punctuation, symbols, addresses, letters of the expected script."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import regex

from stages.quality.composition_kernel import Script, count
from stages.registry import stage
from stages.text.batch import TextBatch, columns_in, measured
from stages.text.tables import bitmap, every_letter

COLUMNS = pa.schema(
    [
        ("digit_ratio", pa.float32()),
        ("uppercase_ratio", pa.float32()),
        ("punctuation_ratio", pa.float32()),
        ("symbol_char_ratio", pa.float32()),
        ("url_ratio", pa.float32()),
        ("script_ratio", pa.float32()),
    ]
)
_columns = columns_in(COLUMNS)
COMPOSITE_SCRIPTS: Final = {
    "Jpan": ("Hani", "Hira", "Kana"),
    "Hrkt": ("Hira", "Kana"),
    "Kore": ("Hang", "Hani"),
    "Hans": ("Hani",),
    "Hant": ("Hani",),
    "Aran": ("Arab",),
    "Cyrs": ("Cyrl",),
    "Latf": ("Latn",),
    "Latg": ("Latn",),
    "Geok": ("Geor",),
    "Syre": ("Syrc",),
    "Syrj": ("Syrc",),
    "Syrn": ("Syrc",),
}
"""Codes of ISO 15924 that are no Unicode script of their own."""

NO_SCRIPT: Final = frozenset(("", "Zinh", "Zmth", "Zsye", "Zsym", "Zxxx", "Zyyy", "Zzzz"))
"""Codes of ISO 15924 for text that is of no one script."""

_URL = regex.compile(r"(?:https?://|www\.)\S+")
_CLASSES = regex.compile(r"(\p{L})|(\p{N})|(\p{P})|([\p{S}\p{Co}\p{Cn}])")
_CAPITAL = regex.compile(r"[\p{Lu}\p{Lt}]")


@dataclass(frozen=True, kw_only=True)
class Composition:
    """`quality.composition` has no options: its bounds are those of the language file."""


@stage("quality.composition", config=Composition, writes=COLUMNS)
def composition(batch: TextBatch, config: Composition) -> pa.RecordBatch:
    """Measure shares of characters by Unicode category.

    Digits (\\p{N}), punctuation (\\p{P}) and symbols (\\p{S}, unassigned and private characters) are per character
    that is no white space, `uppercase_ratio` is capitals per letter, `url_ratio` characters of web addresses per
    character. `script_ratio` is letters of the script in the language's code per letter of any script, letters shared
    by all scripts left out; 1 for text without letters and for `und`. Empty texts have 0 elsewhere.

    Reads:   text
    Writes:  digit_ratio, uppercase_ratio, punctuation_ratio, symbol_char_ratio, url_ratio, script_ratio: float32
    Source:  CCNet and RedPajama-V2 signals; script share as in the checks of Kreutzer et al. 2022
    """
    script = batch.language.code.partition("_")[2]
    segments = batch.segments
    found, addresses = count(segments, _script(script))
    visible, letters, digits, marks, symbols, capitals, scripted, of_script = found.T
    shown = np.maximum(visible, 1)
    columns = (
        digits / shown,
        capitals / np.maximum(letters, 1),
        marks / shown,
        symbols / shown,
        addresses / np.maximum(segments.code_points, 1),
        np.where(scripted > 0, of_script / np.maximum(scripted, 1), 1.0),
    )
    return _columns(columns)


@lru_cache(maxsize=64)
def _script(code: str) -> Script:
    """What there is to know of an ISO 15924 script, of which only letters are counted."""
    pattern = _script_pattern(code)
    if pattern is None:
        return Script.of(np.zeros(0, np.uint32))
    shared = r"[\p{Script=Common}\p{Script=Inherited}]"
    return Script.of(bitmap("".join(regex.findall(rf"(?V1)[{pattern.pattern}--{shared}]+", every_letter()))))


def composition_plain(batch: TextBatch, config: Composition) -> pa.RecordBatch:
    """The reference of `composition`, character by character."""
    script = batch.language.code.partition("_")[2]
    return measured(COLUMNS, [_shares(text, script) for text in batch.texts])


def _shares(text: str, script: str) -> tuple[float, ...]:
    visible = digits = capitals = letters = punctuation = symbols = scripted = of_script = 0
    for character, number in Counter(text).items():
        facts = _facts(character, script)
        if facts.visible:
            visible += number
        if facts.kind == "letter":
            letters += number
            scripted += number * facts.scripted
            of_script += number * facts.of_script
            capitals += number * facts.capital
        elif facts.kind == "digit":
            digits += number
        elif facts.kind == "punctuation":
            punctuation += number
        elif facts.kind == "symbol":
            symbols += number
    addresses = sum(map(len, _URL.findall(text))) if "://" in text or "www." in text else 0
    shown = max(visible, 1)
    return (
        digits / shown,
        capitals / max(letters, 1),
        punctuation / shown,
        symbols / shown,
        addresses / max(len(text), 1),
        of_script / scripted if scripted else 1.0,
    )


class _Facts(NamedTuple):
    kind: str
    visible: bool
    scripted: bool
    of_script: bool
    capital: bool


@lru_cache(maxsize=1 << 15)
def _facts(character: str, script: str) -> _Facts:
    found = _CLASSES.match(character)
    kind = ("other", "letter", "digit", "punctuation", "symbol")[(found and found.lastindex) or 0]
    pattern = _script_pattern(script)
    scripted = regex.match(r"[\p{Script=Common}\p{Script=Inherited}]", character) is None
    return _Facts(
        kind,
        not character.isspace(),
        scripted,
        scripted and (pattern is None or pattern.match(character) is not None),
        _CAPITAL.match(character) is not None,
    )


@lru_cache(maxsize=256)
def _script_pattern(script: str) -> regex.Pattern[str] | None:
    """Characters of an ISO 15924 script; None where there is no such script."""
    if script in NO_SCRIPT:
        return None
    names = COMPOSITE_SCRIPTS.get(script, (script,))
    try:
        return regex.compile("[" + "".join(rf"\p{{Script={name}}}" for name in names) + "]")
    except regex.error:
        return None
