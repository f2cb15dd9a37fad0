"""JSONL: one JSON object per line."""

import json
from collections.abc import Iterator

from stages.ingest.lines import Line, blocks
from stages.ingest.quick_rows import QuickRows
from stages.ingest.records import Item, Items, Rejection
from stages.ingest.rows import Names, rows_to_records
from stages.ingest.source import Source

_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda _: None)  # raw control characters pass; NaN is null


def read_jsonl(source: Source, names: Names, limit: int, stop: int | None) -> Iterator[Items]:
    """The records of the lines that begin before `stop`; blank lines are none."""
    quick = QuickRows(names, limit)
    while True:
        partial = 0
        for block in blocks(source, limit, stop):
            rows, left = quick.take(block)
            done = 0
            for before, line in left:
                items = list(careful_records(line, names))
                if line.cut and any(isinstance(item, Rejection) for item in items):
                    partial = line.bytes  # the damage goes through it
                elif items:
                    if before > done:
                        yield rows.slice(done, before - done)
                    done = before
                    yield from items
            if done < len(rows):
                yield rows.slice(done)
        if source.damage is None:
            return
        yield source.unreadable(partial)
        source.next_stretch()


def careful_records(line: Line, names: Names) -> Iterator[Item]:
    """The records of a line, whatever it holds; the reference of `QuickRows` for those that it takes."""
    locator = f"#{line.offset}"
    if line.data is None:
        yield Rejection(locator, line.bytes, "ingest.record_too_large", f"a line of {line.bytes} bytes")
        return
    data = line.data.removeprefix(b"\xef\xbb\xbf") if line.offset == 0 else line.data
    if not data.strip():
        return
    try:
        text, meta = data.decode(), {}
    except UnicodeDecodeError:
        text, meta = data.decode("utf-8", "replace"), {"encoding": "replaced"}
    try:
        row = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        yield Rejection(locator, line.bytes, "ingest.bad_encoding" if meta else "ingest.bad_json", _why(error, text))
        return
    if not isinstance(row, dict):
        yield Rejection(locator, line.bytes, "ingest.bad_json", f"a {type(row).__name__}, not an object")
        return
    yield from rows_to_records(row, names, locator, line.bytes, meta)


def _why(error: Exception, text: str) -> str:
    if text.lstrip().startswith("[") and not text.rstrip().endswith("]"):
        return "part of a JSON array over several lines; write one object per line, as `jq -c '.[]'` does"
    return str(error)[:200] if isinstance(error, ValueError) else "nested too deeply"
