"""Documents to annotations: every signal, span and sketch of a language's piece from one segmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.context import Located, RunContext, batches, library_versions, stage_key
from pipelines.keys import digest
from pipelines.ledger import Count, Tally
from pipelines.parquet import Piece, PieceWriter
from pipelines.pipeline import PipelineStep
from pipelines.unit import Outcome, Unit, Workspace, opened
from stages.columns import IDENTIFICATION, SIZES, SPANS
from stages.errors import ConfigError
from stages.text.arrays import steps_between
from stages.text.batch import TextBatch
from stages.text.language import LanguageText
from stages.text.tables import UNICODE_VERSION

VERSION = 1
BATCH_BYTES = 2 << 20
"""Text segmented at once: bounds the memory of a worker; results do not depend on it."""

SKETCH_COLUMNS = ("doc_id", "language", "source", "characters", "text_bytes", "text_hash", "minhash")


def annotation_schema(steps: Sequence[PipelineStep]) -> pa.Schema:
    """Columns of `annotations` for these stages; columns named `*_spans` are merged into `spans`."""
    schema = pa.schema(
        [
            pa.field("doc_id", pa.string(), nullable=False),
            pa.field("source", pa.string(), nullable=False),
            *IDENTIFICATION,
            *SIZES,
            pa.field("spans", SPANS),
        ]
    )
    owners = dict.fromkeys(schema.names, "annotate")
    for step in steps:
        for column in step.stage.writes(step.config):
            if column.name.endswith("_spans"):
                continue
            if column.name in owners:
                raise ConfigError(
                    f"step {step.number}: {step.stage.name} writes column {column.name!r}, "
                    f"which {owners[column.name]} writes too; leave one out, or rename it if there is an option `into`"
                )
            owners[column.name] = step.stage.name
            schema = schema.append(column)
    return schema


class AnnotateStep:
    """Every stage of kind `annotate`, fused, keyed by language; a shard is the unit."""

    name = "annotate"

    def __init__(self, steps: Sequence[PipelineStep]) -> None:
        self.steps = tuple(steps)
        self.stages = tuple(step.stage.name for step in steps)
        self.schema = annotation_schema(steps)

    def units(self, run: RunContext) -> list[Unit]:
        versions = library_versions(["pyicu-wheels", "regex", "pyarrow"]) | {"Unicode": UNICODE_VERSION}
        base = digest(VERSION, [stage_key(step) for step in self.steps], versions)
        known = {
            piece.key: Located(file.path, piece)
            for commit in run.committed.get(self.name, {}).values()
            for file in commit.files
            for piece in file.pieces
            if piece.key
        }
        languages: dict[str, str] = {}  # what of each language changes its annotations
        units = []
        for file in run.files("ingest", "documents"):
            work, skipped = [], []
            for piece in file.pieces:
                if not run.wants(piece.language):
                    skipped.append(piece)
                    continue
                language = run.language(piece.language).text
                if piece.language not in languages:
                    languages[piece.language] = digest(language)
                key = digest(base, languages[piece.language], piece.checksum)
                work.append(PieceWork(piece, language, key, known.get(key)))
            unit_key = digest(base, [w.key for w in work], [(p.language, p.checksum) for p in skipped])
            fresh = sum(w.piece.bytes for w in work if w.reused is None)
            entering = tuple(Count(self.name, p.language, "-", "in", None, p.rows, None, p.bytes) for p in file.pieces)
            task = AnnotateTask(unit_key, self.steps, file.path, tuple(work), tuple(skipped))
            label = _label(file.path, [w.piece.language for w in work if w.reused is None])
            units.append(Unit(self.name, unit_key, label, task, fresh, entering, {"documents": file.path}))
        return units


def _label(path: str, languages: Sequence[str]) -> str:
    shown = ", ".join(languages[:3]) + (f" and {len(languages) - 3} more languages" if len(languages) > 3 else "")
    return f"{path.rpartition('/')[2]} ({shown or 'nothing new'})"


@dataclass(frozen=True)
class PieceWork:
    """One language's rows of a shard, and where their annotations lie if another run made them."""

    piece: Piece
    language: LanguageText
    key: str
    reused: Located | None


