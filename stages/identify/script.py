"""The script of a text, and whether a language is written in it."""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import icu

SAMPLE = 4096
"""Characters that are looked at, evenly spread: a share of 1 % has a standard error of 0.16 points."""

UNKNOWN = "Zyyy"
"""ISO 15924 for text without letters."""

_KANA = frozenset({"Hira", "Kana"})
_WEIGHT = {"Hani": 3, "Hira": 2, "Kana": 2, "Hang": 2}
"""Letters that one character stands for, roughly: a Chinese word has 1.5 characters, an English one 5."""

_HANGUL_IN_KOREAN = 0.2
"""Judgement: smallest share of Hangul among Han and Hangul in mixed Korean, whose endings and particles are Hangul."""

_KANA_IN_JAPANESE = 0.05
"""Judgement: smallest share of kana among Han and kana in Japanese; Chinese with a Japanese name or two stays below."""


def script_shares(text: str) -> Mapping[str, float]:
    """Share of each script among the letters of a text, the largest first; empty without letters.

    Kana, and Han beside kana, count as Jpan; Han beside Hangul counts as Hang, the script that Korean is filed
    under (`kor_Hang`). Digits, punctuation and marks shared by several scripts do not count.
    """
    counts = _count(text[:: max(1, len(text) // SAMPLE)]) or _count(text)
    kana = sum(counts[script] for script in _KANA)
    han = counts["Hani"]
    if kana and kana >= _KANA_IN_JAPANESE * (kana + han):
        counts["Jpan"] = kana + counts.pop("Hani", 0)
    elif counts["Hang"] and counts["Hang"] >= _HANGUL_IN_KOREAN * (counts["Hang"] + han):
        counts["Hang"] += counts.pop("Hani", 0)
    for script in _KANA:
        counts.pop(script, None)
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {script: count / total for script, count in ordered if count}


def dominant_script(text: str) -> str:
    """ISO 15924 code of the script with most letters; `Zyyy` without letters."""
    return next(iter(script_shares(text)), UNKNOWN)


def _count(text: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if script := _script_of(character):
            counts[script] += count * _WEIGHT.get(script, 1)
    return counts


@lru_cache(maxsize=65536)
def _script_of(character: str) -> str:
    """ISO 15924 code of a letter or of a mark of one script; empty for anything else."""
    if not (character.isalpha() or icu.Char.charType(character) in _MARKS):
        return ""
    script = str(icu.Script.getScript(character).getShortName())
    return "" if script in {"Zyyy", "Zinh", "Zzzz"} else script


_MARKS = frozenset({icu.UCharCategory.NON_SPACING_MARK, icu.UCharCategory.COMBINING_SPACING_MARK})
