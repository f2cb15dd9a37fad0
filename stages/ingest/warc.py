"""WARC files, and WET files, which are WARC files of extracted text."""

import re
from collections.abc import Iterator

from stages.ingest.payload import complete_response, http_document, resource_document
from stages.ingest.records import Item, RawRecord, Rejection, Unreadable
from stages.ingest.source import Source
from stages.ingest.walk import BrokenHeaderError, Framed, Header, walk
from stages.ingest.wet import conversion

HEADER_LIMIT = 64 << 10


class WarcLayout:
    """`WARC/1.x`, header lines, an empty line, a block of `Content-Length` bytes, two line ends."""

    begins = re.compile(rb"WARC/[0-9]\.[0-9]+[ \t]*\r?\n(?=[A-Za-z])")
    inner = re.compile(rb"\r?\n(?:(?:\r?\n)+WARC/[0-9]\.[0-9]+[ \t]*\r?|WARC/[0-9]\.[0-9]+\r)\nWARC-[A-Za-z]")
    reach = 64
    separator = 2
    anywhere = True

    def header(self, source: Source) -> Header:
        size = 1 << 12
        while True:
            head = source.peek(size)
            end = re.search(rb"\r?\n\r?\n", head)
            if end:
                break
            if len(head) < size or size >= HEADER_LIMIT:
                raise BrokenHeaderError("the header has no end")
            size *= 4
        fields = header_fields(head[: end.start()].split(b"\n")[1:])
        length = fields.get("content-length", "")
        if not (length.isascii() and length.isdigit() and len(length) < 19):
            raise BrokenHeaderError(f"no usable Content-Length: {length[:40]!r}")
        return Header(fields, end.end(), int(length))


def header_fields(lines: list[bytes]) -> dict[str, str]:
    """Header lines as names in lower case to values; a line that starts with space continues the one before it."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r")
        if text.startswith("WARC/"):
            raise BrokenHeaderError("the next record starts inside the header")
        if text[:1] in (" ", "\t") and name:
            fields[name] += " " + text.strip()
            continue
        key, colon, value = text.partition(":")
        if colon:
            name = key.strip().lower()
            fields[name] = value.strip()
    return fields


def read_warc(source: Source, limit: int) -> Iterator[Item]:
    """Responses and resources as HTML or text, conversions as text; every other record is `ingest.not_a_document`."""
    for item in walk(source, WarcLayout(), limit):
        yield item if isinstance(item, Rejection | Unreadable) else _document(item, limit)


def _document(record: Framed, limit: int) -> RawRecord | Rejection:
    fields = record.fields
    kind = fields.get("warc-type", "").lower() or "no WARC-Type"
    content_type = fields.get("content-type", "")
    http = kind == "response" and content_type.lower().startswith("application/http")
    item: RawRecord | Rejection
    if record.problem and not (http and complete_response(record.block)):
        item = Rejection(record.locator, record.bytes, "ingest.broken_record", record.problem)
    elif kind == "resource" and fields.get("warc-target-uri", "").strip("<>").startswith("metadata:"):
        item = Rejection(record.locator, record.bytes, "ingest.not_a_document", "metadata")  # wget's own log
    elif http:
        item = http_document(record.locator, record.bytes, record.block, limit)
    elif kind in ("response", "resource"):
        item = resource_document(record.locator, record.bytes, record.block, content_type or None)
    elif kind == "conversion":
        item = conversion(record)
    else:
        item = Rejection(record.locator, record.bytes, "ingest.not_a_document", kind)
    return _described(item, record)


def _described(item: RawRecord | Rejection, record: Framed) -> RawRecord | Rejection:
    """Add what the record's own header says."""
    fields = record.fields
    source_id = fields.get("warc-record-id", "").strip("<>") or None
    url = fields.get("warc-target-uri", "").strip("<>") or None
    if isinstance(item, Rejection):
        return Rejection(item.locator, item.bytes, item.reason, item.detail, source_id, url)
    item.source_id, item.url = source_id, url
    item.date = fields.get("warc-date") or None
    item.language_claimed = item.language_claimed or _one_language(fields)
    if "warc-truncated" in fields:
        item.meta["truncated"] = fields["warc-truncated"]
    if record.repaired or record.problem:
        item.meta["repaired"] = "content_length"
    return item


def _one_language(fields: dict[str, str]) -> str | None:
    """What Common Crawl identified, where it names one language only."""
    named = fields.get("warc-identified-content-language", "")
    return named if named and "," not in named else None