@dataclass(frozen=True)
class AnnotateTask:
    """Writes the whole shard: pieces that changed are computed, the others copied without reading their text."""

    key: str
    steps: tuple[PipelineStep, ...]
    path: str
    work: tuple[PieceWork, ...]
    skipped: tuple[Piece, ...]

    def __call__(self, space: Workspace) -> Outcome:
        tally = Tally("annotate")
        schema = annotation_schema(self.steps)
        writer = PieceWriter(schema, SKETCH_COLUMNS)
        for work in self.work:
            if work.reused is not None:
                table = space.read_pieces(work.reused.path, [work.reused.piece])
            else:
                table = self._annotate(space.read_pieces(self.path, [work.piece]), work.language, schema)
            writer.write(work.piece.language, table, size=work.piece.bytes, key=work.key)
            tally.add_table("in", table, language=work.piece.language)
            tally.add_table("kept", table, language=work.piece.language)
        for piece in self.skipped:
            for flow, reason in (("in", None), ("rejected", "run.language_not_selected")):
                tally.add(
                    flow,
                    language=piece.language,
                    source="-",
                    reason=reason,
                    documents=piece.rows,
                    bytes=piece.bytes,
                )
        buffer, pieces = writer.close()
        path = f"annotations/part-{self.key[:16]}.parquet"
        file = space.write(path, buffer, rows=writer.rows, pieces=pieces)
        return Outcome((file,), tuple(tally.counts()))

    def _annotate(self, documents: pa.Table, language: LanguageText, schema: pa.Schema) -> pa.Table:
        resources = [
            {name: opened(resource) for name, resource in step.stage.resources(step.config).items()}
            for step in self.steps
        ]
        sizes = pc.binary_length(documents.column("text")).to_pylist()
        tables = []
        for start, end in batches(sizes, BATCH_BYTES):
            rows = documents.slice(start, end - start).combine_chunks().to_batches()[0]
            tables.append(annotate(rows, language, self.steps, resources, schema))
        return pa.concat_tables(tables)


def annotate(
    rows: pa.RecordBatch,
    language: LanguageText,
    steps: Sequence[PipelineStep],
    resources: Sequence[Mapping[str, object]],
    schema: pa.Schema,
) -> pa.Table:
    """Annotations of one batch of documents of one language; `schema` is `annotation_schema` of the steps."""
    batch = TextBatch(rows, language)
    columns: dict[str, pa.Array] = {name: rows.column(name) for name in ("doc_id", "source", *IDENTIFICATION.names)}
    columns["characters"] = pa.array(batch.segments.code_points)
    columns["text_bytes"] = pa.array(steps_between(batch.segments.offsets))
    spans = []
    for step, opened_resources in zip(steps, resources, strict=True):
        written = step.stage.function(batch, step.config, **opened_resources)
        for name, column in zip(written.schema.names, written.columns, strict=True):
            if name.endswith("_spans"):
                spans.append(column)
            else:
                columns[name] = column
    columns["spans"] = _merged(spans, len(batch))
    return pa.table([columns[name] for name in schema.names], schema=schema)


def _merged(columns: Sequence[pa.ListArray], count: int) -> pa.Array:
    """The spans of each document from several columns of them, in order."""
    if len(columns) == 1 and columns[0].null_count == 0 and _in_order(columns[0]):
        return columns[0]
    rows = zip(*(column.to_pylist() for column in columns), strict=True) if columns else [()] * count
    return pa.array([_sorted(row) for row in rows], SPANS)


def _in_order(column: pa.ListArray) -> bool:
    """Whether each row's spans begin one after the other."""
    spans = column.flatten()
    if not len(spans):
        return True
    starts = spans.field("start").to_numpy()
    firsts = np.zeros(starts.size + 1, bool)
    firsts[column.value_lengths().to_numpy().cumsum()] = True
    return bool((firsts[1:-1] | (starts[1:] > starts[:-1])).all())


def _sorted(lists: Sequence[list[dict[str, object]] | None]) -> list[dict[str, object]]:
    spans = [span for spans in lists for span in spans or []]
    return sorted(spans, key=lambda span: (span["start"], span["end"], span["kind"]))
