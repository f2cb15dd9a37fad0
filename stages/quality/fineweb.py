"""FineWeb's quality rules as numbers: line ends, short lines, duplicate lines, lists."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pyarrow as pa

from stages.quality.fineweb_kernel import (
    DUPLICATE_CHARACTERS,
    LINES,
    MENU_CHARACTERS,
    MENU_LINES,
    SHORT,
    TERMINATED,
    count,
)
from stages.quality.repetition import duplicates
from stages.registry import stage
from stages.text.batch import TextBatch, columns_in, measured
from stages.text.segmentation import Segmentation
from stages.text.tables import bitmap

COLUMNS = pa.schema(
    [
        ("line_punctuation_ratio", pa.float32()),
        ("short_line_ratio", pa.float32()),
        ("line_duplicate_char_ratio", pa.float32()),
        ("newline_word_ratio", pa.float32()),
        ("menu_char_ratio", pa.float32()),
    ]
)
_columns = columns_in(COLUMNS)

_MENU_MARK = re.compile(r"(?<= )[|/·»•›](?= )")


@dataclass(frozen=True, kw_only=True)
class FineWeb:
    """Options of `quality.fineweb`: a line of at most `short_line_characters` is short, and how long menu items are."""

    short_line_characters: int = 30
    menu_item_characters: int = 50


@stage("quality.fineweb", config=FineWeb, writes=COLUMNS, version=2)
def fineweb(batch: TextBatch, config: FineWeb) -> pa.RecordBatch:
    """Measure FineWeb's quality rules over lines that are not blank.

    `line_punctuation_ratio` is the share of lines that end with a terminator of the language,
    `line_duplicate_char_ratio` the share of characters (line breaks left out) in lines that stood before,
    `newline_word_ratio` the number of line breaks per word, punctuation included. Texts without lines have 0.
    `menu_char_ratio` is the share of characters in six or more lines in a row without a terminator that are at most
    `menu_item_characters` long, or that long on average between marks such as `|` and `›`.

    Reads:   text
    Writes:  line_punctuation_ratio, short_line_ratio, line_duplicate_char_ratio, newline_word_ratio,
             menu_char_ratio: float32
    Source:  Penedo et al. 2024 (FineWeb), section 3.6, as datatrove 0.10.1's FineWebQualityFilter. Different on
             purpose: the terminators are the language's; the default adds the ellipsis and the Tibetan shad.
             `menu_char_ratio` is ours.
    """
    segments = batch.segments
    found = count(
        segments, bitmap(batch.language.terminators), config.short_line_characters, config.menu_item_characters
    )
    lines = np.maximum(found[LINES], 1)
    newlines = np.maximum(segments.line_counts - 1, 0)
    columns = (
        found[TERMINATED] / lines,
        found[SHORT] / lines,
        found[DUPLICATE_CHARACTERS] / np.maximum(segments.code_points - newlines, 1),
        newlines / np.maximum(segments.word_counts, 1),
        found[MENU_CHARACTERS] / np.maximum(segments.code_points - newlines, 1),
    )
    return _columns(columns)


def fineweb_plain(batch: TextBatch, config: FineWeb) -> pa.RecordBatch:
    """The reference of `fineweb`, as the rules are written."""
    return measured(COLUMNS, [_ratios(parts, tuple(batch.language.terminators), config) for _, parts in batch])


def _ratios(parts: Segmentation, terminators: tuple[str, ...], config: FineWeb) -> tuple[float, ...]:
    text = parts.text
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    newlines = text.count("\n")
    total, characters = max(len(lines), 1), max(len(text) - newlines, 1)
    return (
        sum(line.endswith(terminators) for line in lines) / total,
        sum(len(line) <= config.short_line_characters for line in lines) / total,
        duplicates(lines)[1] / characters,
        newlines / max(len(parts.words), 1),
        _menu_characters(lines, terminators, config.menu_item_characters) / characters,
    )


def _menu_characters(lines: Sequence[str], terminators: tuple[str, ...], longest: int) -> int:
    total = 0
    for is_menu, group in groupby(lines, lambda line: _is_menu(line, terminators, longest)):
        together = list(group)
        if is_menu and len(together) >= MENU_LINES:
            total += sum(map(len, together))
    return total


def _is_menu(line: str, terminators: tuple[str, ...], longest: int) -> bool:
    return not line.endswith(terminators) and len(line) <= longest * (1 + len(_MENU_MARK.findall(line)))
