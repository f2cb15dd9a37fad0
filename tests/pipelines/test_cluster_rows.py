"""Keys and membership, column by column, against the plain rule."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.steps.cluster import MEMBER, _membership, row_keys

HASHES = st.lists(st.none() | st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}"), max_size=20)


@settings(deadline=None)
@given(HASHES)
def test_the_key_of_an_exact_hash_is_its_first_half(hashes: list[str | None]) -> None:
    keys, rows = row_keys(pa.table({"text_hash": pa.array(hashes, pa.string())}))
    filled = [(int(text[:16], 16), row) for row, text in enumerate(hashes) if text is not None]
    assert list(zip(keys.tolist(), rows.tolist(), strict=True)) == filled


@settings(deadline=None)
@given(st.integers(1, 12), st.data())
def test_rows_that_no_member_names_are_clusters_of_their_own(count: int, data: st.DataObject) -> None:
    named = sorted(data.draw(st.sets(st.integers(0, count - 1))))
    labelled = data.draw(st.lists(st.booleans(), min_size=count, max_size=count))
    joined = {"cluster": "c", "cluster_size": 7, "labelled_size": 5, "evidence": "exact"}
    members = pa.RecordBatch.from_pylist([{"row": row, **joined} for row in named], schema=MEMBER)
    rows = pa.table({"doc_id": [f"d{row}" for row in range(count)]})
    alone = [{"cluster": f"d{row}", "cluster_size": 1, "labelled_size": int(labelled[row])} for row in range(count)]
    assert _membership(rows, members, np.array(labelled)).to_pylist() == [
        {"doc_id": f"d{row}", **(joined if row in named else {**alone[row], "evidence": None})} for row in range(count)
    ]


def test_no_sketch_gives_no_key() -> None:
    keys, rows = row_keys(pa.table({"doc_id": ["a"]}))
    assert (keys.dtype, len(rows)) == (np.uint64, 0)
