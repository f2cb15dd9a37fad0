"""datatrove's filters with our words."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from unittest.mock import patch

from datatrove.data import Document
from datatrove.pipeline.filters import c4_filters
from datatrove.pipeline.filters.c4_filters import C4QualityFilter
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter
from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter

from infra.benchmarks.agreement.differences import STATE
from stages.adapter.splitter import Splitter
from stages.quality.c4 import BRACKETS, QUOTES
from stages.text.language import LanguageText

_CITATION: Final = c4_filters.CITATION_REGEX


@dataclass(frozen=True)
class Theirs:
    """datatrove's filters for a language, fed with our segmentation."""

    splitter: Splitter
    language: LanguageText

    def decide(self, name: str, text: str) -> str | None:
        """The first reason of a filter; None where it keeps the text."""
        instance = self.filters[name]
        if name == "gopher":
            instance.stop_words = STATE["stop_words"](self.language.stop_words)
        endings, citations = _line_ends(self.language), _Citations(self.language)
        with patch.multiple(c4_filters, END_PUNCTUATION=endings, CITATION_REGEX=citations):
            try:
                answer = instance.filter(Document(text=STATE["text"](text) if name.startswith("c4") else text, id="-"))
            except Exception as error:  # a text without words: it divides by zero
                return f"error: {type(error).__name__}"
        passed, reason = answer if isinstance(answer, tuple) else (answer, "dropped")
        return None if passed else str(reason)

    @cached_property
    def filters(self) -> dict[str, Any]:
        """By our name of each."""
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
    added = language.terminators.replace("…", "") + QUOTES if STATE["scripts"] else ""
    return tuple(dict.fromkeys((*c4_filters.END_PUNCTUATION, *added)))


@dataclass(frozen=True)
class _Citations:
    """In the place of datatrove's pattern of citations; where brackets are out a line loses those at its end too."""

    language: LanguageText

    def sub(self, replacement: str, line: str) -> str:
        line = _CITATION.sub(replacement, line)
        bare = line.rstrip(BRACKETS)
        return bare if STATE["brackets"] and bare.endswith(tuple(self.language.terminators)) else line
