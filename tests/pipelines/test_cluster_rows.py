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
    start = 100
    named = sorted(data.draw(st.sets(st.integers(0, count - 1))))
    members = [
        {"row": start + row, "cluster": "c", "cluster_size": 7, "labelled_size": 5, "evidence": "exact"}
        for row in named
    ]
    rows = pa.table({"doc_id": [f"d{row}" for row in range(count)]})
    for labelled in (False, True):
        found = _membership(rows, pa.RecordBatch.from_pylist(members, schema=MEMBER), start, labelled).to_pylist()
        alone = {"cluster_size": 1, "labelled_size": int(labelled), "evidence": None}
        joined = {"cluster": "c", "cluster_size": 7, "labelled_size": 5, "evidence": "exact"}
        assert found == [
            {"doc_id": f"d{row}", **(joined if row in named else {"cluster": f"d{row}", **alone})}
            for row in range(count)
        ]


def test_no_sketch_gives_no_key() -> None:
    keys, rows = row_keys(pa.table({"doc_id": ["a"]}))
    assert (keys.dtype, len(rows)) == (np.uint64, 0)
