"""Texts in a new order, against the plain way."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.text.ordered import ordered


@settings(deadline=None)  # the first example waits for kernels to be compiled
@given(
    st.lists(st.lists(st.text(max_size=20), max_size=5), min_size=1, max_size=4),
    st.sampled_from((np.int64, np.uint64)),
    st.data(),
)
def test_rows_are_taken_as_from_one_column(
    columns: list[list[str]], kind: type[np.integer], data: st.DataObject
) -> None:
    whole = [text for column in columns for text in column]
    order = data.draw(st.lists(st.integers(0, len(whole) - 1)) if whole else st.just([]))
    arrays = [pa.array(["before", *column], pa.large_string()).slice(1) for column in columns]
    assert ordered(arrays, np.array(order, kind)).to_pylist() == [whole[row] for row in order]
