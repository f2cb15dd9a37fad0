"""Raw files of any supported format to records."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from stages.ingest.arc import read_arc
from stages.ingest.detect import detect
from stages.ingest.html import read_html
from stages.ingest.jsonl import read_jsonl
from stages.ingest.parquet import read_parquet
from stages.ingest.plain import read_text
from stages.ingest.records import Item, Items, Unreadable, singly
from stages.ingest.rows import FIELDS
from stages.ingest.source import Source
from stages.ingest.streams import compression, parts
from stages.ingest.warc import read_warc
from stages.registry import stage

Format = Literal["auto", "jsonl", "parquet", "warc", "arc", "wet", "text", "html"]


@dataclass(frozen=True, kw_only=True)
class Read:
    """Options of `ingest.read`.

    `fields` maps our names to names in the input, or to several that are tried in turn; `a.b` looks inside objects. Our
    names: text, id, url, source, language, licence, date, src, tgt, src_lang, tgt_lang, translation, instruction,
    input, output, instances, prompt, completion, messages, task. `text_unit` is what one document of a text file is.
    """

    format: Format = "auto"
    fields: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    max_record_bytes: int = 64 << 20
    text_unit: Literal["file", "paragraph", "line"] = "file"

    def __post_init__(self) -> None:
        unknown = sorted(set(self.fields) - set(FIELDS))
        if unknown:
            raise ValueError(f"fields names {unknown[0]!r}; it can map {', '.join(FIELDS)}")
        if self.max_record_bytes < 1024:
            raise ValueError("max_record_bytes must be at least 1024")

    def names(self) -> dict[str, tuple[str, ...]]:
        """Every field with the input names to try for it."""
        given = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in self.fields.items()}
        return {**FIELDS, **given}


@stage("ingest.read", kind="ingest", config=Read)
def read(stream: BinaryIO, config: Read, name: str = "") -> Iterator[Item]:
    """Records of one file: JSONL, Parquet, WARC, ARC, WET, text or HTML, plain, `.gz` or `.zst`."""
    return read_records(stream, name, config)


def read_records(stream: BinaryIO, name: str, config: Read, start: int = 0, end: int | None = None) -> Iterator[Item]:
    """Every record of `read_items`, alone."""
    return singly(read_items(stream, name, config, start, end))


def read_items(stream: BinaryIO, name: str, config: Read, start: int = 0, end: int | None = None) -> Iterator[Items]:
    """Every record of a file, or of one of the ranges that `stages.ingest.cut.cuts` gives for it.

    Ranges are bytes of uncompressed JSONL and of text by lines (a line belongs to the range that holds its first
    byte), row groups of Parquet; any other file is read in whole by the range that starts at 0. The stream must be
    seekable for Parquet and for ranges that do not start at 0. Bad records come as `Rejection`, what cannot be read
    as `Unreadable`, and reading goes on behind both; only errors of the stream itself are raised.
    """
    found, head = detect(name, stream)
    if not head:
        return
    kind = config.format if config.format != "auto" else found
    by_lines = kind == "jsonl" or (kind == "text" and config.text_unit == "line")
    if kind == "parquet":
        yield from read_parquet(stream, config.names(), config.max_record_bytes, start, end)
        return
    if by_lines and compression(head) is None:
        source, stop = _range(stream, head, start), end
    elif start > 0:
        return
    else:
        source, stop = Source(parts(stream, head)), None
    yield from _records(kind, source, config, stop)


def _range(stream: BinaryIO, head: bytes, start: int) -> Source:
    """The lines from the first that begins at or after `start`."""
    if start == 0:
        return Source(parts(stream, head))
    stream.seek(start - 1)
    source = Source(parts(stream), start - 1)
    source.skip_line()
    return source


def _records(kind: str | None, source: Source, config: Read, stop: int | None) -> Iterator[Items]:
    limit = config.max_record_bytes
    if kind == "jsonl":
        return read_jsonl(source, config.names(), limit, stop)
    if kind in ("warc", "wet"):
        return read_warc(source, limit)
    if kind == "arc":
        return read_arc(source, limit)
    if kind == "text":
        return read_text(source, config.text_unit, limit, stop)
    if kind == "html":
        return read_html(source, limit)
    return _unknown(source)


def _unknown(source: Source) -> Iterator[Item]:
    size = 0
    while True:
        while taken := source.take(1 << 20):
            size += len(taken)
        if source.damage is None:
            break
        yield source.unreadable()
        source.next_stretch()
    if size:
        yield Unreadable("#0", size, "ingest.unknown_format", "neither its name nor its first bytes say what it is")
