"""FineWeb-2's filters with its own configuration of each language."""

import tarfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from datatrove.data import Document
from datatrove.pipeline.filters import FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.utils.word_tokenizers import load_tokenizer_assignments, load_word_tokenizer

from infra.benchmarks.fates import Fate
from pipelines.labelled_text import LabelledText
from stages.adapter.splitter import splitter


def read_configurations(path: Path) -> dict[str, dict[str, Any]]:
    """FineWeb-2's file of each language, from its archive or folder."""
    if path.is_dir():
        return {file.stem: yaml.safe_load(file.read_text("utf-8")) for file in sorted(path.rglob("*.yml"))}
    found = {}
    with tarfile.open(path) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.endswith(".yml") else None
            if content is not None:
                found[Path(member.name).stem] = yaml.safe_load(content.read())
    return found


@dataclass(frozen=True)
class Rival:
    """FineWeb-2's filters for a language; `own_words` where they run with datatrove's word tokenizer."""

    filters: tuple[Any, ...]
    own_words: bool

    def reason(self, text: str) -> str | None:
        """The first reason to drop the text; None where it is kept."""
        for each in self.filters:
            try:
                answer = each.filter(Document(text=text, id="-"))
            except Exception as error:  # it divides by the number of words or lines, which may be 0
                return f"error: {type(error).__name__}"
            if answer is not True:
                return str(answer[1]) if isinstance(answer, tuple) else "dropped"
        return None


def rival(code: str, configuration: Mapping[str, Any]) -> Rival:
    """The filters of FineWeb-2's pipeline, step 5, with the configuration of a language."""
    own = _own_tokenizer(code)
    words: Any = code if own else splitter()
    return Rival(
        (
            GopherRepetitionFilter(
                language=words,
                dup_para_frac=0,
                dup_line_char_frac=0,
                dup_para_char_frac=0,
                dup_line_frac=configuration["dup_line_frac"],
                top_n_grams=configuration["top_n_grams"],
                dup_n_grams=configuration["dup_n_grams"],
            ),
            FineWebQualityFilter(
                language=words,
                short_line_thr=999,
                char_duplicates_ratio=0.1,
                line_punct_thr=configuration["line_punct_thr"],
                new_line_ratio=configuration["new_line_ratio"],
            ),
            GopherQualityFilter(
                language=words,
                max_avg_word_length=configuration["max_avg_word_length"],
                min_avg_word_length=configuration["min_avg_word_length"],
                stop_words=configuration["stopwords"],
                max_non_alpha_words_ratio=configuration["max_non_alpha_words_ratio"],
                min_stop_words=2,
            ),
        ),
        own,
    )


@cache
def _own_tokenizer(code: str) -> bool:
    """Whether datatrove has a word tokenizer for the language and what it needs is installed."""
    if code not in load_tokenizer_assignments():
        return False
    try:
        load_word_tokenizer(code).word_tokenize("a b")
    except Exception:  # whatever a missing package raises
        return False
    return True


def fineweb2(
    documents: Iterable[tuple[str, LabelledText]], configurations: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Fate], Counter[str]]:
    """The fate of each document under FineWeb-2's rules; languages that it has no file for are left out.

    Beside it, documents by how their words were found.
    """
    found, words = [], Counter[str]()
    rivals: dict[str, Rival] = {}
    for code, text in documents:
        if code not in configurations:
            words["no configuration"] += 1
            continue
        filters = rivals[code] if code in rivals else rivals.setdefault(code, rival(code, configurations[code]))
        words["datatrove's words" if filters.own_words else "our words"] += 1
        reason = filters.reason(text.text)
        found.append(Fate(text.id, code, text.source, () if reason is None else (reason,)))
    return found, words
