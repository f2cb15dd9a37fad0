"""Gopher's repetition rules as numbers: duplicate lines, paragraphs and word n-grams."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stages.quality.ngrams import DUPLICATE_SIZES, TOP_SIZES, repeated_characters_plain
from stages.quality.repetition_kernel import (
    DUPLICATE_LINE_CHARACTERS,
    DUPLICATE_LINES,
    DUPLICATE_PARAGRAPH_CHARACTERS,
    DUPLICATE_PARAGRAPHS,
    LINES,
    PARAGRAPHS,
    repeated_parts,
    repeated_words,
)
from stages.registry import stage
from stages.text.batch import TextBatch, columns_in, measured
from stages.text.segmentation import Segmentation

COLUMNS = pa.schema(
    [
        ("duplicate_paragraph_ratio", pa.float32()),
        ("duplicate_paragraph_char_ratio", pa.float32()),
        ("duplicate_line_ratio", pa.float32()),
        ("duplicate_line_char_ratio", pa.float32()),
        *((f"top_{size}gram_char_ratio", pa.float32()) for size in TOP_SIZES),
        *((f"duplicate_{size}gram_char_ratio", pa.float32()) for size in DUPLICATE_SIZES),
    ]
)
_columns = columns_in(COLUMNS)
_PARAGRAPH_BREAK = re.compile(r"\n{2,}")
_LINE_BREAK = re.compile(r"\n+")


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """`quality.repetition` has no options: its bounds are those of the language file."""


@stage("quality.repetition", config=Repetition, writes=COLUMNS)
def repetition(batch: TextBatch, config: Repetition) -> pa.RecordBatch:
    """Measure Gopher's repetition rules.

    A line or paragraph is a duplicate if it stood before. Character ratios are over all characters of the text. The
    most frequent n-gram counts with its spaces and every occurrence, duplicated n-grams without spaces, without their
    first occurrence and without overlap. Empty texts have 0.

    Reads:   text
    Writes:  duplicate_paragraph_ratio, duplicate_paragraph_char_ratio, duplicate_line_ratio,
             duplicate_line_char_ratio, top_2gram_char_ratio ... top_4gram_char_ratio, duplicate_5gram_char_ratio ...
             duplicate_10gram_char_ratio: float32 in [0, 1]
    Source:  Rae et al. 2021, appendix A.1, table A1, as datatrove 0.10.1's GopherRepetitionFilter. Different on
             purpose: n-grams are equal if their words are; there "ab c" and "a bc" are one duplicate.
    """
    parts, characters = repeated_parts(batch.segments), repeated_words(batch.segments)
    size = np.maximum(batch.segments.code_points, 1)
    columns = (
        parts[DUPLICATE_PARAGRAPHS] / parts[PARAGRAPHS],
        parts[DUPLICATE_PARAGRAPH_CHARACTERS] / size,
        parts[DUPLICATE_LINES] / parts[LINES],
        parts[DUPLICATE_LINE_CHARACTERS] / size,
        *(characters / size),
    )
    return _columns(columns)


def repetition_plain(batch: TextBatch, config: Repetition) -> pa.RecordBatch:
    """The reference of `repetition`, as the rules are written."""
    return measured(COLUMNS, [_ratios(parts) for _, parts in batch])


def _ratios(parts: Segmentation) -> list[float]:
    text = parts.text
    paragraphs = _PARAGRAPH_BREAK.split(text.strip())
    lines = _LINE_BREAK.split(text)
    size = max(len(text), 1)
    paragraph_count, paragraph_characters = duplicates(paragraphs)
    line_count, line_characters = duplicates(lines)
    return [
        paragraph_count / len(paragraphs),
        paragraph_characters / size,
        line_count / len(lines),
        line_characters / size,
        *(characters / size for characters in repeated_characters_plain(parts.words)),
    ]


def duplicates(parts: Sequence[str]) -> tuple[int, int]:
    """How many parts stood before, and their characters."""
    distinct = set(parts)
    if len(distinct) == len(parts):
        return 0, 0
    return len(parts) - len(distinct), sum(map(len, parts)) - sum(map(len, distinct))
