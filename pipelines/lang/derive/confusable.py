"""Which languages an identifier takes a language for, or divides its text with."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from pipelines.lang.derive.reference import Reference, Scorer, pieces_of
from stages.columns import UNDETERMINED
from stages.corpus.fates import SECOND, SECOND_SCORE

LEAST_PIECES: Final = 10
"""Of text, below which nothing is told."""

LEAST_COUNT, LEAST_SHARE = 2, 0.05
"""Pieces, and their share, that are taken for a language or divided with it, from which on it is confusable."""

MOST: Final = 6
"""Languages of a list: text of a language that a model has hardly learned is taken for anything."""


@dataclass(frozen=True)
class Confusable:
    """Codes with the share of pieces of each, the largest first."""

    model: str
    pieces: int
    sources: tuple[str, ...]
    shares: tuple[tuple[str, float], ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(sorted(code for code, _ in self.shares))

    def told(self, limit: float) -> str:
        """What was measured: with `limit`, the language and its share of the pieces."""
        shown = ", ".join(f"{code} {share:.0%}" for code, share in self.shares)
        return (
            f"shares of {self.pieces} pieces of {', '.join(self.sources)} that {self.model} takes for the language, or"
            f" names right with more than {limit:g} for it: {shown}"
        )


def find_confusable(reference: Reference, scorer: Scorer, limit: float) -> Confusable | None:
    """The languages that the identifier confuses the reference's language with; None where it does not know it.

    `limit` is the score of a runner-up from which on a document counts as one of two languages.
    """
    if reference.code not in scorer.codes:
        return None
    pieces = pieces_of(reference)
    if len(pieces.texts) < LEAST_PIECES:
        return None
    found = scorer.identify(list(pieces.texts))
    counts: Counter[str] = Counter()
    columns = (found.column(name).to_pylist() for name in ("language", SECOND, SECOND_SCORE))
    for code, second, score in zip(*columns, strict=True):
        if code != reference.code:
            counts[code] += 1
        elif second is not None and score > limit:
            counts[second] += 1
    total = len(pieces.texts)
    shares = [
        (code, count / total)
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if count >= max(LEAST_SHARE * total, LEAST_COUNT) and code != UNDETERMINED
    ]
    return Confusable(scorer.model, total, tuple(sorted(set(pieces.sources))), tuple(shares[:MOST]))
