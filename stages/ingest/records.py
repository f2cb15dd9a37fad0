"""What a reader yields: a record, a bad record, or a part of the input that cannot be read."""

import builtins
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Pair:
    """A text and its translation; a language is null where the input does not say it."""

    src: str
    tgt: str
    src_lang: str | None
    tgt_lang: str | None


@dataclass(slots=True)
class RawRecord:
    """One readable record; exactly one of `text`, `html`, `pair` and `messages` is set.

    `locator` is the position inside the file: `#<offset of its first byte>` after decompression, for WARC and ARC
    `#<offset of its gzip member>` (with `+<offset in the member>` where a member holds several), `#<row>` for Parquet.
    `bytes` is its raw size in the decompressed file. `html` is undecoded, `content_type` the HTTP header that came
    with it. `meta` holds what else the input carried, as JSON values.
    """

    locator: str
    bytes: int
    text: str | None = None
    html: builtins.bytes | None = None
    content_type: str | None = None
    pair: Pair | None = None
    messages: list[dict[str, str]] | None = None
    task: str | None = None
    source_id: str | None = None
    url: str | None = None
    date: str | None = None
    licence: str | None = None
    language_claimed: str | None = None
    source: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejection:
    """One bad record: counted with its reason, and reading goes on after it."""

    locator: str
    bytes: int
    reason: str  # ingest.bad_json, ingest.no_text, ingest.broken_record, ...
    detail: str
    source_id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of the input that holds an unknown number of records.

    `bytes` is its size as stored, so of a compressed file in compressed bytes.
    """

    locator: str
    bytes: int
    reason: str  # ingest.corrupt_stream, ingest.truncated_stream, ingest.unknown_format
    detail: str


TEXTS = pa.schema(
    [
        pa.field("locator", pa.string(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source_id", pa.string()),
        pa.field("url", pa.string()),
        pa.field("date", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("language_claimed", pa.string()),
        pa.field("source", pa.string()),
        pa.field("meta", pa.string()),  # JSON as `meta_json` writes it
    ]
)
"""Columns of records that hold a text: most of most files are read so, and never become objects."""

Item = RawRecord | Rejection | Unreadable
Items: TypeAlias = "RawRecord | Rejection | Unreadable | pa.RecordBatch"
"""What readers yield to those who take many records at once: a batch of `TEXTS` is as many records."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


def meta_json(meta: Mapping[str, Any]) -> str | None:
    """The JSON in which `meta` is stored; None where it holds nothing."""
    return _ENCODER.encode(meta) if meta else None


def single_records(batch: pa.RecordBatch) -> Iterator[RawRecord]:
    """Each record of a batch of `TEXTS`."""
    for row in batch.to_pylist():
        meta = row.pop("meta")
        yield RawRecord(**row, meta=json.loads(meta) if meta else {})


def singly(items: Iterable[Items]) -> Iterator[Item]:
    """The items with each record alone."""
    for item in items:
        if isinstance(item, pa.RecordBatch):
            yield from single_records(item)
        else:
            yield item
