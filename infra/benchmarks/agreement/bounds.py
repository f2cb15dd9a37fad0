"""What our columns say a filter of datatrove should decide."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from infra.benchmarks.documents import Batch
from pipelines.languages import load_language
from stages.quality.c4 import C4, c4
from stages.quality.fineweb import FineWeb, fineweb
from stages.quality.gopher import Gopher, gopher
from stages.quality.repetition import Repetition, repetition
from stages.text.batch import TextBatch

Row = Mapping[str, Any]
ANY_END: Final = "any_end_"
FILTERS: Final = ("gopher", "repetition", "fineweb", "c4", "c4_any_end")
"""datatrove's four, and C4 without the rule that lines end in a terminator, as FineWeb runs it."""


@dataclass(frozen=True)
class Bound:
    """A default threshold of datatrove: the column it compares, on which side, and the reasons it may give."""

    column: str
    below: float = -math.inf
    above: float = math.inf
    reasons: tuple[str, ...] = ()

    def drops(self, row: Row) -> bool:
        """Whether the column of a row is out of bounds; columns are single precision."""
        return bool(row[self.column] < np.float32(self.below) or row[self.column] > np.float32(self.above))


BOUNDS: Final[Mapping[str, Sequence[Bound]]] = {
    "gopher": (
        Bound("word_count", below=50, reasons=("gopher_short_doc",)),
        Bound("word_count", above=100_000, reasons=("gopher_long_doc",)),
        Bound("mean_word_length", below=3, reasons=("gopher_below_avg_threshold",)),
        Bound("mean_word_length", above=10, reasons=("gopher_above_avg_threshold",)),
        Bound("symbol_ratio", above=0.1, reasons=("gopher_too_many_hashes", "gopher_too_many_ellipsis")),
        Bound("bullet_line_ratio", above=0.9, reasons=("gopher_too_many_bullets",)),
        Bound("ellipsis_line_ratio", above=0.3, reasons=("gopher_too_many_end_ellipsis",)),
        Bound("alphabetic_word_ratio", below=0.8, reasons=("gopher_below_alpha_threshold",)),
        Bound("stop_word_count", below=2, reasons=("gopher_enough_stop_words",)),
    ),
    "repetition": (
        Bound("text_bytes", below=1, reasons=("empty",)),
        Bound("duplicate_paragraph_ratio", above=0.3, reasons=("dup_para_frac",)),
        Bound("duplicate_paragraph_char_ratio", above=0.2, reasons=("dup_para_char_frac",)),
        Bound("duplicate_line_ratio", above=0.3, reasons=("dup_line_frac",)),
        Bound("duplicate_line_char_ratio", above=0.2, reasons=("dup_line_char_frac",)),
        *(
            Bound(f"top_{size}gram_char_ratio", above=limit, reasons=(f"top_{size}_gram",))
            for size, limit in ((2, 0.2), (3, 0.18), (4, 0.16))
        ),
        *(
            Bound(f"duplicate_{size}gram_char_ratio", above=limit, reasons=(f"duplicated_{size}_n_grams",))
            for size, limit in ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.1))
        ),
    ),
    "fineweb": (
        Bound("visible", below=1, reasons=("empty",)),
        Bound("line_punctuation_ratio", below=0.12, reasons=("line_punct_ratio",)),
        Bound("short_line_ratio", above=0.67, reasons=("short_line_ratio",)),
        Bound("line_duplicate_char_ratio", above=0.01, reasons=("char_dup_ratio",)),
        Bound("newline_word_ratio", above=0.3, reasons=("list_ratio",)),
    ),
}
"""In the order of datatrove 0.10.1's filters. C4's are in `_c4_reasons`: two of its rules go by which line is first."""


def settings_of(code: str) -> dict[str, list[str]]:
    """Stop words and terminators of a language, which datatrove's filters take as options."""
    text = load_language(code).text
    return {"stop_words": sorted(text.stop_words), "terminators": list(text.terminators)}


def our_columns(batch: Batch) -> list[dict[str, Any]]:
    """Our columns of the filters; those of C4 without its rule on line ends begin with `any_end_`."""
    shared = TextBatch(batch.rows, batch.language)
    tables = (
        gopher(shared, Gopher()),
        repetition(shared, Repetition()),
        fineweb(shared, FineWeb()),
        c4(shared, C4(terminated_lines_only=True)),
    )
    columns = [table.to_pylist() for table in tables]
    columns.append([{f"{ANY_END}{name}": value for name, value in row.items()} for row in c4(shared, C4()).to_pylist()])
    rows = []
    for text, *parts in zip(batch.rows.column("text").to_pylist(), *columns, strict=True):
        merged: dict[str, Any] = {"text_bytes": len(text), "visible": len(text.strip())}
        for part in parts:
            merged |= part
        rows.append(merged)
    return rows


def our_decisions(batch: Batch) -> list[dict[str, frozenset[str]]]:
    """For each row and filter the reasons that the first bound it breaks may have; none where it is kept."""
    return [reasons_of(row) for row in our_columns(batch)]


def reasons_of(row: Row) -> dict[str, frozenset[str]]:
    """For each filter the reasons that the first bound may have which a row of our columns breaks."""
    found = {
        name: next((frozenset(bound.reasons) for bound in bounds if bound.drops(row)), frozenset())
        for name, bounds in BOUNDS.items()
    }
    return found | {"c4": _c4_reasons(row, ""), "c4_any_end": _c4_reasons(row, ANY_END)}


def _c4_reasons(row: Row, prefix: str) -> frozenset[str]:
    """datatrove stops at the first line with a brace or lorem ipsum; our columns count both."""
    counts = {"lorem_ipsum": row[f"{prefix}lorem_ipsum_count"], "curly_bracket": row[f"{prefix}curly_brace_count"]}
    if any(counts.values()):
        return frozenset(name for name, count in counts.items() if count)
    return frozenset({"too_few_sentences"}) if row[f"{prefix}sentence_count"] < 5 else frozenset()
