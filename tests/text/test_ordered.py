"""Texts in a new order, against the plain way."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.text.ordered import ordered


@settings(deadline=None)  # the first example waits for kernels to be compiled
@given(st.lists(st.lists(st.text(max_size=20), max_size=5), min_size=1, max_size=4), st.data())
def test_rows_are_taken_as_from_one_column(columns: list[list[str]], data: st.DataObject) -> None:
    whole = [text for column in columns for text in column]
    places = data.draw(st.permutations(range(len(whole))))
    order = places[: data.draw(st.integers(0, len(places)))]
    arrays = [pa.array(["before", *column], pa.large_string()).slice(1) for column in columns]
    assert ordered(arrays, np.array(order, np.int64)).to_pylist() == [whole[row] for row in order]
