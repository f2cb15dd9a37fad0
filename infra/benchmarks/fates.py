"""What bounds do to documents, and its figures by language and source."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

MANY: Final = 50
"""Documents of a language from which on its own share is judged."""

OVERALL, MEAN, WORST = 0.01, 0.015, 0.05
"""Shares that may be dropped: of all documents, as the mean over languages, of a language with `MANY` documents."""


@dataclass(frozen=True)
class Fate:
    """A document and the bounds that drop it; none where it is kept."""

    id: str
    language: str
    source: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Share:
    """Documents of a language or source, and how many of them are dropped for what."""

    name: str
    documents: int
    dropped: int
    reasons: Mapping[str, int]

    @property
    def share(self) -> float:
        return self.dropped / self.documents

    def explained(self) -> str:
        """The bounds that drop the most, as `symbol_ratio 2`."""
        return ", ".join(f"{reason} {count}" for reason, count in Counter(self.reasons).most_common(3))


def shares(fates: Sequence[Fate], by: str) -> list[Share]:
    """For each language or source what is dropped, the largest share first."""
    groups: dict[str, list[Fate]] = {}
    for fate in fates:
        groups.setdefault(getattr(fate, by), []).append(fate)
    found = [
        Share(
            name,
            len(members),
            sum(bool(fate.reasons) for fate in members),
            dict(Counter(reason for fate in members for reason in fate.reasons)),
        )
        for name, members in groups.items()
    ]
    return sorted(found, key=lambda share: (-share.share, share.name))


@dataclass(frozen=True)
class Summary:
    """The figures of a set of fates."""

    documents: int
    languages: int
    dropped: int
    overall: float
    mean_of_languages: float
    worst_of_many: float
    above_1_percent: int


def summary(fates: Sequence[Fate]) -> Summary:
    """What is dropped over all, as the mean over languages, and at most where a language has `MANY` documents."""
    languages = shares(fates, "language")
    count = sum(share.dropped for share in languages)
    return Summary(
        documents=len(fates),
        languages=len(languages),
        dropped=count,
        overall=count / max(len(fates), 1),
        mean_of_languages=float(np.mean([share.share for share in languages])) if languages else 0.0,
        worst_of_many=max((share.share for share in languages if share.documents >= MANY), default=0.0),
        above_1_percent=sum(share.share > 0.01 for share in languages),
    )


def passes(found: Summary) -> bool:
    """Whether clean text survives."""
    return found.overall <= OVERALL and found.mean_of_languages <= MEAN and found.worst_of_many <= WORST
