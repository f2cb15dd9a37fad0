"""The ledger adds up, and says where it does not."""

import pyarrow as pa

from pipelines.ledger import Count, Tally, imbalances, merge, to_table
from stages.columns import LEDGER


def test_a_balanced_step_has_no_imbalance() -> None:
    tally = Tally("decide")
    tally.add("in", language="ekk_Latn", source="web", documents=3, bytes=30)
    tally.add("kept", language="ekk_Latn", source="web", documents=2, bytes=20)
    tally.add("rejected", language="ekk_Latn", source="web", reason="r", bytes=10)
    assert imbalances(to_table(tally.counts()).to_pylist()) == []


def test_an_imbalance_names_step_language_and_unit() -> None:
    counts = [
        Count("mix", "tam_Taml", "corpus", "in", None, 2, None, None, 20),
        Count("mix", "tam_Taml", "corpus", "repeated", None, 1, None, None, 10),
        Count("mix", "tam_Taml", "corpus", "kept", None, 3, None, None, 29),
    ]
    assert imbalances(to_table(counts).to_pylist()) == ["ledger: mix, language tam_Taml: 30 tokens entered, 29 left"]


def test_unreadable_input_is_bytes_without_a_record_count() -> None:
    tally = Tally("ingest")
    for flow in ("in", "quarantined"):
        tally.add(flow, language="-", source="a.gz", documents=None, bytes=512)
    (first, second) = tally.counts()
    assert (first.documents, first.bytes) == (None, 512)
    assert second.flow == "quarantined"
    assert imbalances(to_table([first, second]).to_pylist()) == []


def test_merging_keeps_the_order_of_steps_and_sums() -> None:
    first = Count("select", "-", "a", "in", None, 1, None, 5)
    merged = merge([first, Count("annotate", "-", "a", "in", None, 1), first])
    assert [(c.step, c.documents, c.bytes) for c in merged] == [("select", 2, 10), ("annotate", 1, None)]


def test_counting_a_table_by_reason() -> None:
    table = pa.table(
        {"source": ["a", "a", "b"], "reason": ["x", "y", "x"], "characters": [1, 2, 3], "text_bytes": [1, 2, 3]}
    )
    tally = Tally("decide")
    tally.add_table("rejected", table, language="l", reason_column="reason")
    assert [(c.source, c.reason, c.documents, c.bytes) for c in tally.counts()] == [
        ("a", "x", 1, 1),
        ("a", "y", 1, 2),
        ("b", "x", 1, 3),
    ]
    assert to_table(tally.counts()).schema == LEDGER


def test_counting_a_table_without_reasons_and_with_gaps() -> None:
    table = pa.table({"source": ["b", "a", "b"], "characters": pa.array([1, None, 4]), "text_bytes": [7, 8, 9]})
    tally = Tally("mix")
    tally.add_table("kept", pa.concat_tables([table, table.slice(1, 1)]), language="l", reason="r")
    assert [(c.source, c.reason, c.documents, c.characters, c.bytes, c.tokens) for c in tally.counts()] == [
        ("a", "r", 2, None, 16, None),
        ("b", "r", 2, 5, 16, None),
    ]
