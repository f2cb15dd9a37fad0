"""Stop words: the words that stand in the most texts."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.labelled_text import LabelledText
from pipelines.lang.derive.bounds import DERIVED
from pipelines.lang.derive.reference import Reference
from stages.text.language import LanguageText
from stages.text.segmentation import segment
from stages.text.words import WORD_FACTS

MOST: Final = 30
LEAST: Final = 10
"""A shorter list would let the bound on stop words drop clean text."""

LEAST_SHARE: Final = {True: 0.2, False: 0.05}
"""Of documents, or of sentences, that a stop word stands in."""

LEAST_TEXTS: Final = {True: 50, False: 200}
"""Documents, or sentences where there are no documents, below which frequency is chance."""

NEEDED: Final = 2
"""Stop words that a text must have (Gopher A.1)."""

MISSED: Final = 0.005
"""Of documents that may have fewer: beyond it, words of the language hold together by other means than these."""

NAME_SHARE: Final = 0.5
"""A word that has a capital this often inside a sentence is a name."""

_STOCK_NAMES = re.compile(r"\b(Tom|Mary)\b")
"""Whom the sentences of Tatoeba are about, so that in scripts without capitals they would be stop words."""

_NOT_FREE = re.compile(r"\bNC\b|non-?commercial|UNVERIFIED|THIRD-PARTY", re.IGNORECASE)


@dataclass(frozen=True)
class StopWords:
    """The list, most frequent first, and where it is from."""

    words: tuple[str, ...]
    why: str


def permits_lists(text: LabelledText) -> bool:
    """Whether the licence that the record states lets words of it be shipped; one that states none is the caller's."""
    return not _NOT_FREE.search(text.licence)


def derive_stop_words(reference: Reference) -> StopWords | None:
    """Words by the share of texts that they stand in, the mean over sources; None where the texts are too few.

    Names are left out where the script has capitals. The reference must be text whose licence permits it: records
    that state a non-commercial or unknown licence are left out here.

    Source:  document frequency as in Lo, He and Ounis 2005, "Automatically building a stopword list"; FineWeb-2
             (Penedo et al. 2025) takes the most frequent words
    """
    texts = [text for text in reference.texts if permits_lists(text)]
    used = [text for text in texts if text.whole]
    are_whole = len(used) >= LEAST_TEXTS[True]
    if not are_whole:
        used = [t for t in texts if not t.whole and not _STOCK_NAMES.search(f"{t.text} {t.translation}")]
    if len(used) < LEAST_TEXTS[are_whole]:
        return None
    shares = _shares(used, LanguageText(code=reference.code))
    ranked = sorted(shares, key=lambda word: (-shares[word], word))
    words = tuple(word for word in ranked if shares[word] >= LEAST_SHARE[are_whole])[:MOST]
    if len(words) < LEAST:
        return None
    kind, sources = "documents" if are_whole else "sentences", ", ".join(sorted({text.source for text in used}))
    why = (
        f"{DERIVED}in most of {len(used):,} {kind} of {sources}, from {shares[words[0]]:.0%} of them for the first "
        f"to {shares[words[-1]]:.0%} for the last"
    )
    return StopWords(words, why)


def _shares(texts: Sequence[LabelledText], language: LanguageText) -> Mapping[str, float]:
    """For each word the share of texts that have it, the mean over sources."""
    found: dict[str, Counter[str]] = {}
    sizes: Counter[str] = Counter()
    inside: Counter[str] = Counter()
    capitals: Counter[str] = Counter()
    for text in texts:
        seen = set()
        for sentence in segment(text.text, language).sentences:
            for place, word in enumerate(segment(sentence, language).words):
                folded = word.lower()
                if not WORD_FACTS[word].has_letter:
                    continue
                seen.add(folded)
                if place:
                    inside[folded] += 1
                    # all in capitals is no name: Cherokee and Coptic texts are
                    capitals[folded] += word[0] != folded[0] and word[1:] == folded[1:]
        sizes[text.source] += 1
        found.setdefault(text.source, Counter()).update(seen)
    words = set().union(*found.values())
    return {
        word: sum(counts[word] / sizes[source] for source, counts in found.items()) / len(found)
        for word in words
        if inside[word] and capitals[word] <= NAME_SHARE * inside[word]
    }
