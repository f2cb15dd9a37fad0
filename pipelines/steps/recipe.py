"""Recipes: rows of the corpus or of bitext to new training documents or conversations."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.context import RunContext, stage_key
from pipelines.keys import digest
from pipelines.ledger import Count, Tally
from pipelines.parquet import PieceWriter
from pipelines.pipeline import PipelineStep
from pipelines.unit import Outcome, OutputFile, Unit, Workspace, opened
from stages.columns import AUGMENTED, INSTRUCTIONS
from stages.errors import ConfigError

VERSION = 1
BATCH_ROWS = 2048

READS = {"corpus": ("select", "corpus"), "bitext": ("ingest", "bitext"), "documents": ("ingest", "documents")}
SCHEMAS = {"augmented": AUGMENTED, "instructions": INSTRUCTIONS}


class RecipeStep:
    """One recipe over every shard of the dataset it reads; its rows lie in `<dataset>/<name>/`."""

    def __init__(self, step: PipelineStep) -> None:
        self.step = step
        folder = step.stage.writes_dataset or ""
        if folder not in SCHEMAS or step.stage.reads_dataset not in READS:
            raise ConfigError(
                f"{step.stage.name}: reads {step.stage.reads_dataset!r}, writes {folder!r}: no such datasets"
            )
        self.dataset = f"{folder}/{step.config.name}"
        self.name = self.dataset
        self.stages = (step.stage.name,)

    def units(self, run: RunContext) -> list[Unit]:
        base = digest(VERSION, stage_key(self.step), self.dataset)
        units = []
        for file in run.files(*READS[self.step.stage.reads_dataset or ""]):
            key = digest(base, [piece.checksum for piece in file.pieces])
            task = RecipeTask(key, self.name, self.step, file)
            entering = tuple(Count(self.name, p.language, "-", "in", None, p.rows) for p in file.pieces)
            units.append(Unit(self.name, key, file.path, task, file.bytes, entering))
        return units


@dataclass(frozen=True)
class RecipeTask:
    """Rows of one shard; an input row that yields nothing is counted as rejected."""

    key: str
    dataset: str
    step: PipelineStep
    file: OutputFile

    def __call__(self, space: Workspace) -> Outcome:
        stage, config = self.step.stage, self.step.config
        resources = {name: opened(resource) for name, resource in stage.resources(config).items()}
        tally = Tally(self.dataset)
        made = []
        for piece in self.file.pieces:
            rows = space.read_pieces(self.file.path, [piece])
            for batch in rows.combine_chunks().to_batches(max_chunksize=BATCH_ROWS):
                created = stage.function(batch, config, **resources)
                self._count(batch, created, tally)
                made.append(pa.Table.from_batches([created]))
        schema = SCHEMAS[stage.writes_dataset or ""]
        table = pa.concat_tables(made) if made else pa.Table.from_pylist([], schema=schema)
        if not table.num_rows:
            return Outcome((), tuple(tally.counts()))
        file = write_by_language(space, f"{self.dataset}/part-{self.key[:16]}.parquet", table, schema)
        return Outcome((file,), tuple(tally.counts()))

    def _count(self, batch: pa.RecordBatch, created: pa.RecordBatch, tally: Tally) -> None:
        names = batch.schema.names
        ids = batch.column("doc_id" if "doc_id" in names else "pair_id").to_pylist()
        languages = batch.column("language" if "language" in names else "src_lang").to_pylist()
        used = {origin for row in created.column("derived_from").to_pylist() for origin in row or []}
        sources = batch.column("source").to_pylist()
        flows: Counter[tuple[str, str, bool]] = Counter()
        for ident, language, source in zip(ids, languages, sources, strict=True):
            flows[(language, source, ident in used)] += 1
        for (language, source, hit), documents in flows.items():
            tally.add("in", language=language, source=source, documents=documents)
            flow, reason = ("kept", "source") if hit else ("rejected", f"{self.step.stage.name}.not_applicable")
            tally.add(flow, language=language, source=source, reason=reason, documents=documents)
        rows = zip(created.column("language").to_pylist(), created.column("source").to_pylist(), strict=True)
        for (language, source), documents in Counter(rows).items():
            tally.add("created", language=language, source=source, documents=documents)
            tally.add("kept", language=language, source=source, reason="created", documents=documents)


def write_by_language(space: Workspace, path: str, table: pa.Table, schema: pa.Schema) -> OutputFile:
    """A shard ordered by language, one piece for each."""
    languages: Sequence[str] = sorted(set(table.column("language").to_pylist()))
    writer = PieceWriter(schema)
    for language in languages:
        rows = table.filter(pc.equal(table.column("language"), language))
        writer.write(language, rows, size=rows.nbytes)
    buffer, pieces = writer.close()
    return space.write(path, buffer, rows=writer.rows, pieces=pieces)
