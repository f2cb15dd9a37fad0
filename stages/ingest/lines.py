"""Lines of a source, however long."""

import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from stages.ingest.source import Source


@dataclass(slots=True)
class Line:
    """A line with its end; `data` is null where it is longer than allowed."""

    offset: int
    bytes: int
    data: builtins.bytes | None
    cut: bool = False  # the stretch ends in it by damage


def lines(source: Source, limit: int, stop: int | None) -> Iterator[Line]:
    """The lines of this stretch that begin before `stop`; a longer one than `limit` is passed over, not held.

    Whole lines are taken from the source together, so that it may stand behind the line that is yielded.
    """
    while stop is None or source.position < stop:
        searched = 0
        while (end := source.find(b"\n", searched)) < 0 and source.held <= limit + 1:
            searched = source.held
            if not source.fill():
                break
        offset = source.position
        if end >= 0:
            for data in BytesIO(source.take_lines()):
                if stop is not None and offset >= stop:
                    return
                yield Line(offset, len(data), data if len(data) <= limit + 1 else None)
                offset += len(data)
        elif source.held == 0:
            return
        elif source.held > limit + 1:
            yield Line(offset, source.skip_line(), None)
        else:
            yield Line(offset, source.held, source.take(source.held), source.damage is not None)
