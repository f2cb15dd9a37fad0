"""The files of a mixture: one for each range of the shuffle."""

from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa

from pipelines.context import RunContext
from pipelines.keys import digest
from pipelines.ledger import Tally
from pipelines.parquet import write_table
from pipelines.steps.mix.shared import VERSION, MixSteps, copies_by_part
from pipelines.unit import Outcome, Unit, Workspace
from stages.mixture.mix import Mix
from stages.mixture.rows import PLACE, arrange, schema


def part_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
    """One for each output file."""
    if not run.outputs[f"{shared.name}.solve"]:
        return []
    (solved,) = run.outputs[f"{shared.name}.solve"]
    emitted = [commit.files[0] for commit in run.outputs[f"{shared.name}.emit"]]
    held: dict[int, Tally] = defaultdict(lambda: Tally(shared.name))
    for commit in run.outputs[f"{shared.name}.emit"]:
        for number, language, source, documents, tokens in commit.facts["copies"]:
            held[number].add("in", language=language, source=source, documents=documents, tokens=tokens)
    total = sum(solved.facts["parts"].values())
    units = []
    for number in range(total):
        key = digest(VERSION, "part", name, number, [file.checksum for file in emitted])
        task = PartTask(key, shared.name, shared.config, number, tuple(file.path for file in emitted))
        weight = sum(file.bytes for file in emitted) // max(total, 1)
        units.append(Unit(name, key, f"part {number}", task, weight, inside=tuple(held[number].counts())))
    return units


@dataclass(frozen=True)
class PartTask:
    """One output file: the copies that fall into its range of the shuffle, in order."""

    key: str
    name: str
    config: Mix
    number: int
    paths: tuple[str, ...]

    def __call__(self, space: Workspace) -> Outcome:
        batches = []
        for path in self.paths:
            with space.storage.open(space.locate(path)) as stream:
                batches.append(pa.ipc.open_file(stream).get_batch(self.number))
        target = pa.schema([*schema(self.config), *PLACE])
        copies = pa.Table.from_batches(batches, schema=target)
        table = arrange(copies)
        path = f"mixture/{self.config.name}/part-{self.number:05d}-{self.key[:12]}.parquet"
        tally = Tally(self.name)
        for (_, language, source), (documents, tokens) in copies_by_part(copies):
            tally.add("kept", language=language, source=source, documents=documents, tokens=tokens)
        return Outcome((space.write(path, write_table(table), rows=table.num_rows),), tuple(tally.counts()))
