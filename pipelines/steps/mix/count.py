"""Tokens of every row that no tokenizer step has counted."""

from dataclasses import dataclass

import pyarrow as pa

from pipelines.context import RunContext
from pipelines.keys import digest
from pipelines.ledger import Count
from pipelines.parquet import write_table
from pipelines.steps.mix.shared import BATCH_ROWS, VERSION, WORK, AnyTokenizer, MixSteps
from pipelines.unit import Outcome, OutputFile, Unit, Workspace, opened
from stages.mixture.rows import COUNTED, count
from stages.tokenizer.count import Counter


def count_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
    """One for each file."""
    tokenizer = shared.tokenizer(run)
    if tokenizer is None:
        return []
    before = shared.counted_before(run)
    units = []
    for dataset, file in shared.files(run):
        if file.path not in before:
            key = digest(VERSION, tokenizer.checksum, [piece.checksum for piece in file.pieces])
            entering = tuple(Count(shared.name, p.language, dataset, "in", None, p.rows) for p in file.pieces)
            about = {"file": file.path}
            task = CountTask(key, tokenizer, file)
            units.append(Unit(name, key, file.public, task, file.bytes, entering, about=about))
    return units


@dataclass(frozen=True)
class CountTask:
    """Tokens of each row of a file."""

    key: str
    tokenizer: AnyTokenizer
    file: OutputFile

    def __call__(self, space: Workspace) -> Outcome:
        counter: Counter = opened(self.tokenizer)
        rows = space.read_table(self.file.path)
        counted = [count(batch, counter) for batch in rows.to_batches(max_chunksize=BATCH_ROWS)]
        table = pa.Table.from_batches(counted, schema=COUNTED)
        file = space.write(f"{WORK}/{self.key}.counts.parquet", write_table(table), rows=table.num_rows)
        return Outcome((file,))
