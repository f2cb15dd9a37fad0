"""Texts of several columns in a new order, each copied once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stages.text.compiled import item, kernel, put


def ordered(columns: Sequence[pa.LargeStringArray], order: np.ndarray) -> pa.LargeStringArray:
    """The texts of the columns, as if they were one, in the order of these rows; none may be null."""
    parts = [_utf8(column) for column in columns if len(column)]
    if not parts:
        return pa.array([], pa.large_string())
    lengths = np.concatenate([np.diff(bounds) for bounds, _ in parts])
    ends = np.zeros(len(order) + 1, np.int64)
    np.cumsum(lengths[order], out=ends[1:])
    places = np.empty(len(order), np.int64)
    places[order] = ends[:-1]
    out = np.empty(ends[-1], np.uint8)
    row = 0
    for bounds, data in parts:
        _scatter(data, bounds, places[row : row + len(bounds) - 1], out)
        row += len(bounds) - 1
    return pa.LargeStringArray.from_buffers(len(order), pa.py_buffer(ends), pa.py_buffer(out))


def _utf8(column: pa.LargeStringArray) -> tuple[np.ndarray, np.ndarray]:
    """Where the texts begin and end, and their bytes."""
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    return bounds, np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)


@kernel
def _scatter(data: Any, bounds: Any, places: Any, out: Any) -> None:
    """Copy each text to its place."""
    for text in range(places.size):
        start, place = bounds[text], places[text]
        for at in range(bounds[text + 1] - start):
            put(out, place + at, item(data, start + at))
