"""Measures of identifiers: what they say of texts beside what is true."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from stages.columns import UNDETERMINED
from stages.identify.codes import same_language

CONFUSED: Final = 0.1
"""Share of a language's sentences from which on they belong to one confusable group with what they are taken for."""

CALIBRATION_BINS: Final = 10

LENGTHS: Final = (0, 25, 50, 100, 200, 500)
"""Characters from which on a text is of the next length."""


@dataclass(frozen=True)
class Said:
    """What an identifier says of each text: codes, and scores in [0, 1]."""

    codes: tuple[str, ...]
    scores: np.ndarray


_same = lru_cache(maxsize=1 << 16)(same_language)


def folded(truth: Sequence[str], codes: Iterable[str]) -> list[str]:
    """The codes, with the true one where only the macrolanguage differs: `est_Latn` for `ekk_Latn` is right."""
    pairs = zip(truth, codes, strict=True)
    return [true if code != UNDETERMINED and _same(true, code) else code for true, code in pairs]


@dataclass(frozen=True)
class Quality:
    """Of one identifier on some texts; shares in [0, 1]."""

    texts: int
    accuracy: float
    macro_f1: float
    answered: float  # share that is not `und`
    calibration_error: float  # expected, over the answered texts
    f1: dict[str, float]  # by language


def quality(truth: Sequence[str], said: Said) -> Quality:
    """Accuracy, F1 of each language and their mean, and whether scores are the shares that are right."""
    codes = folded(truth, said.codes)
    right = np.array([true == code for true, code in zip(truth, codes, strict=True)], bool)
    found = f1_by_language(truth, codes)
    answered = np.array([code != UNDETERMINED for code in codes], bool)
    return Quality(
        len(truth),
        float(right.mean()) if len(right) else 0.0,
        sum(found.values()) / max(len(found), 1),
        float(answered.mean()) if len(right) else 0.0,
        _calibration_error(said.scores[answered], right[answered]),
        found,
    )


def f1_by_language(truth: Sequence[str], codes: Sequence[str]) -> dict[str, float]:
    """F1 of each language that is the true one of a text."""
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for true, code in zip(truth, codes, strict=True):
        if true == code:
            right[true] += 1
        else:
            missed[true] += 1
            wrong[code] += 1
    counted = sorted(set(right) | set(missed))
    return {code: 2 * right[code] / (2 * right[code] + wrong[code] + missed[code]) for code in counted}


def _calibration_error(scores: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error (Naeini et al. 2015) with bins of equal width."""
    if not len(scores):
        return 0.0
    bins = np.minimum((scores * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    sizes = np.bincount(bins, minlength=CALIBRATION_BINS)
    confidence, correct = (np.bincount(bins, values, CALIBRATION_BINS) for values in (scores, right.astype(float)))
    return float(np.abs(confidence - correct).sum() / max(sizes.sum(), 1))


def length_of(text: str) -> int:
    """The largest of LENGTHS that the text has characters for."""
    return max(length for length in LENGTHS if len(text) >= length)


def confusions(truth: Sequence[str], codes: Sequence[str]) -> list[tuple[str, str, int, float]]:
    """True language, what it was taken for, how often, and as a share of the language's texts; most frequent first."""
    sizes = Counter(truth)
    wrong = Counter((true, code) for true, code in zip(truth, codes, strict=True) if true != code)
    rows = [(true, code, count, count / sizes[true]) for (true, code), count in wrong.items()]
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[0], row[1]))


@dataclass(frozen=True)
class Group:
    """Languages that are taken for each other."""

    codes: tuple[str, ...]
    texts: int
    accuracy: float
    accuracy_of_group: float  # where any language of the group is right


def confusable_groups(truth: Sequence[str], codes: Sequence[str]) -> list[Group]:
    """Connected languages of which a share of CONFUSED is taken for the other, the largest groups first."""
    languages = sorted(set(truth))
    parent = {code: code for code in languages}

    def root(code: str) -> str:
        while parent[code] != code:
            code = parent[code]
        return code

    for true, code, count, share in confusions(truth, codes):
        if share >= CONFUSED and count > 1 and code in parent:
            parent[max(root(true), root(code))] = min(root(true), root(code))
    members: dict[str, list[str]] = defaultdict(list)
    for code in languages:
        members[root(code)].append(code)
    found = [_group(group, truth, codes) for group in members.values() if len(group) > 1]
    return sorted(found, key=lambda group: (-len(group.codes), group.codes))


def _group(group: Sequence[str], truth: Sequence[str], codes: Sequence[str]) -> Group:
    inside = frozenset(group)
    pairs = [(true, code) for true, code in zip(truth, codes, strict=True) if true in inside]
    right = sum(true == code for true, code in pairs) / len(pairs)
    return Group(tuple(group), len(pairs), right, sum(code in inside for _, code in pairs) / len(pairs))
