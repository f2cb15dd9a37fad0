"""JSON rows that hold a text and need no second look, into columns; the others are left to the careful code."""

from typing import Any

import orjson

from stages.ingest.records import TextRecords
from stages.ingest.rows import Names

FULL_CHARACTERS, FULL_ROWS = 1 << 20, 8192
"""Where columns are handed on."""

_FIELDS = ("id", "url", "date", "licence", "language", "source")
_COLUMNS = ("source_id", "url", "date", "licence", "language_claimed", "source")

_SAFE_NUMBER = 1e18
"""orjson reads integers above 64 bits as floats; below this both readers give the same."""

_DEPTH = 16
_SHAPES = 1024
"""Sets of keys whose plan is remembered."""

Plan = tuple[str, tuple[str | None, ...], frozenset[str]]
"""Name of the text, name for each of `_FIELDS`, and all of them."""


class QuickRows:
    """Collects rows of which `jsonl` and `rows` would make one `RawRecord` with a text, the same."""

    def __init__(self, names: Names) -> None:
        read = [name for key in ("text", *_FIELDS) for name in names[key]]
        self._names = names
        self._able = len(set(read)) == len(read) and not any("." in name for name in read)
        self._plans: dict[tuple[str, ...], Plan | None] = {}
        self._held = TextRecords()
        self._characters = 0

    @property
    def full(self) -> bool:
        return self._characters >= FULL_CHARACTERS or len(self._held) >= FULL_ROWS

    def hand_over(self) -> TextRecords:
        """What was collected since the last time."""
        held, self._held, self._characters = self._held, TextRecords(), 0
        return held

    def take_line(self, line: bytes, offset: int) -> bool:
        """Add the row that the line holds; false, and nothing is added, where it needs the careful code."""
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            return False
        return type(row) is dict and self._take(row, f"#{offset}", len(line))

    def _take(self, row: dict[str, Any], locator: str, size: int) -> bool:
        keys = tuple(row)
        try:
            plan = self._plans[keys]
        except KeyError:
            plan = self._remember(keys)
        if plan is None:
            return False
        text_name, field_names, used = plan
        text = row[text_name]
        if type(text) is not str or not text or text.isspace():
            return False
        described: list[str | None] = []
        for name in field_names:
            value = None if name is None else row[name]
            if type(value) is str:
                value = value.strip() or None
            elif type(value) is int:
                value = str(value)  # of at most 64 bits
            elif value is not None:
                return False
            described.append(value)
        meta = {key: value for key, value in row.items() if key not in used and value is not None}
        if not all(type(value) is str or _is_plain(value, _DEPTH) for value in meta.values()):
            return False
        held = self._held
        held.locator.append(locator)
        held.bytes.append(size)
        held.text.append(text)
        for column, value in zip(_COLUMNS, described, strict=True):
            getattr(held, column).append(value)
        held.meta.append(meta)
        self._characters += len(text)
        return True

    def _remember(self, keys: tuple[str, ...]) -> Plan | None:
        if len(self._plans) >= _SHAPES:
            self._plans.clear()
        self._plans[keys] = plan = self._plan(keys) if self._able else None
        return plan

    def _plan(self, keys: tuple[str, ...]) -> Plan | None:
        """None where a row has no text, or where one of several names is to be chosen by what is null."""
        present = [[name for name in self._names[key] if name in keys] for key in ("text", *_FIELDS)]
        if not present[0] or any(len(names) > 1 for names in present):
            return None
        found = [names[0] if names else None for names in present]
        return present[0][0], tuple(found[1:]), frozenset(name for name in found if name is not None)


def _is_plain(value: Any, depth: int) -> bool:
    """Whether `jsonable` would not change the value, and the standard library would read the same."""
    kind = type(value)
    if kind is float:
        return bool(abs(value) < _SAFE_NUMBER)
    if kind is list or kind is dict:
        inner = value.values() if kind is dict else value
        return depth > 0 and all(_is_plain(item, depth - 1) for item in inner)
    return True
