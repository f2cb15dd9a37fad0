"""Copies of the documents that a mixture takes, sent to their output part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.context import RunContext
from pipelines.keys import digest
from pipelines.ledger import Count, Tally
from pipelines.steps.mix.shared import (
    BATCH_ROWS,
    VERSION,
    WORK,
    AnyTokenizer,
    MixSteps,
    Shard,
    copies_by_part,
    read_selection,
)
from pipelines.unit import Outcome, Unit, Workspace, opened
from stages.mixture.mix import Mix
from stages.mixture.rows import PLACE, emit, schema
from stages.mixture.tally import Tally as ShareTally


def emit_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
    """One for each file."""
    if not run.outputs[f"{shared.name}.solve"]:
        return []
    (solved,) = run.outputs[f"{shared.name}.solve"]
    tokenizer = shared.tokenizer(run) if shared.config.emit == "ids" else None
    units = []
    for shard in shared.shards(run):
        of_dataset = [i for i in solved.facts["intervals"] if i["quota"]["dataset"] == shard.dataset]
        identity = [shard.counts.checksum, [piece.checksum for piece in shard.file.pieces]]
        written_by = tokenizer.checksum if tokenizer else None
        key = digest(VERSION, "emit", shared.config, solved.facts["parts"], of_dataset, identity, written_by)
        facts = {"parts": solved.facts["parts"], "intervals": of_dataset}
        task = EmitTask(key, shared.name, shared.config, shard, facts, tokenizer)
        entering = tuple(Count(shared.name, p.language, shard.dataset, "in", None, p.rows) for p in shard.file.pieces)
        units.append(Unit(name, key, shard.file.public, task, shard.file.bytes, entering))
    return units


@dataclass(frozen=True)
class EmitTask:
    """Copies of a file's rows, one record batch for each output part."""

    key: str
    name: str
    config: Mix
    shard: Shard
    facts: Mapping[str, Any]
    tokenizer: AnyTokenizer | None

    def __call__(self, space: Workspace) -> Outcome:
        selection, files, _ = read_selection(self.facts)
        counter = opened(self.tokenizer) if self.tokenizer else None
        rows = space.read_table(self.shard.file.path)
        counted = space.read_table(self.shard.counts.path).combine_chunks()
        made, start = [], 0
        for batch in rows.to_batches(max_chunksize=BATCH_ROWS):
            beside = counted.slice(start, batch.num_rows).combine_chunks().to_batches()[0]
            copies = emit(batch, beside, self.shard.dataset, self.config, selection, files, counter)
            made.append(copies.append_column("shard_row", pa.array(_rows_of(copies, batch) + start)))
            start += batch.num_rows
        target = pa.schema([*schema(self.config), *PLACE])
        table = pa.Table.from_batches(made) if made else target.empty_table()
        counts = self._counts(rows, counted, table)
        table = table.select(target.names)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, target, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            for number in range(files.total):
                part = table.filter(pc.equal(table.column("part"), number)).combine_chunks()
                writer.write_batch(part.to_batches()[0] if part.num_rows else _empty(target))
        file = space.write(f"{WORK}/{self.key}.copies.arrow", sink.getvalue(), rows=table.num_rows)
        shares = ShareTally().add(table) if table.num_rows else ShareTally()
        facts = {
            "shares": [[*place, *sums] for place, sums in sorted(shares.counts.items())],
            "copies": [[*place, *sums] for place, sums in copies_by_part(table)],
        }
        return Outcome((file,), counts, facts)

    def _counts(self, rows: pa.Table, counted: pa.Table, copies: pa.Table) -> tuple[Count, ...]:
        """Every document once in; the copies after its first as repeated; those not taken as rejected.

        The copies that are taken leave in the output file that holds them.
        """
        tally = Tally(self.name)
        taken = np.bincount(copies.column("shard_row").to_numpy(), minlength=rows.num_rows) if copies.num_rows else None
        times = taken if taken is not None else np.zeros(rows.num_rows, np.int64)
        base = pa.table({"language": counted.column("language"), "tokens": counted.column("tokens")})
        base = base.append_column("times", pa.array(times))
        for language in sorted(set(base.column("language").to_pylist())):
            part = base.filter(pc.equal(base.column("language"), language))
            tokens, copied = part.column("tokens").to_numpy(), part.column("times").to_numpy()
            where = {"language": language, "source": self.shard.dataset}
            unused = copied == 0
            again = np.maximum(copied - 1, 0)
            tally.add("in", documents=len(tokens), tokens=int(tokens.sum()), **where)
            tally.add("repeated", documents=int(again.sum()), tokens=int((again * tokens).sum()), **where)
            tally.add(
                "rejected",
                reason="mix.over_quota",
                documents=int(unused.sum()),
                tokens=int(tokens[unused].sum()),
                **where,
            )
        return tuple(tally.counts())


def _rows_of(copies: pa.RecordBatch, batch: pa.RecordBatch) -> np.ndarray:
    """The row of the batch that each copy was made from."""
    row_of = {ident: row for row, ident in enumerate(batch.column("doc_id").to_pylist())}
    return np.array([row_of[ident] for ident in copies.column("doc_id").to_pylist()], np.int64)


def _empty(target: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=target)
