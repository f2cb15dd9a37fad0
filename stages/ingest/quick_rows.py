"""JSON rows that hold a text and need no second look, into columns; the others are left to the careful code."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from stages.ingest.lines import Block, Line
from stages.ingest.quick_kernel import (
    FIELDS,
    KEY_END,
    KEY_START,
    LINES_LEFT,
    META,
    MOST_PAIRS,
    OTHER,
    PLACE,
    ROWS,
    Keys,
    Room,
    take_lines,
)
from stages.ingest.records import TEXTS, meta_json
from stages.ingest.rows import Names
from stages.text.memory import room

_FIELDS = ("id", "url", "date", "licence", "language", "source")
_COLUMNS = ("source_id", "url", "date", "licence", "language_claimed", "source")

_SAFE_NUMBER = 1e18
"""orjson reads integers above 64 bits as floats; below this both readers give the same."""

_DEPTH = 16
_SHAPES = 1024
"""Sets of keys whose plan is remembered."""
_MOST_KEYS = 256
"""Keys that the kernel knows; a row with one more goes through orjson."""
_NEEDS_ESCAPE = re.compile(r'[\x00-\x1f"\\]')

Plan = tuple[str, tuple[str | None, ...], frozenset[str]]
"""Name of the text, name for each of `_FIELDS`, and all of them."""

Left = tuple[int, Line]
"""A line that needs the careful code, and how many rows of the batch stand before it."""


class QuickRows:
    """Takes rows of which `jsonl` and `rows` would make one `RawRecord` with a text, the same."""

    def __init__(self, names: Names, limit: int) -> None:
        read = [name for key in ("text", *_FIELDS) for name in names[key]]
        self._names, self._limit = names, limit
        self._able = len(set(read)) == len(read) and not any("." in name for name in read)
        self._roles = {name: role for role, key in enumerate((*_FIELDS, "text")) for name in names[key]}
        self._plans: dict[tuple[str, ...], Plan | None] = {}
        self._keys = _keys([], [])

    def take(self, block: Block) -> tuple[pa.RecordBatch, list[Left]]:
        """The rows of a block as a batch of `TEXTS`, and its other lines."""
        if block.data is None or not self._able:
            return pa.RecordBatch.from_pylist([], TEXTS), [(0, line) for line in block.lines(self._limit)]
        columns, found = self._scanned(block.data)
        rows, starts = _rows(columns, found, block.offset), columns.starts[: found[ROWS]]
        more: list[tuple[Any, ...]] = []
        at: list[int] = []
        left: list[Line] = []
        for start, size in columns.left[: found[LINES_LEFT]].tolist():
            line = Line(block.offset + start, size, None, block.cut)
            if size <= self._limit + 1:
                line.data = block.data[start : start + size]
                row = self._row(line.data)
                if row is not None:
                    more.append((f"#{line.offset}", size, *row))
                    at.append(start)
                    continue
            left.append(line)
        if more:
            values = zip(*more, strict=True)
            others = [pa.array(column, field.type) for column, field in zip(values, TEXTS, strict=True)]
            places = np.concatenate([starts, at])
            order = np.argsort(places)
            both = pa.concat_batches([rows, pa.record_batch(others, schema=TEXTS)])
            rows, starts = both.take(pa.array(order)), places[order]
        before = np.searchsorted(starts, [line.offset - block.offset for line in left]).tolist()
        return rows, list(zip(before, left, strict=True))

    def _scanned(self, block: bytes) -> tuple[Room, np.ndarray]:
        """What the kernel takes of a block, and its counts."""
        data = np.frombuffer(block, np.uint8)
        ends = np.equal(data, 0x0A, out=room(len(block), np.bool_))  # `bytes.count` takes four times as long
        columns = _room(len(block), int(np.count_nonzero(ends)) + 1)
        found, used = np.zeros(5, np.int64), np.zeros(_MOST_KEYS, np.bool_)
        while True:
            take_lines(data, self._limit, self._keys, columns, used, found)
            if found[PLACE] == len(block):
                return columns, found
            self._keys = self._learned(block[found[KEY_START] : found[KEY_END]])

    def _learned(self, key: bytes) -> Keys:
        """The keys with one more."""
        known = self._keys
        names = [
            known.data[start:end].tobytes() for start, end in zip(known.bounds[:-1], known.bounds[1:], strict=True)
        ]
        try:
            name = key.decode()
        except UnicodeDecodeError:
            role = OTHER
        else:
            role = OTHER if _NEEDS_ESCAPE.search(name) else self._roles.get(name, META)
        return _keys([*names, key], [*known.roles.tolist(), role])

    def _row(self, line: bytes) -> tuple[Any, ...] | None:
        """The text of a row, `_COLUMNS` and the rest as JSON; None where it needs the careful code."""
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        if type(row) is not dict:
            return None
        keys = tuple(row)
        try:
            plan = self._plans[keys]
        except KeyError:
            plan = self._remember(keys)
        if plan is None:
            return None
        text_name, field_names, used = plan
        text = row[text_name]
        if type(text) is not str or not text or text.isspace():
            return None
        described: list[str | None] = []
        for name in field_names:
            value = None if name is None else row[name]
            if type(value) is str:
                value = value.strip() or None
            elif type(value) is int:
                value = str(value)  # of at most 64 bits
            elif value is not None:
                return None
            described.append(value)
        meta = {key: value for key, value in row.items() if key not in used and value is not None}
        if not all(type(value) is str or _is_plain(value, _DEPTH) for value in meta.values()):
            return None
        return (text, *described, meta_json(meta))

    def _remember(self, keys: tuple[str, ...]) -> Plan | None:
        if len(self._plans) >= _SHAPES:
            self._plans.clear()
        self._plans[keys] = plan = self._plan(keys)
        return plan

    def _plan(self, keys: tuple[str, ...]) -> Plan | None:
        """None where a row has no text, or where one of several names is to be chosen by what is null."""
        present = [[name for name in self._names[key] if name in keys] for key in ("text", *_FIELDS)]
        if not present[0] or any(len(names) > 1 for names in present):
            return None
        found = [names[0] if names else None for names in present]
        return present[0][0], tuple(found[1:]), frozenset(name for name in found if name is not None)


def _keys(names: Sequence[bytes], roles: Sequence[int]) -> Keys:
    bounds = np.cumsum([0, *map(len, names)], dtype=np.int64)
    ranks = np.argsort(np.argsort(np.array(names, object))) if names else np.zeros(0, np.int64)
    following = np.full(len(names) + 1, -1, np.int64)
    data = np.frombuffer(b"".join(names) or b"\0", np.uint8)
    return Keys(data, bounds, np.array(roles, np.int64), ranks.astype(np.int64), following)


def _room(size: int, lines: int) -> Room:
    """Room for all that a block of so many bytes and lines may hold: no string is longer than as it stands there."""
    columns = Room(
        text=np.frombuffer(pa.allocate_buffer(size), np.uint8),  # which the batch keeps
        text_ends=np.empty(lines + 1, np.int64),
        fields=room(FIELDS * size, np.uint8).reshape(FIELDS, size),
        field_ends=np.empty((FIELDS, lines + 1), np.int32),
        valid=np.empty((FIELDS, lines), np.bool_),
        meta=room(2 * size, np.uint8),  # with a space behind each comma and colon
        meta_ends=np.empty(lines + 1, np.int32),
        starts=np.empty(lines, np.int64),
        sizes=np.empty(lines, np.int64),
        left=np.empty((lines, 2), np.int64),
        values=room(size, np.uint8),
        pairs=np.empty((MOST_PAIRS, 3), np.int64),
    )
    columns.text_ends[0] = columns.meta_ends[0] = 0
    columns.field_ends[:, 0] = 0
    return columns


def _rows(columns: Room, found: np.ndarray, offset: int) -> pa.RecordBatch:
    """The rows that the kernel took; `offset` is that of the block."""
    count = int(found[ROWS])
    starts = pa.array(columns.starts[:count] + offset)
    ends = pa.py_buffer(columns.text_ends[: count + 1])
    text = pa.LargeStringArray.from_buffers(count, ends, pa.py_buffer(columns.text))
    fields = [
        _strings(columns.fields[number], columns.field_ends[number, : count + 1], columns.valid[number, :count])
        for number in range(FIELDS)
    ]
    meta_ends = columns.meta_ends[: count + 1]
    meta = _strings(columns.meta, meta_ends, meta_ends[1:] > meta_ends[:-1])
    locators = pc.binary_join_element_wise("#", pc.cast(starts, pa.string()), "")
    return pa.record_batch([locators, pa.array(columns.sizes[:count]), text, *fields, meta], schema=TEXTS)


def _strings(data: np.ndarray, ends: np.ndarray, valid: np.ndarray) -> pa.StringArray:
    """A column of its own memory."""
    if not valid.any():
        return pa.nulls(len(valid), pa.string())
    bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    values = pa.py_buffer(data[: ends[-1]].tobytes())
    return pa.StringArray.from_buffers(len(valid), pa.py_buffer(ends.copy()), values, bits)


def _is_plain(value: Any, depth: int) -> bool:
    """Whether `jsonable` would not change the value, and the standard library would read the same."""
    kind = type(value)
    if kind is float:
        return bool(abs(value) < _SAFE_NUMBER)
    if kind is list or kind is dict:
        inner = value.values() if kind is dict else value
        return depth > 0 and all(_is_plain(item, depth - 1) for item in inner)
    return True
