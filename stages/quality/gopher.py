"""Gopher's quality rules as numbers: length, word length, symbols, bullets, ellipses, letters, stop words."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stages.quality import gopher_kernel
from stages.quality.gopher_kernel import (
    ALPHABETIC,
    BULLETS,
    CHARACTERS,
    ELLIPSES,
    EVERYTHING,
    HASHES,
    STOP_WORDS,
    TRAILING,
    WORDS,
)
from stages.registry import stage
from stages.text.batch import TextBatch, columns_in, measured
from stages.text.casing import word_set
from stages.text.segmentation import Segmentation
from stages.text.words import WORD_FACTS

COLUMNS = pa.schema(
    [
        ("word_count", pa.int32()),
        ("mean_word_length", pa.float32()),
        ("symbol_ratio", pa.float32()),
        ("bullet_line_ratio", pa.float32()),
        ("ellipsis_line_ratio", pa.float32()),
        ("alphabetic_word_ratio", pa.float32()),
        ("stop_word_count", pa.float32()),
    ]
)
_columns = columns_in(COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Gopher:
    """`quality.gopher` has no options: its stop words are the language's, its bounds those of the language file."""


@stage("quality.gopher", config=Gopher, writes=COLUMNS)
def gopher(batch: TextBatch, config: Gopher) -> pa.RecordBatch:
    """Measure Gopher's quality rules.

    `word_count` and `mean_word_length` (in characters) are over words with a letter, mark or number; the ratios are
    over all words, punctuation included, or over all lines, blank ones included. `symbol_ratio` is the larger of
    hash signs per word and ellipses per word. `stop_word_count` is the number of distinct stop words of the language
    in the text; for a language without stop words it is `word_count`, so that a bound on it drops nothing.
    A text without words or lines has 0 in the ratios over them.

    Reads:   text
    Writes:  word_count: int32; mean_word_length, symbol_ratio, bullet_line_ratio, ellipsis_line_ratio,
             alphabetic_word_ratio, stop_word_count: float32
    Source:  Rae et al. 2021, appendix A.1, as datatrove 0.10.1's GopherQualityFilter. Different on purpose:
             what is no word there is a list of characters without Arabic or Indic punctuation, emoji and bullets,
             which then count as words of length one; here it is any word without letter, mark and number.
             Stop words match in any case.
    """
    found = gopher_kernel.count(batch.segments, word_set(batch.language.stop_words))
    lines = np.maximum(batch.segments.split_line_counts, 1)
    everything = np.maximum(found[EVERYTHING], 1)
    columns = (
        found[WORDS],
        found[CHARACTERS] / np.maximum(found[WORDS], 1),
        np.maximum(found[HASHES], found[ELLIPSES]) / everything,
        found[BULLETS] / lines,
        found[TRAILING] / lines,
        found[ALPHABETIC] / everything,
        found[STOP_WORDS],
    )
    return _columns(columns)


def gopher_plain(batch: TextBatch, config: Gopher) -> pa.RecordBatch:
    """The reference of `gopher`, as the rules are written."""
    return measured(COLUMNS, [_rules(parts, batch.language.stop_words) for _, parts in batch])


def _rules(parts: Segmentation, stop_words: frozenset[str]) -> tuple[float, ...]:
    text, lines, everything = parts.text, parts.lines, len(parts.words)
    words = characters = alphabetic = 0
    seen = set()
    for word, count in parts.word_counts.items():
        length, is_word, has_letter, folded = WORD_FACTS[word]
        if is_word:
            words += count
            characters += count * length
        if has_letter:
            alphabetic += count
            if folded in stop_words:
                seen.add(folded)
    hashes, ellipses = text.count("#"), text.count("...") + text.count("…")
    bullets = sum(line.lstrip().startswith(("•", "-")) for line in lines)
    trailing = sum(line.rstrip().endswith(("...", "…")) for line in lines)
    return (
        words,
        characters / max(words, 1),
        max(hashes, ellipses) / max(everything, 1),
        bullets / max(len(lines), 1),
        trailing / max(len(lines), 1),
        alphabetic / max(everything, 1),
        float(len(seen) if stop_words else words),
    )
