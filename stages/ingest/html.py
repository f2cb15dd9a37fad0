"""HTML files: one page per file."""

from collections.abc import Iterator

from stages.ingest.plain import whole
from stages.ingest.records import Item, RawRecord, Rejection
from stages.ingest.source import Source


def read_html(source: Source, limit: int) -> Iterator[Item]:
    """The page, undecoded; what damage leaves of it is a page too."""
    return whole(source, limit, _page)


def _page(locator: str, data: bytes) -> RawRecord | Rejection:
    if not data.strip():
        return Rejection(locator, len(data), "ingest.no_text", "empty")
    return RawRecord(locator, len(data), html=data)
