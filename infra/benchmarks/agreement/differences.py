"""What we do otherwise than datatrove on purpose, and how to take it out of datatrove."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from unittest.mock import patch

import regex
from datatrove.pipeline.filters import gopher_quality_filter, gopher_repetition_filter

from stages.quality.c4 import line_words
from stages.quality.ngrams import duplicated_characters


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


STATE: dict[str, Any] = {"text": str, "stop_words": frozenset, "scripts": False, "brackets": False}
"""What the differences that are out at the moment put in place of a text and of stop words, and what they take as the
end of a line."""


def _without_punctuation_list() -> Any:
    return patch.object(gopher_quality_filter, "PUNCTUATION_SET", _NoWord())


def _without_case() -> Any:
    return patch.dict(STATE, {"stop_words": _AnyCase})


def _without_joined_ngrams() -> Any:
    return patch.object(gopher_repetition_filter, "find_all_duplicate", duplicated_characters)


def _without_latin_endings() -> Any:
    return patch.dict(STATE, {"scripts": True})


def _without_open_brackets() -> Any:
    return patch.dict(STATE, {"brackets": True})


def _without_spaces() -> Any:
    return patch.dict(STATE, {"text": _Lines})


KEPT_APART: Final = "n-grams keep their words apart"

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
        KEPT_APART,
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
