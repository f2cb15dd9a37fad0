"""The second reading of the text: kept documents with their spans applied, per language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.context import Located, RunContext, batches
from pipelines.keys import digest
from pipelines.ledger import Count, Tally
from pipelines.parquet import ROW_GROUP_BYTES, SMALL, PieceWriter, string_bytes
from pipelines.pipeline import PipelineStep
from pipelines.steps.annotate import annotation_schema
from pipelines.unit import Outcome, OutputFile, Unit, Workspace
from stages.columns import DECISIONS, DOCUMENTS, REJECTED
from stages.corpus.select import Select
from stages.errors import ConfigError
from stages.pii.redact import apply_spans
from stages.registry import nearest
from stages.text.arrays import buffers

VERSION = 3
DROPPED = ("language_second", "language_second_score")


def corpus_schema(config: Select, annotations: pa.Schema) -> pa.Schema:
    """Document columns, the final sizes and hash, and the chosen signals."""
    for name in config.signals:
        if name not in annotations.names:
            raise ConfigError(f"select: no signal {name!r} is measured{nearest(name, annotations.names)}")
    columns = [column for column in DOCUMENTS if column.name not in DROPPED]
    columns += [
        pa.field("text_hash", pa.string(), nullable=False),  # xxh3-128 of the final text
        pa.field("characters", pa.int64(), nullable=False),
        pa.field("text_bytes", pa.int64(), nullable=False),
        pa.field("cluster_size", pa.int32(), nullable=False),
    ]
    known = {column.name for column in columns}
    return pa.schema(columns + [annotations.field(name) for name in config.signals if name not in known])


class SelectStep:
    """One unit per language and run of shards whose kept text fills one corpus file."""

    name = "select"
    stages = ("select",)

    def __init__(self, step: PipelineStep, annotators: Sequence[PipelineStep]) -> None:
        self.config: Select = step.config
        self.schema = corpus_schema(self.config, annotation_schema(annotators))

    def units(self, run: RunContext) -> list[Unit]:
        documents = {
            (file.path, piece.language): Located(file.path, piece)
            for file in run.files("ingest", "documents")
            for piece in file.pieces
        }
        beside = {
            (file.path, piece.language): (documents[(commit.facts["documents"], piece.language)], piece)
            for commit in run.outputs["annotate"]
            for file in commit.files
            for piece in file.pieces
        }
        units: list[Unit] = []
        for commit in run.outputs["decide"]:
            (decisions,) = commit.files
            language, kept_bytes, kept_rows = commit.label, commit.facts["kept_bytes"], commit.facts["kept_rows"]
            slices = []
            for path, decided in zip(commit.facts["annotations"], decisions.pieces, strict=True):
                document, measured = beside[(path, language)]
                slices.append(Slice(document, Located(path, measured), Located(decisions.path, decided)))
            for start, end in batches(kept_bytes, run.pipeline.shard_bytes):
                rows, size = sum(kept_rows[start:end]), sum(kept_bytes[start:end])
                if rows or self.config.write_rejected:
                    units.append(self._unit(language, tuple(slices[start:end]), rows, size))
        return units

    def _unit(self, language: str, slices: tuple["Slice", ...], rows: int, kept_bytes: int) -> Unit:
        checksums = [
            (s.documents.piece.checksum, s.annotations.piece.checksum, s.decisions.piece.checksum) for s in slices
        ]
        key = digest(VERSION, self.config, str(self.schema), language, checksums)
        task = SelectTask(key, language, self.config, self.schema, slices)
        entering = (Count(self.name, language, "-", "in", None, rows, None, kept_bytes),)
        return Unit(self.name, key, f"{language}, {rows:,} documents", task, kept_bytes, entering)


@dataclass(frozen=True)
class Slice:
    """One shard's rows of the language in the three datasets that selection joins by position."""

    documents: Located
    annotations: Located
    decisions: Located


