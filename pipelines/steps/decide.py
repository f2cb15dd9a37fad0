"""Every document's fate: columns against the bounds of its language, then one survivor of each cluster."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.context import Located, RunContext, batches
from pipelines.keys import digest
from pipelines.languages import Language
from pipelines.ledger import Count, Tally
from pipelines.parquet import PieceWriter
from pipelines.pipeline import PipelineStep
from pipelines.steps.annotate import annotation_schema
from pipelines.unit import Outcome, Unit, Workspace
from stages.columns import DECISIONS, IDENTIFICATION
from stages.corpus.fates import IDENTITY, MEMBERSHIP, Rule, decided, judged, rules, survivors

VERSION = 4
ROWS_AT_ONCE = 1 << 16
"""Documents judged together: bounds the memory of their columns; results do not depend on it."""


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
            self._unit(language, self._rules(run.language(language)), pieces, clusters.get(language, []))
            for language, pieces in sorted(annotations.items())
        ]

    def _rules(self, language: Language) -> tuple[Rule, ...]:
        return rules(language.bounds, self.owners, language.confusable)

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
    """Two passes over columns: who passes the bounds, then who survives its cluster.

    Neighbouring pieces are judged and decided together, because most are small.
    """

    key: str
    language: str
    rules: tuple[Rule, ...]
    sketched: tuple[str, ...]
    annotations: tuple[Located, ...]
    clusters: tuple[Located, ...]

    def __call__(self, space: Workspace) -> Outcome:
        runs = list(batches([located.piece.rows for located in self.annotations], ROWS_AT_ONCE))
        parts = [self._judge(space, start, end) for start, end in runs]
        best = survivors(parts)
        writer, tally = PieceWriter(DECISIONS), Tally("decide")
        kept: list[int] = []
        kept_rows: list[int] = []
        for (start, end), part in zip(runs, parts, strict=True):
            table = decided(part, best, self.rules, self.language)
            keep = table.column("keep")
            tally.add_table("in", table, language=self.language)
            tally.add_table("kept", table.filter(keep), language=self.language)
            dropped = table.filter(pc.invert(keep))
            tally.add_table("rejected", dropped, language=self.language, reason_column="reason")
            pieces = self.annotations[start:end]
            self._write(writer, table.select(DECISIONS.names).cast(DECISIONS), pieces)
            firsts = np.cumsum([0, *(located.piece.rows for located in pieces[:-1])])
            flags = keep.to_numpy()
            kept_rows += np.add.reduceat(flags, firsts, dtype=np.int64).tolist()
            kept += np.add.reduceat(np.where(flags, table.column("text_bytes").to_numpy(), 0), firsts).tolist()
        buffer, written = writer.close()
        path = f"decisions/part-{self.language}-{self.key[:16]}.parquet"
        file = space.write(path, buffer, rows=writer.rows, pieces=written)
        return Outcome((file,), tuple(tally.counts()), {"kept_bytes": kept, "kept_rows": kept_rows})

    def _write(self, writer: PieceWriter, table: pa.Table, pieces: Sequence[Located]) -> None:
        start = 0
        for located in pieces:
            rows = located.piece.rows
            writer.write(self.language, table.slice(start, rows), size=located.piece.bytes)
            start += rows

    def _judge(self, space: Workspace, start: int, end: int) -> pa.Table:
        """The rows of some pieces beside those of their clusters."""
        wanted = [*IDENTITY, *self.sketched, *(column for rule in self.rules for column in rule.columns)]
        table = _read(space, self.annotations[start:end], list(dict.fromkeys(wanted)))
        beside = _read(space, self.clusters[start:end], MEMBERSHIP) if self.clusters else None
        return judged(table, self.rules, beside)


def _read(space: Workspace, pieces: Sequence[Located], columns: Sequence[str]) -> pa.Table:
    tables = [space.read_pieces(located.path, [located.piece], columns) for located in pieces]
    return pa.concat_tables(tables).combine_chunks()
