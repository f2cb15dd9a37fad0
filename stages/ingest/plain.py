"""Text files: one document per file, paragraph or line."""

from collections.abc import Callable, Iterator
from typing import Literal

from stages.ingest.charset import decode
from stages.ingest.lines import lines
from stages.ingest.records import Item, RawRecord, Rejection
from stages.ingest.source import Source

PIECE = 1 << 20


def read_text(
    source: Source, unit: Literal["file", "paragraph", "line"], limit: int, stop: int | None
) -> Iterator[Item]:
    """Documents of a text file in any charset; blank lines are none, and separate paragraphs."""
    if unit == "file":
        yield from whole(source, limit, _document)
        return
    blocks = _lines if unit == "line" else _paragraphs
    while True:
        for offset, size, data in blocks(source, limit, stop):
            if data is None:
                yield Rejection(f"#{offset}", size, "ingest.record_too_large", f"a {unit} of {size} bytes")
            else:
                yield _document(f"#{offset}", data)
        if source.damage is None:
            return
        yield source.unreadable()
        source.next_stretch()


def whole(source: Source, limit: int, make: Callable[[str, bytes], RawRecord | Rejection]) -> Iterator[Item]:
    """The file as one record; of a damaged file, all that can be read of it."""
    data, damages, size = bytearray(), [], 0
    while True:
        while piece := source.take(PIECE):
            size += len(piece)
            if size <= limit:
                data += piece
        if source.damage is None:
            break
        damages.append(source.unreadable())
        source.next_stretch()
    if size > limit:
        yield Rejection("#0", size, "ingest.record_too_large", f"a file of {size} bytes")
    elif size:
        yield make("#0", bytes(data))
    yield from damages


def _document(locator: str, data: bytes) -> RawRecord | Rejection:
    text, charset = decode(data)
    text = text.rstrip("\r\n")
    if not text.strip():
        return Rejection(locator, len(data), "ingest.no_text", "empty")
    return RawRecord(locator, len(data), text=text, meta={} if charset == "utf-8" else {"charset": charset})


Block = tuple[int, int, bytes | None]
"""Offset, size, and the bytes unless there are too many."""


def _lines(source: Source, limit: int, stop: int | None) -> Iterator[Block]:
    for line in lines(source, limit, stop):
        if line.data is None or line.data.strip():
            yield line.offset, line.bytes, line.data


def _paragraphs(source: Source, limit: int, stop: int | None) -> Iterator[Block]:
    """Neighbouring lines that are not blank."""
    start, size, data = 0, 0, bytearray()
    for line in lines(source, limit, stop):
        if line.data is not None and not line.data.strip():
            if size:
                yield start, size, bytes(data) if size <= limit else None
            size = 0
            continue
        if size == 0:
            start = line.offset
            data.clear()
        size += line.bytes
        if line.data is not None and size <= limit:
            data += line.data
    if size:
        yield start, size, bytes(data) if size <= limit else None
