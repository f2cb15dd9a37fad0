"""datatrove's decisions with our splitter, ours from our columns, and what explains where they differ."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from typing import Any, Final
from unittest.mock import patch

import numpy as np
import regex
from datatrove.data import Document
from datatrove.pipeline.filters import c4_filters, gopher_quality_filter, gopher_repetition_filter
from datatrove.pipeline.filters.c4_filters import C4QualityFilter
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter
from datatrove.pipeline.filters.gopher_repetition_filter import (
    GopherRepetitionFilter,
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)

from infra.benchmarks.documents import Batch
from pipelines.languages import load_language
from stages.adapter.splitter import Splitter, splitter
from stages.quality.c4 import BRACKETS, C4, QUOTES, c4, line_words
from stages.quality.fineweb import FineWeb, fineweb
from stages.quality.gopher import Gopher, gopher
from stages.quality.ngrams import DUPLICATE_SIZES, TOP_SIZES, duplicated_characters
from stages.quality.repetition import Repetition, repetition
from stages.text.batch import TextBatch
from stages.text.language import LanguageText
from stages.text.segmentation import Segmentation

Row = Mapping[str, Any]
ANY_END: Final = "any_end_"
_CITATION: Final = c4_filters.CITATION_REGEX
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
    return [_decided(row) for row in our_columns(batch)]


def _decided(row: Row) -> dict[str, frozenset[str]]:
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


@dataclass(frozen=True)
class Difference:
    """Something that we do otherwise on purpose: `without` takes it out of datatrove while it is open."""

    name: str
    filters: tuple[str, ...]
    reason: str
    without: Callable[[], Any]


class _NoWord:
    """In the place of datatrove's punctuation: everything but letters, marks and numbers."""

    def __contains__(self, character: str) -> bool:
        return _is_no_word(character)


@cache
def _is_no_word(character: str) -> bool:
    return regex.match(r"[\p{L}\p{M}\p{N}]", character) is None


class _AnyCase(frozenset[str]):
    """Stop words that words match in any case."""

    def intersection(self, *others: Any) -> frozenset[str]:
        return frozenset.intersection(self, {word.lower() for words in others for word in words})


class _Line(str):
    """A line with our words."""

    __slots__ = ()

    def strip(self, characters: str | None = None, /) -> "_Line":
        return _Line(super().strip(characters))

    def split(self, separator: str | None = None, maximum: Any = -1) -> list[str]:
        return line_words(str(self))


class _Lines(str):
    """A text of such lines."""

    __slots__ = ()

    def splitlines(self, keepends: bool = False) -> list[str]:
        return [_Line(line) for line in super().splitlines(keepends)]


_state: dict[str, Any] = {"text": str, "stop_words": frozenset, "scripts": False, "brackets": False}
"""What the differences that are out at the moment put in place of a text and of stop words, and what they take as the
end of a line."""


def _without_punctuation_list() -> Any:
    return patch.object(gopher_quality_filter, "PUNCTUATION_SET", _NoWord())


def _without_case() -> Any:
    return patch.dict(_state, {"stop_words": _AnyCase})


def _without_joined_ngrams() -> Any:
    return patch.object(gopher_repetition_filter, "find_all_duplicate", duplicated_characters)


def _without_latin_endings() -> Any:
    return patch.dict(_state, {"scripts": True})


def _without_open_brackets() -> Any:
    return patch.dict(_state, {"brackets": True})


def _without_spaces() -> Any:
    return patch.dict(_state, {"text": _Lines})


_KEPT_APART: Final = "n-grams keep their words apart"

DELIBERATE: Final = (
    Difference(
        "what is no word",
        ("gopher",),
        "datatrove's list of punctuation has no Arabic or Indic marks, emoji and bullets, which count as words of "
        "length one there; a word has a letter, mark or number here",
        _without_punctuation_list,
    ),
    Difference(
        "stop words in any case",
        ("gopher",),
        "a stop word at the start of a sentence is one too",
        _without_case,
    ),
    Difference(
        _KEPT_APART,
        ("repetition",),
        'datatrove joins duplicate n-grams without spaces, so that "ab c" repeats "a bc"',
        _without_joined_ngrams,
    ),
    Difference(
        "terminators of all scripts",
        ("c4",),
        "C4 knows . ? ! and straight quotes; here a line may end in any terminator of the language and closing quotes "
        "of any script, as lines of Hindi, Chinese and Amharic do",
        _without_latin_endings,
    ),
    Difference(
        "a closing bracket after a terminator",
        ("c4",),
        "a sentence may stand in brackets, so that its line ends in one",
        _without_open_brackets,
    ),
    Difference(
        "words of a line without spaces",
        ("c4", "c4_any_end"),
        "C4 counts what stands between spaces, so that a line of Chinese has fewer than three words; here wordspaces "
        "are spaces, and runs of scripts without spaces are segmented",
        _without_spaces,
    ),
)
"""Every difference that we want, with its reason; anything else is an error of ours."""


@dataclass(frozen=True)
class Outcome:
    """A difference on a document; `explanation` names what explains it, empty if nothing does."""

    document: str
    filter: str
    what: str
    explanation: str


