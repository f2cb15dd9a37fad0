"""Deciding over columns says what the rules say row by row."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.languages import Bound
from stages.columns import CLUSTERS, UNDETERMINED
from stages.corpus.fates import Rule, decided, first_failures, judged, rules, survivors

RULES = (
    Rule("quality.gopher.word_count", "word_count", 50, 100000),
    Rule("quality.gopher.symbol_ratio", "symbol_ratio", None, 0.3),
    Rule("quality.c4.sentence_count", "sentence_count", 3, None),
)
FAILED = {
    ("word_count", "low"): ">= 50",
    ("word_count", "high"): "<= 100000",
    ("symbol_ratio", "high"): "<= 0.3",
    ("sentence_count", "low"): ">= 3",
}


def fate(row: dict[str, Any]) -> tuple[str | None, str | None, float | None]:
    """Reason, bound and value of the first rule that the row fails."""
    for rule in RULES:
        value = row[rule.column]
        value = math.nan if value is None else value
        shown = np.float32(value) if rule.column == "symbol_ratio" else value
        low = rule.minimum is not None and not shown >= rule.minimum
        high = rule.maximum is not None and not shown <= np.float32(rule.maximum)
        if low or high:
            side = "high" if high and not (low and not value > (rule.maximum or math.inf)) else "low"
            return rule.reason, FAILED[(rule.column, side)], None if math.isnan(value) else float(np.float32(value))
    return None, None, None


def plainly(rows: list[dict[str, Any]], language: str) -> list[tuple[Any, ...]]:
    """doc_id, reason, bound, value and survivor of each row, as the rules are told."""
    passing = [row for row in rows if fate(row)[0] is None]
    found = []
    for row in rows:
        reason, bound, value = fate(row)
        survivor = None
        rivals = [other for other in passing if other["cluster"] == row["cluster"]]
        if reason is None and row["cluster_size"] > 1:
            best = min(rivals, key=lambda other: (-other["characters"], other["doc_id"]))
            if language == UNDETERMINED and row["labelled_size"]:
                reason, bound = f"dedup.{row['evidence']}", "a labelled copy exists"
                value = float(row["cluster_size"])
            elif best is not row:
                same = row["text_hash"] is not None and row["text_hash"] == best["text_hash"]
                reason, bound = "dedup.exact" if same else "dedup.minhash", "one of each cluster and language"
                value, survivor = float(row["cluster_size"]), best["doc_id"]
        found.append((row["doc_id"], reason, bound, value, survivor))
    return found


def tables(rows: list[dict[str, Any]]) -> tuple[pa.Table, pa.Table]:
    """The rows as annotations and clusters."""
    schema = pa.schema(
        [
            ("doc_id", pa.string()),
            ("source", pa.string()),
            ("characters", pa.int64()),
            ("text_bytes", pa.int64()),
            ("text_hash", pa.string()),
            ("word_count", pa.int32()),
            ("symbol_ratio", pa.float32()),
            ("sentence_count", pa.int32()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema), pa.Table.from_pylist(rows, schema=CLUSTERS)


def told(parts: list[pa.Table], language: str) -> list[tuple[Any, ...]]:
    best = survivors(parts)
    rows = [row for part in parts for row in decided(part, best, RULES, language).to_pylist()]
    assert all(row["keep"] == (row["reason"] is None) and row["language"] == language for row in rows)
    return [(row["doc_id"], row["reason"], row["bound"], row["value"], row["survivor"]) for row in rows]


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    count = draw(st.integers(0, 12))
    cluster = [draw(st.sampled_from("abc")) for _ in range(count)]
    rows = []
    for number in range(count):
        labelled = draw(st.integers(0, 2))
        rows.append(
            {
                "doc_id": f"{number:02d}",
                "source": "web",
                "characters": draw(st.integers(0, 3)),
                "text_bytes": 7,
                "text_hash": draw(st.sampled_from(["x", "y", None])),
                "word_count": draw(st.sampled_from([None, 0, 49, 50, 51, 100000, 100001])),
                "symbol_ratio": draw(st.sampled_from([None, math.nan, 0.0, 0.3, 0.30001, 1.0])),
                "sentence_count": draw(st.sampled_from([2, 3, 3, 3])),
                "cluster": cluster[number],
                "cluster_size": cluster.count(cluster[number]),
                "labelled_size": labelled,
                "evidence": draw(st.sampled_from(["exact", "minhash"])),
            }
        )
    return rows


@settings(deadline=None)
@given(documents(), st.sampled_from(["ekk_Latn", UNDETERMINED]), st.integers(0, 12))
def test_columns_decide_as_rows_do_wherever_they_are_cut(rows: list[dict[str, Any]], language: str, cut: int) -> None:
    annotations, clusters = tables(rows)
    halves = [(annotations[:cut], clusters[:cut]), (annotations[cut:], clusters[cut:])]
    parts = [judged(measured, RULES, members) for measured, members in halves]
    assert told(parts, language) == plainly(rows, language)


@settings(deadline=None)
@given(documents())
def test_without_clusters_every_document_is_alone(rows: list[dict[str, Any]]) -> None:
    alone = [{**row, "cluster": row["doc_id"], "cluster_size": 1} for row in rows]
    assert told([judged(tables(rows)[0], RULES, None)], "ekk_Latn") == plainly(alone, "ekk_Latn")


def test_text_that_was_not_hashed_is_similar_not_equal() -> None:
    rows = [
        {"doc_id": name, "source": "web", "characters": 9, "text_bytes": 9, "text_hash": None, "word_count": 60}
        | {"symbol_ratio": 0.0, "sentence_count": 4, "cluster": "a", "cluster_size": 2, "labelled_size": 2}
        for name in ("a", "b")
    ]
    annotations, clusters = tables(rows)
    part = judged(annotations.drop_columns("text_hash"), RULES, clusters)
    assert told([part], "ekk_Latn")[1] == ("b", "dedup.minhash", "one of each cluster and language", 2.0, "a")


@pytest.mark.parametrize(("limits", "sides"), [(RULES[0], (">= 50", "<= 100000")), (RULES[1], (None, "<= 0.3"))])
def test_bounds_are_shown_as_people_read_them(limits: Rule, sides: tuple[str | None, str | None]) -> None:
    assert limits.sides() == sides


def test_a_confusable_runner_up_is_no_second_language() -> None:
    bounds = {"language_second_score": Bound("language_second_score", None, 0.15)}
    owners = {"language_second_score": "identify.fasttext"}
    table = pa.table(
        {
            "language_second": pa.array(["bos_Latn", "eng_Latn", None, "bos_Latn"]),
            "language_second_score": pa.array([0.4, 0.4, 0.0, 0.1], pa.float32()),
        }
    )
    for confusable, failed in ((["bos_Latn"], [-1, 0, -1, -1]), ([], [0, 0, -1, -1])):
        (rule,) = rules(bounds, owners, confusable)
        assert set(rule.columns) <= {"language_second_score", "language_second"}
        assert first_failures(table, [rule])[0].tolist() == failed
    assert rules(bounds, owners)[0].columns == ("language_second_score",)


def test_bounds_are_asked_in_the_order_of_columns_and_the_runner_up_last() -> None:
    owners = dict.fromkeys(("language_score", "language_second_score", "word_count", "url_ratio"), "a")
    bounds = {column: Bound(column, 0.0, 1.0) for column in reversed(owners)}
    asked = [rule.column for rule in rules(bounds, owners)]
    assert asked == ["language_score", "word_count", "url_ratio", "language_second_score"]
