"""Lines of a source, however long."""

import builtins
from collections.abc import Iterator
from dataclasses import dataclass

from stages.ingest.source import Source


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end; `data` is null where it is longer than allowed."""

    offset: int
    bytes: int
    data: builtins.bytes | None
    cut: bool  # the stretch ends in it by damage


def lines(source: Source, limit: int, stop: int | None) -> Iterator[Line]:
    """The lines of this stretch that begin before `stop`; a longer one than `limit` is passed over, not held."""
    while stop is None or source.position < stop:
        offset, searched = source.position, 0
        while (end := source.find(b"\n", searched)) < 0 and source.held <= limit:
            searched = source.held
            if not source.fill():
                break
        size = end + 1 if end >= 0 else source.held
        if size == 0:
            return
        if size > limit + 1:
            size = source.skip_line()
            yield Line(offset, size, None, False)
            continue
        yield Line(offset, size, source.take(size), end < 0 and source.damage is not None)