@dataclass(frozen=True)
class SelectTask:
    key: str
    language: str
    config: Select
    schema: pa.Schema
    slices: tuple[Slice, ...]

    def __call__(self, space: Workspace) -> Outcome:
        tally = Tally("select")
        writer = PieceWriter(self.schema, level=SMALL)
        rejected: list[dict[str, Any]] = []
        for kept in self._kept(space, rejected):
            final = self._final(*kept, tally, rejected)
            if final.num_rows:
                writer.write(self.language, final, size=int(pc.sum(final.column("text_bytes")).as_py()))
            del kept, final  # before more is read
        files = []
        buffer, pieces = writer.close()
        if writer.rows:
            path = f"corpus/language={self.language}/part-{self.key[:16]}.parquet"
            files.append(space.write(path, buffer, rows=writer.rows, pieces=pieces))
        files += self._write_rejected(space, rejected)
        return Outcome(tuple(files), tuple(tally.counts()))

    def _kept(self, space: Workspace, rejected: list[dict[str, Any]]) -> Iterator[tuple[pa.Table, pa.Table, pa.Table]]:
        """Kept documents, annotations and decisions, those of small slices together; adds to `rejected` when asked."""
        held: list[tuple[pa.Table, pa.Table, pa.Table]] = []
        size = start = 0
        described = [name for name in self.schema.names if name in DOCUMENTS.names]
        measured = list(dict.fromkeys(["spans", "characters", "text_bytes", *self.config.signals]))
        decided = self._decided(space)
        for part in self.slices:
            decisions = decided.slice(start, part.decisions.piece.rows)
            start += part.decisions.piece.rows
            keep = decisions.column("keep")
            if not self.config.write_rejected and not pc.any(keep).as_py():
                continue
            documents = space.read_pieces(part.documents.path, [part.documents.piece], described)
            annotations = space.read_pieces(part.annotations.path, [part.annotations.piece], measured)
            kept = (_filtered(documents, keep), _filtered(annotations, keep), _filtered(decisions, keep))
            held.append(kept)
            size += string_bytes(kept[0].column("text"))
            dropped = self._rejected(documents, annotations, decisions) if self.config.write_rejected else []
            del documents, annotations, kept  # before what is held is worked on
            if size >= ROW_GROUP_BYTES:
                yield _together(held)
                held, size = [], 0
            rejected += dropped
        if held:
            yield _together(held)

    def _decided(self, space: Workspace) -> pa.Table:
        """What of the decisions of all slices is used; `decide` writes those of a language to one file."""
        columns = DECISIONS.names if self.config.write_rejected else ["keep", "cluster_size"]
        return space.read_pieces(self.slices[0].decisions.path, [part.decisions.piece for part in self.slices], columns)

    def _final(
        self,
        documents: pa.Table,
        annotations: pa.Table,
        decisions: pa.Table,
        tally: Tally,
        rejected: list[dict[str, Any]],
    ) -> pa.Table:
        texts, changed = _redacted(documents.column("text"), annotations.column("spans"), self.config.replacements)
        lengths = annotations.column("characters").combine_chunks().to_numpy().copy()
        lengths[changed] = pc.utf8_length(texts.take(pa.array(changed))).to_numpy()
        enough = pa.array(self._long_enough(texts, lengths))
        sizes = annotations.select(["characters", "text_bytes"]).append_column("source", documents.column("source"))
        tally.add_table("in", sizes, language=self.language)
        tally.add_table("kept", sizes.filter(enough), language=self.language)
        final = {
            "text": texts,
            "text_hash": pa.array(_hashes(texts), pa.string()),
            "characters": pa.array(lengths),
            "text_bytes": pc.cast(pc.binary_length(texts), pa.int64()),
            "cluster_size": decisions.column("cluster_size"),
        }
        columns = [
            final[name]
            if name in final
            else (documents if name in documents.column_names else annotations).column(name)
            for name in self.schema.names
        ]
        table = pa.table(columns, schema=self.schema)
        if pc.all(enough).as_py():
            return table
        out = pc.invert(enough)
        tally.add_table("rejected", sizes.filter(out), language=self.language, reason="select.too_short")
        for row, text in zip(documents.filter(out).to_pylist(), texts.filter(out).to_pylist(), strict=True):
            bound = f">= {self.config.minimum_characters}"
            fate = {"reason": "select.too_short", "bound": bound, "value": float(len(text.strip()))}
            rejected.append({**_known(row), **fate, "text": text})
        return table.filter(enough)

    def _long_enough(self, texts: pa.Array, lengths: np.ndarray) -> np.ndarray:
        """Whether enough characters are left beside spaces around the text, of which few texts have any."""
        enough = lengths >= self.config.minimum_characters
        for row in np.flatnonzero(enough & _may_have_spaces_around(texts)).tolist():
            enough[row] = len(texts[row].as_py().strip()) >= self.config.minimum_characters
        return enough

    def _rejected(self, documents: pa.Table, annotations: pa.Table, decisions: pa.Table) -> list[dict[str, Any]]:
        """What `decide` did not keep."""
        out = pc.invert(decisions.column("keep"))
        tables = (documents, annotations.select(["spans"]), decisions)
        rows = zip(*(table.filter(out).to_pylist() for table in tables), strict=True)
        return [
            {
                **_known(document),
                "reason": decision["reason"],
                "bound": decision["bound"],
                "value": decision["value"],
                "text": apply_spans(document["text"], measured["spans"] or [], self.config.replacements),
            }
            for document, measured, decision in rows
        ]

    def _write_rejected(self, space: Workspace, rows: list[dict[str, Any]]) -> list[OutputFile]:
        """What `decide` rejected when asked; what redaction made too short always."""
        if not rows:
            return []
        writer = PieceWriter(REJECTED)
        writer.write(self.language, pa.Table.from_pylist(rows, schema=REJECTED))
        buffer, pieces = writer.close()
        path = f"rejected/part-{self.language}-{self.key[:16]}.parquet"
        return [space.write(path, buffer, rows=len(rows), pieces=pieces)]


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("doc_id", "source_id", "url", "source", "locator", "language")}


