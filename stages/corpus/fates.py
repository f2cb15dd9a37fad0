"""The fate of every document, over whole columns: the first bound that it fails, or another of its cluster survives.

Three steps, so that a language may be decided shard by shard: `judged` of each shard, `survivors` of all of them,
`decided` of each shard.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.columns import UNDETERMINED

IDENTITY = ("doc_id", "source", "characters", "text_bytes")
"""Columns of `annotations` that every decision needs, whatever is bounded."""

MEMBERSHIP = ("cluster", "cluster_size", "labelled_size", "evidence")
"""Columns of `clusters` that decide who survives."""

SECOND, SECOND_SCORE = "language_second", "language_second_score"
"""Columns of the runner-up of identification and of its score."""

SURVIVES = "one of each cluster and language"


@dataclass(frozen=True)
class Rule:
    """A bound on a column, named after the stage that measured it.

    It does not hold for documents whose runner-up is one of the `excused` languages.
    """

    reason: str
    column: str
    minimum: float | None
    maximum: float | None
    excused: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """What it reads of `annotations`."""
        return (self.column, SECOND) if self.excused else (self.column,)

    def sides(self) -> tuple[str | None, str | None]:
        """The lower and the upper bound as people read them, `>= 50`; null where it is open."""
        low = None if self.minimum is None else f">= {self.minimum:g}"
        return low, None if self.maximum is None else f"<= {self.maximum:g}"


class Limits(Protocol):
    """What a bound says of its column; None where it is open."""

    @property
    def minimum(self) -> float | None: ...

    @property
    def maximum(self) -> float | None: ...


def rules(bounds: Mapping[str, Limits], owners: Mapping[str, str], confusable: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The bounds on measured columns, in the order of `owners`: the first that fails decides.

    `owners` names the stage that measured each column. The bound on the runner-up's score comes last: lists of links
    and numbers look like several languages, too. It does not hold for `confusable` runners-up, which are not another
    language in the document but doubt which of the two it is in.
    """
    excused = {SECOND_SCORE: tuple(sorted(confusable))}
    return tuple(
        Rule(
            f"{owners[column]}.{column}",
            column,
            bounds[column].minimum,
            bounds[column].maximum,
            excused.get(column, ()),
        )
        for column in sorted(owners, key=lambda column: column == SECOND_SCORE)
        if column in bounds
    )


def judged(annotations: pa.Table, limits: Sequence[Rule], clusters: pa.Table | None) -> pa.Table:
    """What the fate of each document follows from.

    Columns: those of `IDENTITY` and `MEMBERSHIP`, `text_hash` (null where it was not measured), `rule` (the number of
    the first bound it fails, -1 for none) and `value` (what failed it). `clusters` holds the same rows; without them
    every document is alone.
    """
    rule, value = first_failures(annotations, limits)
    count = annotations.num_rows
    columns = {name: annotations.column(name) for name in IDENTITY}
    hashed = "text_hash" in annotations.column_names
    columns["text_hash"] = annotations.column("text_hash") if hashed else pa.nulls(count, pa.string())
    if clusters is None:
        ones = pa.array(np.ones(count, np.int32))
        alone = (annotations.column("doc_id"), ones, ones, pa.nulls(count, pa.string()))
        columns |= dict(zip(MEMBERSHIP, alone, strict=True))
    else:
        columns |= {name: clusters.column(name) for name in MEMBERSHIP}
    return pa.table({**columns, "rule": rule, "value": value})


def survivors(parts: Iterable[pa.Table]) -> pa.Table:
    """The most complete document of each cluster that passes the bounds: most characters, then the smallest doc_id.

    Columns: cluster, doc_id, characters, text_hash; only clusters of more than one document have a row.
    """
    names = ["cluster", "doc_id", "characters", "text_hash"]
    best = []
    for part in parts:
        several = pc.and_(pc.greater(part.column("cluster_size"), 1), pc.less(part.column("rule"), 0))
        best.append(_best(part.select(names).filter(several)))
    return _best(pa.concat_tables(best)) if best else pa.table({name: pa.array([], pa.string()) for name in names})


def _best(candidates: pa.Table) -> pa.Table:
    ordered = candidates.sort_by([("cluster", "ascending"), ("characters", "descending"), ("doc_id", "ascending")])
    cluster = ordered.column("cluster").combine_chunks()
    first = np.ones(len(cluster), bool)
    first[1:] = pc.not_equal(cluster[1:], cluster[:-1]).to_numpy(zero_copy_only=False)
    return ordered.filter(pa.array(first))


