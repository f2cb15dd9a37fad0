"""Texts of several columns in a new order, each copied once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from stages.text.arrays import buffers
from stages.text.compiled import borrowed, item, kernel, put


def ordered(columns: Sequence[pa.LargeStringArray], order: np.ndarray) -> pa.LargeStringArray:
    """Rows of the columns, as if they were one, in this order; no text may be null."""
    parts, order = [buffers(column) for column in columns], order.astype(np.int64, copy=False)
    firsts = np.cumsum([0, *map(len, columns)])
    holders = np.searchsorted(firsts, order, "right") - 1
    ends = np.zeros(len(order) + 1, np.int64)
    found = []
    for part, (data, bounds) in enumerate(parts):
        places = np.flatnonzero(holders == part)
        if places.size:
            starts = bounds[order[places] - firsts[part]]
            ends[places + 1] = bounds[order[places] - firsts[part] + 1] - starts
            found.append((data, starts, places))
    np.cumsum(ends, out=ends)
    out = np.frombuffer(pa.allocate_buffer(int(ends[-1])), np.uint8)
    for data, starts, places in found:
        _copy(data, starts, places, ends, out)
    return pa.LargeStringArray.from_buffers(len(order), pa.py_buffer(ends), pa.py_buffer(out))


@kernel
def _copy(data: Any, starts: Any, places: Any, ends: Any, out: Any) -> None:
    """Copy texts that begin at `starts` to their places, between `ends`."""
    data, starts, places, ends, out = borrowed((data, starts, places, ends, out))
    for text in range(places.size):
        start, place = starts[text], ends[places[text]]
        for at in range(ends[places[text] + 1] - place):
            put(out, place + at, item(data, start + at))
