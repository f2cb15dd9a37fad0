"""Every document's fate: columns against the bounds of its language, then one survivor of each cluster."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Rule:
    """A bound on a column, named after the stage that measured it."""

    reason: str
    column: str
    minimum: float | None
    maximum: float | None


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
        judged = [self._judge(space, number) for number in range(len(self.annotations))]
        survivors = self._survivors(judged)
        writer, tally = PieceWriter(DECISIONS), Tally("decide")
        kept, kept_rows = [], []
        for located, rows in zip(self.annotations, judged, strict=True):
            table = self._decided(rows, survivors)
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

    def _judge(self, space: Workspace, number: int) -> dict[str, Any]:
        located = self.annotations[number]
        wanted = ["doc_id", "source", "characters", "text_bytes", *self.sketched, *(r.column for r in self.rules)]
        table = space.read_pieces(located.path, [located.piece], list(dict.fromkeys(wanted)))
        rule, value = first_failures(table, self.rules)
        rows: dict[str, Any] = {"table": table, "rule": rule, "value": value}
        if self.clusters:
            beside = self.clusters[number]
            columns = ["cluster", "cluster_size", "labelled_size", "evidence"]
            rows["clusters"] = space.read_pieces(beside.path, [beside.piece], columns)
        return rows

    def _survivors(self, judged: list[dict[str, Any]]) -> dict[str, tuple[int, str, str | None]]:
        """The most complete document of each cluster that passes: most characters, then the smallest doc_id."""
        best: dict[str, tuple[int, str, str | None]] = {}
        for rows in judged if self.clusters else []:
            sizes = rows["clusters"].column("cluster_size").to_numpy()
            candidates = np.flatnonzero((sizes > 1) & (rows["rule"] < 0))
            chosen = rows["table"].take(pa.array(candidates))
            names = rows["clusters"].column("cluster").take(pa.array(candidates)).to_pylist()
            hashes = chosen.column("text_hash").to_pylist() if self.sketched else [None] * len(candidates)
            lengths, ids = chosen.column("characters").to_pylist(), chosen.column("doc_id").to_pylist()
            for name, length, doc, text_hash in zip(names, lengths, ids, hashes, strict=True):
                rank = (-length, doc, text_hash)
                if name not in best or rank[:2] < best[name][:2]:
                    best[name] = rank
        return best

    def _decided(self, rows: dict[str, Any], survivors: dict[str, tuple[int, str, str | None]]) -> pa.Table:
        table: pa.Table = rows["table"]
        count = table.num_rows
        ids = table.column("doc_id").to_pylist()
        reason: list[str | None] = [None] * count
        bound: list[str | None] = [None] * count
        value: list[float | None] = [None] * count
        survivor: list[str | None] = [None] * count
        for index in np.flatnonzero(rows["rule"] >= 0).tolist():
            rule = self.rules[rows["rule"][index]]
            measured = float(rows["value"][index])
            reason[index], bound[index] = rule.reason, shown_bound(rule, measured)
            value[index] = None if math.isnan(measured) else measured
        clusters = rows.get("clusters")
        cluster = clusters.column("cluster").to_pylist() if clusters else ids
        size = clusters.column("cluster_size").to_pylist() if clusters else [1] * count
        if clusters:
            labelled = clusters.column("labelled_size").to_pylist()
            evidence = clusters.column("evidence").to_pylist()
            hashes = table.column("text_hash").to_pylist() if self.sketched else [None] * count
            for index in range(count):
                if size[index] == 1 or reason[index] is not None:
                    continue
                best = survivors[cluster[index]]
                if self.language == UNDETERMINED and labelled[index]:
                    reason[index], bound[index] = f"dedup.{evidence[index]}", "a labelled copy exists"
                    value[index] = float(size[index])
                elif best[1] != ids[index]:
                    same = hashes[index] is not None and hashes[index] == best[2]
                    reason[index] = "dedup.exact" if same else "dedup.minhash"
                    bound[index], value[index] = "one of each cluster and language", float(size[index])
                    survivor[index] = best[1]
        decided = {
            "doc_id": table.column("doc_id"),
            "language": pa.array([self.language] * count, pa.string()),
            "keep": pa.array([r is None for r in reason], pa.bool_()),
            "reason": pa.array(reason, pa.string()),
            "bound": pa.array(bound, pa.string()),
            "value": pa.array(value, pa.float64()),
            "cluster": pa.array(cluster, pa.string()),
            "cluster_size": pa.array(size, pa.int32()),
            "survivor": pa.array(survivor, pa.string()),
            "source": table.column("source"),
            "characters": table.column("characters"),
            "text_bytes": table.column("text_bytes"),
        }
        return pa.table(decided)


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


def shown_bound(rule: Rule, value: float) -> str:
    """The side of the bound that failed, as `>= 50`."""
    if (
        rule.minimum is not None
        and not value >= rule.minimum
        and not (rule.maximum is not None and value > rule.maximum)
    ):
        return f">= {rule.minimum:g}"
    return f"<= {rule.maximum:g}"
