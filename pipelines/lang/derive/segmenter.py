"""Which segmenter fits a language: the one whose words tell held-out text in the fewest bits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final, get_args

from pipelines.lang.derive.reference import Reference, pieces_of
from stages.text.language import DICTIONARY, Segmenter
from stages.text.segmentation import find_runs, run_words

LEAST_CHARACTERS: Final = 5_000
"""Of scripts without spaces, in both halves together, below which nothing is told."""

LEAST_SHARE: Final = 0.5
"""Of the characters of a text that are not white space: in less of them a script without spaces is a guest."""

BETTER: Final = 0.9
"""What another segmenter's bits must be of the dictionary's, so that sentences that both halves have do not decide."""

_END: Final = ""
"""Stands for the end of a run."""


@dataclass(frozen=True)
class SegmenterFit:
    """Bits a character of held-out runs under the words of each segmenter, learned on the other half."""

    bits: Mapping[Segmenter, float]
    characters: int
    sources: tuple[str, ...]

    @property
    def best(self) -> Segmenter:
        """The segmenter of the fewest bits; the dictionary where no other is clearly better."""
        best = min(self.bits, key=lambda segmenter: (self.bits[segmenter], segmenter))
        return best if self.bits[best] < BETTER * self.bits[DICTIONARY] else DICTIONARY

    def told(self) -> str:
        """What was measured: as `3.90 by dictionary, 5.27 by clusters, 5.33 by spaces`."""
        shown = ", ".join(f"{bits:.2f} by {name}" for name, bits in self.bits.items())
        return (
            f"bits a character of held-out text in words cut {shown} ({self.characters:,} characters of"
            f" {', '.join(self.sources)})"
        )


def fit_segmenter(reference: Reference) -> SegmenterFit | None:
    """How well each segmenter fits the language's runs of scripts without spaces; None where there are few.

    Every other line is one half. A line that stands twice, as versions of a text have it, counts once.
    """
    pieces = pieces_of(reference)
    lines = list(dict.fromkeys(line for text in pieces.texts for line in text.splitlines()))
    runs = [find_runs(line) for line in lines]
    inside = sum(len(run) for found in runs for run in found)
    outside = sum(len("".join(line.split())) for line in lines)
    if inside < LEAST_CHARACTERS or inside < LEAST_SHARE * outside:
        return None
    halves = [[run for found in runs[start::2] for run in found] for start in (0, 1)]
    bits = {
        segmenter: sum(code_length(halves[1 - test], halves[test], segmenter) for test in (0, 1)) / inside
        for segmenter in get_args(Segmenter)
    }
    return SegmenterFit(bits, inside, tuple(sorted(set(pieces.sources))))


def code_length(known: Sequence[str], runs: Sequence[str], segmenter: Segmenter) -> float:
    """Bits of runs whose words, and ends of runs, are drawn independently with their frequencies in known runs.

    A word that is not known is an escape of the probability that Good and Turing give to new ones, and spelled by
    its clusters, of which those that are not known cost 21 bits (a code point) more.
    """
    words = Counter(word for found in run_words(list(known), segmenter) for word in (*found, _END))
    clusters = Counter(cluster for found in run_words(list(words), "clusters") for cluster in (*found, _END))
    new_word, new_cluster = _new(words), _new(clusters)
    total_words, total_clusters = words.total(), clusters.total()

    def spelled(word: str) -> float:
        bits = 0.0
        for cluster in (*run_words([word], "clusters")[0], _END):
            seen = clusters[cluster]
            bits -= log2((1 - new_cluster) * seen / total_clusters) if seen else log2(new_cluster) - 21 * len(cluster)
        return bits

    asked = Counter(word for found in run_words(list(runs), segmenter) for word in (*found, _END))
    return sum(
        many * (-log2((1 - new_word) * words[word] / total_words) if words[word] else spelled(word) - log2(new_word))
        for word, many in asked.items()
    )


def _new(counts: Counter[str]) -> float:
    """Probability of something new: the share of what stood once (Good 1953), kept off 0 and 1."""
    once = sum(many == 1 for many in counts.values())
    return min(max(once, 1) / (counts.total() + 1), 0.99)
