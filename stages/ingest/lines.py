"""Lines of a source, however long."""

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from stages.ingest.source import Source

BLOCK = 1 << 21
"""Bytes that a block has at least, where there are as many."""


@dataclass(slots=True)
class _Taken:
    """Bytes of a source; `data` is null where they are more than allowed."""

    offset: int
    bytes: int
    data: builtins.bytes | None
    cut: bool = False  # the stretch ends in it by damage


class Line(_Taken):
    """A line with its end."""

    __slots__ = ()


class Block(_Taken):
    """Whole lines that stand together, or a line that is alone: the last one, or one that is too long to be held."""

    __slots__ = ()

    def lines(self, limit: int) -> Iterator[Line]:
        """Each line; without its data where it is longer than allowed."""
        if self.data is None:
            yield Line(self.offset, self.bytes, None)
            return
        offset = self.offset
        for data in BytesIO(self.data):
            yield Line(offset, len(data), data if len(data) <= limit + 1 else None, self.cut)
            offset += len(data)


def blocks(source: Source, limit: int, stop: int | None) -> Iterator[Block]:
    """The lines of this stretch that begin before `stop`; one that is not held for its length is longer than `limit`.

    Whole lines are taken from the source together, so that it may stand behind the lines that are yielded.
    """
    while stop is None or source.position < stop:
        while source.held < BLOCK and source.fill():
            pass
        searched = 0
        while (end := source.find(b"\n", searched)) < 0 and source.held <= limit + 1:
            searched = source.held
            if not source.fill():
                break
        offset = source.position
        if end >= 0:
            data = source.take_lines()
            if stop is not None and offset + len(data) > stop:
                data = data[: data.find(b"\n", stop - offset - 1) + 1]
            yield Block(offset, len(data), data)
        elif source.held == 0:
            return
        elif source.held > limit + 1:
            yield Block(offset, source.skip_line(), None)
        else:
            yield Block(offset, source.held, source.take(source.held), source.damage is not None)


def lines(source: Source, limit: int, stop: int | None) -> Iterator[Line]:
    """The lines of `blocks`; a longer one than `limit` has no data."""
    for block in blocks(source, limit, stop):
        yield from block.lines(limit)
