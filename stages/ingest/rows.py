"""Rows of JSONL and Parquet to records: what a row is follows from the fields it has."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from stages.ingest.conversations import conversations
from stages.ingest.records import Pair, RawRecord, Rejection
from stages.ingest.surrogates import without_surrogates

Names = Mapping[str, tuple[str, ...]]

FIELDS: dict[str, tuple[str, ...]] = {
    "text": ("text", "content"),
    "id": ("id", "_id", "doc_id", "docid", "uuid"),
    "url": ("url", "uri", "source_url", "link"),
    "source": ("source", "dataset", "corpus"),
    "language": ("lang", "language", "language_code", "lang_code"),
    "licence": ("licence", "license"),
    "date": ("date", "timestamp", "created", "published"),
    "src": ("src", "source_text"),
    "tgt": ("tgt", "target_text"),
    "src_lang": ("src_lang", "source_lang", "source_language"),
    "tgt_lang": ("tgt_lang", "target_lang", "target_language"),
    "translation": ("translation",),
    "instruction": ("instruction",),
    "input": ("input", "context"),
    "output": ("output", "response", "answer"),
    "instances": ("instances",),
    "prompt": ("prompt", "question"),
    "completion": ("completion", "response", "answer"),
    "messages": ("messages", "conversations", "conversation"),
    "task": ("task", "task_type", "category"),
}
"""Our names, and the names in the input that are tried for each."""

_LONGEST_NUMBER = 4300
"""Digits from which on Python refuses to print an integer."""


def rows_to_records(
    row: Mapping[str, Any], names: Names, locator: str, size: int, meta: Mapping[str, Any]
) -> Iterator[RawRecord | Rejection]:
    """The records of one row: a text, a pair, or conversations, whichever it holds first in this order.

    A row with several `instances` gives a record for each, with `/0`, `/1`... behind the locator.
    """
    found = Row(row, names)
    record = _described(found, locator, size)
    if found.holds("text"):
        texts = _texts(found)
        if isinstance(texts, str):
            yield _rejected(record, texts)
            return
        record.text = texts[0]
        record.meta = found.rest(meta)
        yield record
        return
    pair = _pair(found)
    if isinstance(pair, Pair):
        record.pair = pair
        record.meta = found.rest(meta)
        yield record
        return
    if isinstance(pair, str):
        yield _rejected(record, pair)
        return
    given = conversations(found)
    if isinstance(given, str):
        yield _rejected(record, given)
        return
    rest = found.rest(meta)
    for number, messages in enumerate(given):
        part = f"{locator}/{number}" if len(given) > 1 else locator
        share = size // len(given) + (size % len(given) if number == 0 else 0)
        yield _described(found, part, share, messages=messages, task=found.text("task"), meta=rest)


ENDLESS = 10**40
"""Integers from here on are no identifiers: Python takes time that grows with the square to write them."""


class Row:
    """A row under our names; strings are free of lone surrogates, which no UTF-8 can hold."""

    def __init__(self, row: Mapping[str, Any], names: Names) -> None:
        self._row = row
        self._names = names
        self._used: set[str] = set()

    def value(self, key: str) -> Any:
        """The first value that is not null among the names of a field."""
        for name in self._names[key]:
            value = self._at(name)
            if value is not None:
                self._used.add(name)
                return value
        return None

    def holds(self, key: str) -> bool:
        return self.value(key) is not None

    def text(self, key: str) -> str | None:
        """A string, or a number or date as a string; None for anything else and for an empty one."""
        value = self.value(key)
        if isinstance(value, str):
            return without_surrogates(value).strip() or None
        if isinstance(value, bool | float) or value is None:
            return None
        if isinstance(value, int):
            return str(value) if abs(value) < ENDLESS else None
        return str(value.isoformat()) if hasattr(value, "isoformat") else None

    def rest(self, more: Mapping[str, Any]) -> dict[str, Any]:
        """What no field has used, as JSON values."""
        left = {key: value for key, value in self._row.items() if key not in self._used and value is not None}
        return {without_surrogates(str(key)): jsonable(value) for key, value in left.items()} | dict(more)

    def _at(self, name: str) -> Any:
        if name in self._row or "." not in name:
            return self._row.get(name)
        value: Any = self._row
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


def jsonable(value: Any) -> Any:
    """The value as JSON can hold it: no NaN, no bytes, no dates, no lone surrogates, no endless integers."""
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 3 * _LONGEST_NUMBER else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {without_surrogates(str(key)): jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(inner) for inner in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return without_surrogates(str(value))


def _described(found: Row, locator: str, size: int, **payload: Any) -> RawRecord:
    return RawRecord(
        locator,
        size,
        source_id=found.text("id"),
        url=found.text("url"),
        date=found.text("date"),
        licence=found.text("licence"),
        language_claimed=found.text("language"),
        source=found.text("source"),
        **payload,
    )


def _rejected(record: RawRecord, detail: str) -> Rejection:
    return Rejection(record.locator, record.bytes, "ingest.no_text", detail, record.source_id, record.url)


def _texts(found: Row) -> tuple[str] | str:
    """The text in a tuple, or why there is none."""
    value = found.value("text")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return f"the text is of type {type(value).__name__}"
    return (without_surrogates(value),) if value.strip() else "the text is empty"


def _pair(found: Row) -> Pair | str | None:
    """The pair, why it is none, or None where the row claims none."""
    both = found.value("translation")
    if isinstance(both, Mapping) and len(both) == 2:
        (first, src), (second, tgt) = both.items()
        languages: tuple[str | None, str | None] = (str(first), str(second))
    else:
        src, tgt = found.value("src"), found.value("tgt")
        languages = (found.text("src_lang"), found.text("tgt_lang"))
    if src is None and tgt is None:
        return None
    if not (isinstance(src, str) and isinstance(tgt, str) and src.strip() and tgt.strip()):
        return "a side of the pair is empty"
    return Pair(without_surrogates(src), without_surrogates(tgt), *languages)
