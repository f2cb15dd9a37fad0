"""Every document's fate: columns against the bounds of its language, then one survivor of each cluster."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.context import Located, RunContext
from pipelines.keys import digest
from pipelines.languages import Bound
from pipelines.ledger import Count, Tally
from pipelines.parquet import PieceWriter
from pipelines.pipeline import PipelineStep
from pipelines.steps.annotate import annotation_schema
from pipelines.unit import Outcome, Unit, Workspace
from stages.columns import DECISIONS, IDENTIFICATION, UNDETERMINED

VERSION = 2

IDENTITY = ("doc_id", "source", "characters", "text_bytes")
"""Columns of `annotations` that every decision needs, whatever is bounded."""

MEMBERSHIP = ("cluster", "cluster_size", "labelled_size", "evidence")
"""Columns of `clusters` that decide who survives."""

SURVIVES = "one of each cluster and language"


@dataclass(frozen=True)
class Rule:
    """A bound on a column, named after the stage that measured it."""

    reason: str
    column: str
    minimum: float | None
    maximum: float | None

    def sides(self) -> tuple[str | None, str | None]:
        """The lower and the upper bound as people read them, `>= 50`; null where it is open."""
        low = None if self.minimum is None else f">= {self.minimum:g}"
        return low, None if self.maximum is None else f"<= {self.maximum:g}"


def rules(bounds: Mapping[str, Bound], owners: dict[str, str]) -> tuple[Rule, ...]:
    """The bounds that this pipeline measures, in the order of its columns: the first that fails decides."""
    return tuple(
        Rule(f"{owner}.{column}", column, bounds[column].minimum, bounds[column].maximum)
        for column, owner in owners.items()
        if column in bounds
    )


def column_owners(identify: PipelineStep, steps: Sequence[PipelineStep]) -> dict[str, str]:
    """Which stage wrote each numeric column of `annotations`, in column order."""
    owners = dict.fromkeys(annotation_schema(steps).names, "annotate")
    owners |= dict.fromkeys(IDENTIFICATION.names, identify.stage.name)
    for step in steps:
        owners |= dict.fromkeys(step.stage.writes(step.config).names, step.stage.name)
    return owners


class DecideStep:
    """One unit per language, so that an edited bound re-runs that language only."""

    name = "decide"
    stages = ("decide",)

    def __init__(self, identify: PipelineStep, annotators: Sequence[PipelineStep], clustered: bool) -> None:
        self.owners = column_owners(identify, annotators)
        self.sketched = tuple(c for c in ("text_hash",) if c in self.owners)
        self.clustered = clustered

    def units(self, run: RunContext) -> list[Unit]:
        annotations: dict[str, list[Located]] = {}
        clusters: dict[str, list[Located]] = {}
        clustered = {commit.facts["annotations"]: commit.files[0] for commit in run.outputs.get("cluster", ())}
        for file in run.files("annotate", "annotations"):
            beside = clustered.get(file.path)
            if self.clustered and beside is None:
                continue  # this shard was quarantined on the way
            for number, piece in enumerate(file.pieces):
                annotations.setdefault(piece.language, []).append(Located(file.path, piece))
                if beside is not None:
                    clusters.setdefault(piece.language, []).append(Located(beside.path, beside.pieces[number]))
        return [
            self._unit(language, rules(run.language(language).bounds, self.owners), pieces, clusters.get(language, []))
            for language, pieces in sorted(annotations.items())
        ]

    def _unit(
        self, language: str, limits: tuple[Rule, ...], pieces: Sequence[Located], beside: Sequence[Located]
    ) -> Unit:
        key = digest(VERSION, language, limits, [p.piece.checksum for p in pieces], [p.piece.checksum for p in beside])
        task = DecideTask(key, language, limits, self.sketched, tuple(pieces), tuple(beside))
        rows, size = sum(p.piece.rows for p in pieces), sum(p.piece.bytes for p in pieces)
        entering = (Count(self.name, language, "-", "in", None, rows, None, size),)
        return Unit(self.name, key, language, task, rows, entering, {"annotations": [p.path for p in pieces]})


@dataclass(frozen=True)
class DecideTask:
    """Two passes over columns: who passes the bounds, then who survives its cluster."""

    key: str
    language: str
    rules: tuple[Rule, ...]
    sketched: tuple[str, ...]
    annotations: tuple[Located, ...]
    clusters: tuple[Located, ...]

    def __call__(self, space: Workspace) -> Outcome:
        parts = [self._judge(space, number) for number in range(len(self.annotations))]
        best = survivors(parts)
        writer, tally = PieceWriter(DECISIONS), Tally("decide")
        kept, kept_rows = [], []
        for located, part in zip(self.annotations, parts, strict=True):
            table = decided(part, best, self.rules, self.language)
            writer.write(self.language, table.select(DECISIONS.names), size=located.piece.bytes)
            tally.add_table("in", table, language=self.language)
            keep = table.column("keep")
            tally.add_table("kept", table.filter(keep), language=self.language)
            dropped = table.filter(pc.invert(keep))
            tally.add_table("rejected", dropped, language=self.language, reason_column="reason")
            kept.append(int(pc.sum(table.filter(keep).column("text_bytes")).as_py() or 0))
            kept_rows.append(int(pc.sum(keep).as_py() or 0))
        buffer, pieces = writer.close()
        path = f"decisions/part-{self.language}-{self.key[:16]}.parquet"
        file = space.write(path, buffer, rows=writer.rows, pieces=pieces)
        return Outcome((file,), tuple(tally.counts()), {"kept_bytes": kept, "kept_rows": kept_rows})

    def _judge(self, space: Workspace, number: int) -> pa.Table:
        located = self.annotations[number]
        wanted = [*IDENTITY, *self.sketched, *(rule.column for rule in self.rules)]
        table = space.read_pieces(located.path, [located.piece], list(dict.fromkeys(wanted)))
        if not self.clusters:
            return judged(table, self.rules, None)
        beside = self.clusters[number]
        return judged(table, self.rules, space.read_pieces(beside.path, [beside.piece], list(MEMBERSHIP)))


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
        column = table.column(rule.column).cast(pa.float64()).to_numpy(zero_copy_only=False)
        low = -math.inf if rule.minimum is None else rule.minimum
        high = math.inf if rule.maximum is None else rule.maximum
        # compared as what people read: float32 columns hold 0.3 as 0.30000001
        rounded = column.astype(np.float32) if table.schema.field(rule.column).type == pa.float32() else column
        with np.errstate(invalid="ignore"):
            passes = (rounded >= rounded.dtype.type(low)) & (rounded <= rounded.dtype.type(high))
        fails = ~passes & (failed < 0)
        failed[fails], values[fails] = number, column[fails]
    return failed, values


def _failed_high(part: pa.Table, limits: Sequence[Rule]) -> np.ndarray:
    """1 where the value lies above the bound that failed, 0 where it lies below or is no number."""
    rule: np.ndarray = part.column("rule").to_numpy()
    maxima = np.array([*(np.inf if limit.maximum is None else limit.maximum for limit in limits), np.inf])
    only = np.array([*(limit.minimum is None for limit in limits), False])
    with np.errstate(invalid="ignore"):
        above = part.column("value").to_numpy() > maxima[rule]
    return np.where(above | only[rule], 1, 0)
