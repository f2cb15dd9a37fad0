"""Whether our columns are the numbers that datatrove's code compares with its thresholds."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from typing import Any, Final
from unittest.mock import patch

import numpy as np
from datatrove.pipeline.filters.gopher_repetition_filter import (
    GopherRepetitionFilter,
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)

from infra.benchmarks.agreement.bounds import ANY_END, Row
from infra.benchmarks.agreement.differences import DELIBERATE, KEPT_APART
from infra.benchmarks.agreement.theirs import Theirs
from stages.adapter.splitter import splitter
from stages.quality.ngrams import DUPLICATE_SIZES, TOP_SIZES, duplicated_characters
from stages.text.segmentation import Segmentation


class Recorder:
    """A threshold that notes what a filter compares with it, and never drops anything."""

    __array_ufunc__ = None
    """numpy's numbers leave the comparison to us."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def _note(self, value: Any) -> bool:
        self.seen.append(float(value))
        return False

    __lt__ = __gt__ = _note

    def largest(self) -> float | None:
        return max(self.seen, default=None)


def differing_values(
    theirs: Theirs, text: str, parts: Segmentation, row: Row, filters: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Columns that are not the number that datatrove's code has: the filter, what differs, what explains it.

    From its filters the deliberate differences are taken out; its functions of repetition are called as they are.
    """
    values = _compared_values(theirs, text, filters)
    if "repetition" in filters:
        values |= _ratio_functions(text, parts)
    for (name, column), value in values.items():
        if value is None or _same(value, row[column]):
            continue
        explanation = ""
        if column.startswith("duplicate_") and "gram" in column:
            size = int(column.removeprefix("duplicate_").partition("gram")[0])
            if _same(duplicated_characters(list(parts.words), size) / max(len(text), 1), row[column]):
                explanation = KEPT_APART
        yield name, f"value of {column}: {_relation(value, row[column])}", explanation


def _same(theirs: float, ours: float) -> bool:
    return bool(np.float32(theirs) == np.float32(ours))


def _relation(theirs: float, ours: float) -> str:
    apart = abs(theirs - ours) / max(abs(theirs), abs(ours), 1e-12)
    size = "by rounding" if apart < 1e-6 else "by less than 1 %" if apart < 0.01 else "by 1 % and more"
    return f"ours is {'larger' if ours > theirs else 'smaller'} {size}"


def _compared_values(theirs: Theirs, text: str, filters: Sequence[str]) -> dict[tuple[str, str], float | None]:
    """The number that each filter compares with a threshold; None where it does not get there."""
    recorded = {name: parameters for name, parameters in _RECORDED.items() if name in filters}
    recorders = {name: {parameter: Recorder() for parameter in parameters} for name, parameters in recorded.items()}
    with ExitStack() as stack:
        for difference in DELIBERATE:
            stack.enter_context(difference.without())
        for name, found in recorders.items():
            with patch.dict(vars(theirs.filters[name]), found):
                theirs.decide(name, text)
    values = {
        (name, column): recorders[name][parameter].largest()
        for name, parameters in recorded.items()
        for parameter, column in parameters.items()
    }
    if not theirs.language.stop_words:  # our column is then the number of words
        values.pop(("gopher", "stop_word_count"), None)
    return values


_RECORDED: Final[Mapping[str, Mapping[str, str]]] = {
    "gopher": {
        "min_doc_words": "word_count",
        "min_avg_word_length": "mean_word_length",
        "max_symbol_word_ratio": "symbol_ratio",
        "max_bullet_lines_ratio": "bullet_line_ratio",
        "max_ellipsis_lines_ratio": "ellipsis_line_ratio",
        "max_non_alpha_words_ratio": "alphabetic_word_ratio",
        "min_stop_words": "stop_word_count",
    },
    "fineweb": {
        "line_punct_thr": "line_punctuation_ratio",
        "short_line_threshold": "short_line_ratio",
        "char_duplicates_ratio": "line_duplicate_char_ratio",
        "new_line_ratio": "newline_word_ratio",
    },
    "c4": {"min_num_sentences": "sentence_count"},
    "c4_any_end": {"min_num_sentences": f"{ANY_END}sentence_count"},
}
"""Thresholds of datatrove's filters and the column that is compared with each."""


def _ratio_functions(text: str, parts: Segmentation) -> dict[tuple[str, str], float | None]:
    """datatrove's functions of repetition, with its own way to cut paragraphs and lines."""
    instance = _repetition_filter()
    size = max(len(text), 1)
    found: dict[str, float | None] = {}
    for kind, split in (
        ("paragraph", instance.paragraph_exp.split(text.strip())),
        ("line", instance._line_splitter.split(text)),
    ):
        count, characters = find_duplicates(split)
        found[f"duplicate_{kind}_ratio"] = count / len(split)
        found[f"duplicate_{kind}_char_ratio"] = characters / size
    words = list(parts.words)
    for length in TOP_SIZES:
        ngrams = get_n_grams(words, length)
        found[f"top_{length}gram_char_ratio"] = find_top_duplicate(ngrams) / size if ngrams else None
    for length in DUPLICATE_SIZES:
        found[f"duplicate_{length}gram_char_ratio"] = find_all_duplicate(words, length) / size
    return {("repetition", column): value for column, value in found.items()}


@cache
def _repetition_filter() -> Any:
    return GopherRepetitionFilter(language=splitter())