def decided(part: pa.Table, best: pa.Table, limits: Sequence[Rule], language: str) -> pa.Table:
    """Rows of `decisions` with the sizes that the ledger counts, from `judged` rows and `survivors` of all parts."""
    rule, value = part.column("rule").to_numpy().copy(), part.column("value").to_numpy().copy()
    bound = 2 * rule + _failed_high(part, limits)
    lost = _duplicates(part, best, language)
    # numbers beyond those of the rules: two reasons, and two bounds
    rule[lost.rows] = len(limits) + np.where(lost.exact, 0, 1)
    bound[lost.rows] = 2 * len(limits) + np.where(lost.labelled, 0, 1)
    value[lost.rows] = part.column("cluster_size").to_numpy()[lost.rows]
    survivor = np.full(part.num_rows, -1)
    survivor[lost.rows] = np.where(lost.labelled, -1, lost.survivor)
    reasons = [*(limit.reason for limit in limits), "dedup.exact", "dedup.minhash"]
    bounds = [side for limit in limits for side in limit.sides()] + ["a labelled copy exists", SURVIVES]
    columns = {
        "doc_id": part.column("doc_id"),
        "language": pa.repeat(language, part.num_rows),
        "keep": pa.array(rule < 0),
        "reason": _named(rule, rule < 0, pa.array(reasons)),
        "bound": _named(bound, rule < 0, pa.array(bounds, pa.string())),
        "value": pa.array(value, mask=(rule < 0) | np.isnan(value)),
        "survivor": _named(survivor, survivor < 0, best.column("doc_id")),
    }
    known = ("cluster", "cluster_size", "source", "characters", "text_bytes")
    return pa.table(columns | {name: part.column(name) for name in known})


@dataclass(frozen=True)
class _Duplicates:
    """Documents that pass their bounds and lose to another of their cluster: arrays of the same length."""

    rows: np.ndarray
    exact: np.ndarray  # equal to the survivor, not only similar
    labelled: np.ndarray  # undetermined, and the cluster holds one whose language is known
    survivor: np.ndarray  # its row in `survivors`


def _duplicates(part: pa.Table, best: pa.Table, language: str) -> _Duplicates:
    passes = part.column("rule").to_numpy() < 0
    rows = np.flatnonzero((part.column("cluster_size").to_numpy() > 1) & passes)
    found = part.select(["doc_id", "cluster", "text_hash", "labelled_size", "evidence"]).take(pa.array(rows))
    place = pc.index_in(found.column("cluster"), value_set=best.column("cluster")).combine_chunks()
    chosen = best.take(place)
    other = _true(pc.not_equal(found.column("doc_id"), chosen.column("doc_id")))
    exact = _true(pc.equal(found.column("text_hash"), chosen.column("text_hash")))
    labelled = np.zeros(len(rows), bool)
    if language == UNDETERMINED:
        labelled = found.column("labelled_size").to_numpy() > 0
        exact = np.where(labelled, _true(pc.equal(found.column("evidence"), "exact")), exact)
    lost = labelled | other
    return _Duplicates(rows[lost], exact[lost], labelled[lost], place.to_numpy(zero_copy_only=False)[lost])


def _named(numbers: np.ndarray, absent: np.ndarray, names: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """The name of each number; null where it is absent."""
    return names.take(pa.array(numbers, pa.int64(), mask=absent))


def _true(condition: pa.ChunkedArray) -> np.ndarray:
    """Where a condition holds; null is no."""
    return np.asarray(pc.fill_null(condition, False).to_numpy(), bool)


def first_failures(table: pa.Table, limits: Sequence[Rule]) -> tuple[np.ndarray, np.ndarray]:
    """For each row the first rule it fails (-1 for none) and the value that failed; null and NaN fail."""
    failed = np.full(table.num_rows, -1, np.int32)
    values = np.full(table.num_rows, np.nan)
    for number, rule in enumerate(limits):
        column = table.column(rule.column)
        # float32 is compared as what people read: it holds 0.3 as 0.30000001
        kind = np.float32 if column.type == pa.float32() else np.float64
        measured = pc.cast(column, pa.from_numpy_dtype(kind)).to_numpy()
        low = -math.inf if rule.minimum is None else rule.minimum
        high = math.inf if rule.maximum is None else rule.maximum
        with np.errstate(invalid="ignore"):
            passes = (measured >= kind(low)) & (measured <= kind(high))
        if rule.excused:
            passes |= _true(pc.is_in(table.column(SECOND), value_set=pa.array(rule.excused)))
        fails = ~passes & (failed < 0)
        failed[fails], values[fails] = number, measured[fails]
    return failed, values


def _failed_high(part: pa.Table, limits: Sequence[Rule]) -> np.ndarray:
    """1 where the value lies above the bound that failed, 0 where it lies below or is no number."""
    rule: np.ndarray = part.column("rule").to_numpy()
    maxima = np.array([*(np.inf if limit.maximum is None else limit.maximum for limit in limits), np.inf])
    only = np.array([*(limit.minimum is None for limit in limits), False])
    with np.errstate(invalid="ignore"):
        above = part.column("value").to_numpy() > maxima[rule]
    return np.where(above | only[rule], 1, 0)
