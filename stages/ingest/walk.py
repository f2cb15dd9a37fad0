"""Walk over the records of a WARC or ARC file that goes on after a broken one."""

import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from stages.ingest.records import Rejection, Unreadable
from stages.ingest.source import Source

PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a record and the size of the block that should follow it."""

    fields: dict[str, str]  # names in lower case
    size: int  # of the header itself
    block: int


@dataclass(frozen=True, slots=True)
class Framed:
    """A record cut out of the file; its block may be incomplete."""

    locator: str
    bytes: int
    fields: dict[str, str]
    block: builtins.bytes
    repaired: bool = False  # its stated length was wrong; it was cut at the next record
    problem: str | None = None  # the block is not what was stored


class BrokenHeaderError(Exception):
    """The header at this position cannot be used."""


class Layout(Protocol):
    """How records of a format begin, are separated, and state their length."""

    begins: re.Pattern[bytes]  # the start of a record
    inner: re.Pattern[bytes]  # a start inside what a wrong length swallowed
    reach: int  # longest match of these
    separator: int  # least number of line-end bytes after a block
    anywhere: bool  # whether a start can be told in the middle of a line

    def header(self, source: Source) -> Header:
        """The header at the source's position, which does not move; raises `BrokenHeaderError`."""


def walk(source: Source, layout: Layout, limit: int) -> Iterator[Framed | Rejection | Unreadable]:
    """Every record, broken ones as rejections; blocks above `limit` bytes are passed over and never held.

    A block whose stated length is wrong is cut at the start of the next record. Bytes that belong to no record count
    as one broken record, or as unreadable where the file has no record at all.
    """
    seen = False
    while True:
        while True:
            source.take_line_ends()
            if not source.peek(1):
                break
            item = _next(source, layout, limit, seen)
            seen = seen or not isinstance(item, Unreadable)
            yield item
        if source.damage is None:
            return
        yield source.unreadable()
        source.next_stretch()


def _next(source: Source, layout: Layout, limit: int, seen: bool) -> Framed | Rejection | Unreadable:
    locator, start = source.locator(), source.position
    if not layout.begins.match(source.peek(layout.reach)):
        size, found = source.skip_to(layout.begins, layout.reach)
        if not (seen or found):
            return Unreadable(locator, size, "ingest.unknown_format", "no record header in it")
        return Rejection(locator, size, "ingest.broken_record", "bytes that begin no record")
    try:
        header = layout.header(source)
    except BrokenHeaderError as error:
        source.take(source.peek(layout.reach).find(b"\n") + 1 or 1)
        source.skip_to(layout.begins, layout.reach)
        return Rejection(locator, source.position - start, "ingest.broken_record", str(error))
    source_id, url = header.fields.get("warc-record-id"), header.fields.get("warc-target-uri", header.fields.get("url"))
    if header.block > limit:
        source.take(header.size)
        _skip_block(source, layout, header.block)
        size = source.position - start
        return Rejection(
            locator, size, "ingest.record_too_large", f"a block of {header.block} bytes", source_id, _plain(url)
        )
    source.take(header.size)
    block = source.take(header.block)
    problem, repaired = None, False
    if len(block) < header.block or not _followed(source, layout, block):
        stated = len(block) == header.block
        block, repaired = _cut(source, layout, block, limit)
        at_end = stated and source.damage is None and not source.peek(1)
        repaired = repaired or at_end
        if not repaired:
            problem = f"{len(block)} of {header.block} bytes"
    if not problem and source.held == 0 and source.damage and source.damage.checksum:
        problem = source.damage.detail  # over this very record
    size = source.position - start
    return Framed(locator, size, header.fields, block, repaired, problem)


def _plain(url: str | None) -> str | None:
    return url.strip("<>") if url else None


def _followed(source: Source, layout: Layout, block: builtins.bytes) -> bool:
    """Whether a separator, the next record or the end comes next; moves over line ends if so."""
    ends = source.take_line_ends()
    if len(ends) >= layout.separator or not source.peek(1):
        return True
    on_line = layout.anywhere or ends or block.endswith(b"\n")
    if on_line and layout.begins.match(source.peek(layout.reach)):
        return True
    source.give_back(ends)
    return False


def _cut(source: Source, layout: Layout, block: bytes, limit: int) -> tuple[bytes, bool]:
    """The block up to the next record start, and whether there is one: inside it or behind it."""
    data, searched = bytearray(block), 0
    while True:
        inner = layout.inner.search(data, searched)
        if inner:
            source.give_back(bytes(data[inner.start() :]))
            return bytes(data[: inner.start()]), True
        searched = max(0, len(data) - layout.reach)
        piece = source.take(PIECE) if len(data) <= limit else b""
        if not piece:
            return bytes(data), False
        data += piece


def _skip_block(source: Source, layout: Layout, size: int) -> None:
    """Move over a block without holding it, or to a record start inside it: a huge length may be a wrong one."""
    tail = b""
    while size > 0:
        piece = source.take(min(size, PIECE))
        if not piece:
            return
        window = tail + piece
        inner = layout.inner.search(window)
        if inner:
            source.give_back(window[inner.start() :])
            return
        tail = window[-layout.reach :]
        size -= len(piece)