@dataclass(frozen=True)
class Theirs:
    """datatrove's filters for a language, fed with our segmentation."""

    splitter: Splitter
    language: LanguageText

    def decide(self, name: str, text: str) -> str | None:
        """The first reason of a filter; None where it keeps the text."""
        instance = self._filters[name]
        if name == "gopher":
            instance.stop_words = _state["stop_words"](self.language.stop_words)
        endings, citations = _line_ends(self.language), _Citations(self.language)
        with patch.multiple(c4_filters, END_PUNCTUATION=endings, CITATION_REGEX=citations):
            try:
                answer = instance.filter(Document(text=_state["text"](text) if name.startswith("c4") else text, id="-"))
            except Exception as error:  # a text without words: it divides by zero
                return f"error: {type(error).__name__}"
        passed, reason = answer if isinstance(answer, tuple) else (answer, "dropped")
        return None if passed else str(reason)

    @cached_property
    def _filters(self) -> dict[str, Any]:
        words, stop_words = self.splitter, sorted(self.language.stop_words)
        stops = {"stop_words": stop_words} if stop_words else {"min_stop_words": None}
        return {
            "gopher": GopherQualityFilter(language=words, **stops),
            "repetition": GopherRepetitionFilter(language=words),
            "fineweb": FineWebQualityFilter(language=words, stop_chars=tuple(self.language.terminators)),
            "c4": C4QualityFilter(language=words),
            "c4_any_end": C4QualityFilter(language=words, filter_no_terminal_punct=False),
        }


def _line_ends(language: LanguageText) -> tuple[str, ...]:
    """C4's terminal punctuation and what the differences that are out add to it."""
    added = language.terminators.replace("…", "") + QUOTES if _state["scripts"] else ""
    return tuple(dict.fromkeys((*c4_filters.END_PUNCTUATION, *added)))


@dataclass(frozen=True)
class _Citations:
    """In the place of datatrove's pattern of citations; where brackets are out a line loses those at its end too."""

    language: LanguageText

    def sub(self, replacement: str, line: str) -> str:
        line = _CITATION.sub(replacement, line)
        bare = line.rstrip(BRACKETS)
        return bare if _state["brackets"] and bare.endswith(tuple(self.language.terminators)) else line


def compare(batch: Batch, filters: Sequence[str] = FILTERS) -> list[Outcome]:
    """Every difference between these filters of datatrove and our columns on the documents of a batch."""
    shared = TextBatch(batch.rows, batch.language)
    words = splitter()
    theirs = Theirs(words, batch.language)
    found = []
    ids = batch.rows.column("doc_id").to_pylist()
    for document, (text, parts), row in zip(ids, shared, our_columns(batch), strict=True):
        words.current = parts
        for name, reasons in _decided(row).items():
            if name in filters:
                found += _decision(theirs, name, text, reasons, document)
        found += [Outcome(document, *difference) for difference in _values(theirs, text, parts, row, filters)]
    return found


def causes(batch: Batch, decided: Sequence[Mapping[str, str | None]]) -> list[dict[str, str]]:
    """For each row what makes each filter keep or drop otherwise than datatrove with its own words, as `decided`.

    Its filters get our words: where they then decide as we do, its words (C4: its sentences) are the cause, else what
    is different on purpose.
    """
    shared = TextBatch(batch.rows, batch.language)
    words = splitter()
    theirs = Theirs(words, batch.language)
    found = []
    for (text, parts), ours, own in zip(shared, our_decisions(batch), decided, strict=True):
        words.current = parts
        found.append(
            {
                name: _cause(theirs, name, text, reasons, own[name])
                for name, reasons in ours.items()
                if (own[name] is None) != (not reasons)
            }
        )
    return found


def _cause(theirs: Theirs, name: str, text: str, ours: frozenset[str], own: str | None) -> str:
    if own is not None and own.startswith("error"):
        return f"it fails ({own.removeprefix('error: ')})"
    if (theirs.decide(name, text) is None) == (not ours):
        return "its sentences" if name.startswith("c4") else "its words"
    return _explained(theirs, name, text, ours) or "unexplained"


def _decision(theirs: Theirs, name: str, text: str, ours: frozenset[str], document: str) -> list[Outcome]:
    first = theirs.decide(name, text)
    if _equal(first, ours):
        return []
    what = f"{first or 'keep'} → {' or '.join(sorted(ours)) or 'keep'}"
    return [Outcome(document, name, what, _explained(theirs, name, text, ours))]


def _equal(theirs: str | None, ours: frozenset[str]) -> bool:
    return theirs in ours if theirs is not None else not ours


def _explained(theirs: Theirs, name: str, text: str, ours: frozenset[str]) -> str:
    """The fewest deliberate differences without which datatrove decides as we do; empty where none do."""
    candidates = [difference for difference in DELIBERATE if name in difference.filters]
    for count in range(1, len(candidates) + 1):
        for chosen in combinations(candidates, count):
            if _equal(_decide_without(theirs, name, text, chosen), ours):
                return " and ".join(difference.name for difference in chosen)
    return ""


def _decide_without(theirs: Theirs, name: str, text: str, chosen: Sequence[Difference]) -> str | None:
    with ExitStack() as stack:
        for difference in chosen:
            stack.enter_context(difference.without())
        return theirs.decide(name, text)


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


def _values(
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
                explanation = _KEPT_APART
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
            with patch.dict(vars(theirs._filters[name]), found):
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
