"""What a reader yields: a record, a bad record, or a part of the input that cannot be read."""

import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any


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


@dataclass(slots=True)
class TextRecords:
    """Consecutive records that hold a text, column by column: most of most files; row i is what `record(i)` says."""

    locator: list[str] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    source_id: list[str | None] = field(default_factory=list)
    url: list[str | None] = field(default_factory=list)
    date: list[str | None] = field(default_factory=list)
    licence: list[str | None] = field(default_factory=list)
    language_claimed: list[str | None] = field(default_factory=list)
    source: list[str | None] = field(default_factory=list)
    meta: list[dict[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.text)

    def record(self, row: int) -> RawRecord:
        return RawRecord(**{column.name: getattr(self, column.name)[row] for column in fields(self)})


Item = RawRecord | Rejection | Unreadable
Items = Item | TextRecords
"""What readers yield to those who take many records at once."""


def singly(items: Iterable[Items]) -> Iterator[Item]:
    """The items with each record alone."""
    for item in items:
        if isinstance(item, TextRecords):
            yield from map(item.record, range(len(item)))
        else:
            yield item
