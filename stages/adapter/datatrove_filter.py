"""datatrove filters, named by their import path, as columns."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import icu
import pyarrow as pa

from stages.adapter.imports import DatatroveClass
from stages.adapter.splitter import Splitter, splitter
from stages.augment.chance import fraction
from stages.errors import ConfigError, ShardError
from stages.registry import Resource, stage
from stages.text.batch import TextBatch

NAME = "datatrove.filter"
_CARRIED = ("url", "source", "date", "language_score")


@dataclass(frozen=True, kw_only=True)
class DatatroveFilter:
    """Options of `datatrove.filter`.

    `use` is the import path of a filter class, `options` are its constructor's arguments. `into` names the two columns
    and is the class name in snake case by default. With `splitter = "babelmill"` a filter that takes a `language` for
    its word tokenizer gets our segmentation, so that every language works without `datatrove[processing]`; `datatrove`
    leaves it its own.
    """

    use: str
    options: Mapping[str, Any] = field(default_factory=dict)
    into: str = ""
    splitter: Literal["babelmill", "datatrove"] = "babelmill"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.into and not re.fullmatch(r"[a-z][a-z0-9_]*", self.into):
            raise ValueError(f"into must be a column name of small letters, digits and _, not {self.into!r}")


@dataclass(frozen=True)
class OpenFilter:
    """An instance of the filter and the splitter that was given to it, if any."""

    filter: Any
    splitter: Splitter | None


@dataclass(frozen=True)
class _FilterClass:
    found: DatatroveClass
    own_splitter: bool

    def open(self) -> OpenFilter:
        language = self.found.value("language")
        if language is None or "language" in self.found.options or not self.own_splitter:
            _check_tokenizer(language, self.found.use)
            return OpenFilter(self.found.make(), None)
        ours = splitter()
        return OpenFilter(self.found.make(language=ours), ours)

    def fingerprint(self) -> str:
        if not self.own_splitter:
            _check_tokenizer(self.found.value("language"), self.found.use)
        return self.found.fingerprint()


def _check_tokenizer(language: str | None, use: str) -> None:
    from datatrove.utils.word_tokenizers import load_word_tokenizer

    try:
        load_word_tokenizer(language)
    except ValueError:
        return  # not a language of datatrove's tokenizers: the filter knows what it is
    except ImportError as error:
        raise ConfigError(f"{use}: {error} Or leave `language` and `splitter` out: then babelmill splits.") from None


def _resources(config: DatatroveFilter) -> Mapping[str, Resource]:
    base = "datatrove.pipeline.filters.base_filter.BaseFilter"
    return {"opened": _FilterClass(DatatroveClass(config.use, base, config.options), config.splitter == "babelmill")}


def _columns(config: DatatroveFilter) -> pa.Schema:
    name = config.use.rpartition(".")[2]
    into = config.into or re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return pa.schema([pa.field(f"{into}_keep", pa.int8(), nullable=False), pa.field(f"{into}_reason", pa.string())])


@stage(NAME, config=DatatroveFilter, writes=_columns, resources=_resources)
def datatrove_filter(batch: TextBatch, config: DatatroveFilter, *, opened: OpenFilter) -> pa.RecordBatch:
    """Ask a datatrove filter about each document: 1 keeps it, 0 drops it, and why.

    A bound `min = 1` on `<into>_keep` lets it decide. The filter sees the text, the id and as metadata what the input
    carried, `url`, `source`, `date`, `language` (`et`, as datatrove's own identifier writes it), `language_script` and
    `language_code` (`ekk_Latn`). What it changes in the text is not used: `documents.text` never changes. Filters that
    draw a number for a document (`SamplerFilter`) draw it from the hash of the `doc_id`.

    Reads:   text, doc_id, language, language_score, url, source, date, meta
    Writes:  <into>_keep: int8; <into>_reason: string, null where kept or where the filter gives no reason
    """
    from datatrove.data import Document

    kept, reasons = [], []
    for index, (doc_id, text, metadata) in enumerate(_documents(batch)):
        if opened.splitter is not None:
            opened.splitter.current = batch.segmentations[index]
        if hasattr(opened.filter, "uniform"):
            drawn = fraction(config.seed, NAME, config.use, doc_id)
            opened.filter.uniform = lambda number=drawn: number
        try:
            (answer,) = opened.filter.filter_batch([Document(text=text, id=doc_id, metadata=metadata)])
        except Exception as error:
            raise ShardError(f"{config.use} failed on document {doc_id}: {error}") from error
        passed, reason = answer if isinstance(answer, tuple) else (answer, None)
        kept.append(int(bool(passed)))
        reasons.append(None if passed or reason is None else str(reason))
    arrays = [pa.array(kept, pa.int8()), pa.array(reasons, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, schema=_columns(config))


def _documents(batch: TextBatch) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Id, text and metadata of each row; columns that the batch lacks are left out."""
    names = [name for name in ("doc_id", "language", "meta", *_CARRIED) if name in batch.rows.schema.names]
    for text, row in zip(batch.texts, batch.rows.select(names).to_pylist(), strict=True):
        code = row.get("language") or batch.language.code
        language, _, script = code.partition("_")
        metadata = _carried(row.get("meta")) | {key: row[key] for key in _CARRIED if row.get(key) is not None}
        metadata |= {
            "language": str(icu.Locale.createCanonical(language).getLanguage()) or language,
            "language_script": script,
            "language_code": code,
        }
        yield row.get("doc_id") or "", text, metadata


def _carried(meta: str | None) -> dict[str, Any]:
    found = json.loads(meta) if meta else {}
    return found if isinstance(found, dict) else {}
