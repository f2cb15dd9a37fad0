"""Texts of several columns in a new order, each copied once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stages.text.arrays import buffers
from stages.text.compiled import borrowed, item, kernel, put


def ordered(columns: Sequence[pa.LargeStringArray], order: np.ndarray) -> pa.LargeStringArray:
    """Rows of the columns, as if they were one, in this order, none of them twice; no text may be null."""
    parts = [buffers(column) for column in columns]
    lengths = np.concatenate([np.diff(bounds) for _, bounds in parts])
    ends = np.zeros(len(order) + 1, np.int64)
    np.cumsum(lengths[order], out=ends[1:])
    places = np.full(len(lengths), -1)
    places[order] = ends[:-1]
    out = np.frombuffer(pa.allocate_buffer(int(ends[-1])), np.uint8)
    row = 0
    for data, bounds in parts:
        _copy(data, bounds, places[row : row + len(bounds) - 1], out)
        row += len(bounds) - 1
    return pa.LargeStringArray.from_buffers(len(order), pa.py_buffer(ends), pa.py_buffer(out))


@kernel
def _copy(data: Any, bounds: Any, places: Any, out: Any) -> None:
    """Copy each text to its place; those without one are left out."""
    data, bounds, places, out = borrowed((data, bounds, places, out))
    for text in range(places.size):
        start, place = bounds[text], places[text]
        for at in range(bounds[text + 1] - start if place >= 0 else 0):
            put(out, place + at, item(data, start + at))