def _redacted(
    texts: pa.ChunkedArray, spans: pa.ChunkedArray, replacements: Mapping[str, str]
) -> tuple[pa.Array, np.ndarray]:
    """The texts with their spans applied, and the rows that have spans: the others stay as they lie."""
    whole = texts.combine_chunks()
    marked = pc.fill_null(pc.greater(pc.list_value_length(spans.combine_chunks()), 0), False)
    rows = np.flatnonzero(np.asarray(marked))
    if not len(rows):
        return whole, rows
    at = pa.array(rows)
    applied = [
        apply_spans(text, found, replacements)
        for text, found in zip(whole.take(at).to_pylist(), spans.take(at).to_pylist(), strict=True)
    ]
    return pc.replace_with_mask(whole, marked, pa.array(applied, whole.type)), rows


def _filtered(table: pa.Table, keep: pa.ChunkedArray) -> pa.Table:
    return table if pc.all(keep).as_py() else table.filter(keep)


def _together(slices: Sequence[tuple[pa.Table, ...]]) -> tuple[pa.Table, pa.Table, pa.Table]:
    documents, annotations, decisions = (pa.concat_tables(tables) for tables in zip(*slices, strict=True))
    return documents, annotations, decisions


_SPACES = [chr(code).encode() for code in range(0x3001) if chr(code).isspace()]
_FIRST_OF_SPACE = np.isin(np.arange(256), [space[0] for space in _SPACES])
_LAST_OF_SPACE = np.isin(np.arange(256), [space[-1] for space in _SPACES])


def _may_have_spaces_around(texts: pa.Array) -> np.ndarray:
    """Whether a text begins with a byte with which white space begins, or ends with one with which it ends."""
    held, bounds = buffers(texts)
    begins, ends = bounds[:-1], bounds[1:]
    found: np.ndarray = begins < ends
    found[found] = _FIRST_OF_SPACE[held[begins[found]]] | _LAST_OF_SPACE[held[ends[found] - 1]]
    return found


def _hashes(texts: pa.Array) -> list[str]:
    """xxh3-128 of the UTF-8 of each text, in hexadecimal."""
    held, bounds = buffers(texts)
    return [xxhash.xxh3_128_hexdigest(held.data[start:end]) for start, end in pairwise(bounds.tolist())]
