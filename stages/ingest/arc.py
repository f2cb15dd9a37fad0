"""ARC files, the format of web archives before WARC."""

import re
from collections.abc import Iterator

from stages.ingest.payload import complete_response, http_document, resource_document
from stages.ingest.records import Item, RawRecord, Rejection, Unreadable
from stages.ingest.source import Source
from stages.ingest.walk import BrokenHeaderError, Framed, Header, walk

_LINE = rb"^[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\r\n]{0,8000} [0-9A-Fa-f.:]{1,45} [0-9]{8,20} [^\r\n]{1,4000}\r?\n"


class ArcLayout:
    """A line `URL address date content-type ... length`, a block of that length, a line end.

    warcio reads the same format, and stops at the first bad line: hence this one.
    """

    begins = re.compile(_LINE, re.MULTILINE)
    inner = re.compile(rb"\n(?=" + _LINE + rb")", re.MULTILINE)
    reach = 16 << 10
    separator = 1
    anywhere = False

    def header(self, source: Source) -> Header:
        line = source.peek(self.reach).split(b"\n", 1)[0]
        words = line.decode("utf-8", "replace").split()
        date = next((at for at in range(1, len(words) - 1) if _is_date(words[at], words[at - 1])), 0)
        if not date:
            raise BrokenHeaderError("no date after an address")
        if not (words[-1].isascii() and words[-1].isdigit()):
            raise BrokenHeaderError(f"no usable length: {words[-1][:40]!r}")
        fields = {
            "url": " ".join(words[: date - 1]),
            "date": words[date],
            "content-type": words[date + 1] if date + 1 < len(words) - 1 else "",
        }
        return Header(fields, len(line) + 1, int(words[-1]))


def _is_date(word: str, before: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{8,20}", word) and re.fullmatch(r"[0-9A-Fa-f.:]{1,45}", before))


def read_arc(source: Source, limit: int) -> Iterator[Item]:
    """HTTP responses as HTML or text; the version block and other records are `ingest.not_a_document`."""
    for item in walk(source, ArcLayout(), limit):
        yield item if isinstance(item, Rejection | Unreadable) else _document(item, limit)


def _document(record: Framed, limit: int) -> RawRecord | Rejection:
    url = record.fields["url"]
    scheme = url.partition(":")[0].lower()
    if scheme in ("filedesc", "dns"):
        return Rejection(record.locator, record.bytes, "ingest.not_a_document", scheme, None, url)
    http = record.block.startswith(b"HTTP/") or scheme in ("http", "https")
    if record.problem and not (http and complete_response(record.block)):
        return Rejection(record.locator, record.bytes, "ingest.broken_record", record.problem, None, url)
    if http:
        item = http_document(record.locator, record.bytes, record.block, limit)
    else:
        item = resource_document(record.locator, record.bytes, record.block, record.fields["content-type"] or None)
    if isinstance(item, Rejection):
        return Rejection(item.locator, item.bytes, item.reason, item.detail, None, url)
    item.url = url
    item.date = _iso(record.fields["date"])
    if record.repaired or record.problem:
        item.meta["repaired"] = "length"
    return item


def _iso(stamp: str) -> str:
    """`20140216050221` as `2014-02-16T05:02:21Z`; other lengths stay as they are."""
    if len(stamp) != 14:
        return stamp
    day = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
    return f"{day}T{stamp[8:10]}:{stamp[10:12]}:{stamp[12:14]}Z"
