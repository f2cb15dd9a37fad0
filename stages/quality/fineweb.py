"""FineWeb's quality rules as numbers: line ends, short lines, duplicate lines, lists."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stages.quality.fineweb_kernel import DUPLICATE_CHARACTERS, LINES, SHORT, TERMINATED, count
from stages.quality.repetition import duplicates
from stages.registry import stage
from stages.text.batch import TextBatch, columns_of, measured
from stages.text.segmentation import Segmentation
from stages.text.tables import bitmap

COLUMNS = pa.schema(
    [
        ("line_punctuation_ratio", pa.float32()),
        ("short_line_ratio", pa.float32()),
        ("line_duplicate_char_ratio", pa.float32()),
        ("newline_word_ratio", pa.float32()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class FineWeb:
    """Options of `quality.fineweb`: a line of at most `short_line_characters` is short."""

    short_line_characters: int = 30


@stage("quality.fineweb", config=FineWeb, writes=COLUMNS)
def fineweb(batch: TextBatch, config: FineWeb) -> pa.RecordBatch:
    """Measure FineWeb's quality rules over lines that are not blank.

    `line_punctuation_ratio` is the share of lines that end with a terminator of the language,
    `line_duplicate_char_ratio` the share of characters (line breaks left out) in lines that stood before,
    `newline_word_ratio` the number of line breaks per word, punctuation included. Texts without lines have 0.

    Reads:   text
    Writes:  line_punctuation_ratio, short_line_ratio, line_duplicate_char_ratio, newline_word_ratio: float32
    Source:  Penedo et al. 2024 (FineWeb), section 3.6, as datatrove 0.10.1's FineWebQualityFilter. Different on
             purpose: the terminators are the language's; the default adds the ellipsis and the Tibetan shad.
    """
    segments = batch.segments
    found = count(segments, bitmap(batch.language.terminators), config.short_line_characters)
    lines = np.maximum(found[LINES], 1)
    newlines = np.maximum(np.diff(segments.lines[1]) - 1, 0)
    columns = (
        found[TERMINATED] / lines,
        found[SHORT] / lines,
        found[DUPLICATE_CHARACTERS] / np.maximum(segments.code_points - newlines, 1),
        newlines / np.maximum(np.diff(segments.first_words), 1),
    )
    return columns_of(COLUMNS, columns)


def fineweb_plain(batch: TextBatch, config: FineWeb) -> pa.RecordBatch:
    """The reference of `fineweb`, as the rules are written."""
    terminators = tuple(batch.language.terminators)
    return measured(COLUMNS, [_ratios(parts, terminators, config.short_line_characters) for _, parts in batch])


def _ratios(parts: Segmentation, terminators: tuple[str, ...], short: int) -> tuple[float, ...]:
    text = parts.text
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    newlines = text.count("\n")
    total = max(len(lines), 1)
    return (
        sum(line.endswith(terminators) for line in lines) / total,
        sum(len(line) <= short for line in lines) / total,
        duplicates(lines)[1] / max(len(text) - newlines, 1),
        newlines / max(len(parts.words), 1),
    )
