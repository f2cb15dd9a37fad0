"""The quotas of a mixture, and which documents each takes."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.context import RunContext
from pipelines.keys import digest
from pipelines.steps.mix.shared import VERSION, MixSteps
from pipelines.unit import Blocked, Outcome, Unit, Workspace
from stages.mixture.buckets import BucketSums
from stages.mixture.mix import Mix
from stages.mixture.order import parts
from stages.mixture.plan import Key, solve
from stages.mixture.select import open_buckets, select, selection_hashes


def solve_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
    """A single one, of all counts."""
    if shared.tokenizer(run) is None:
        task = Blocked(f"the tokenizer {shared.config.tokenizer!r} could not be trained")
        return [Unit(name, digest(VERSION, "blocked", shared.config), shared.config.name, task)]
    shards = shared.shards(run)
    identity = [(shard.dataset, shard.counts.checksum) for shard in shards]
    key = digest(VERSION, shared.config, identity)
    solve_task = SolveTask(shared.config, tuple((shard.dataset, shard.counts.path) for shard in shards))
    return [Unit(name, key, shared.config.name, solve_task)]


@dataclass(frozen=True)
class SolveTask:
    """Quotas of every phase, dataset and language, and the hashes between which each takes documents."""

    config: Mix
    counts: tuple[tuple[str, str], ...]

    def __call__(self, space: Workspace) -> Outcome:
        sums = BucketSums[Key]()
        for key, hashes, rows in self._groups(space):
            text_bytes = int(pc.sum(rows.column("text_bytes")).as_py() or 0)
            sums = sums.add(key, hashes, rows.column("tokens").to_numpy(), text_bytes)
        quotas = solve(self.config, sums.finish())
        boundary = open_buckets(quotas, sums)
        for key, hashes, rows in self._groups(space):
            boundary = boundary.add(key, hashes, rows.column("tokens").to_numpy())
        selection = select(quotas, sums, boundary)
        facts = {
            "parts": dict(parts(self.config, quotas, sums).counts),
            "intervals": [
                {
                    "quota": asdict(i.quota),
                    "start": [i.start.epoch, str(i.start.hash)],
                    "stop": [i.stop.epoch, str(i.stop.hash)],
                }
                for found in selection.intervals.values()
                for i in found
            ],
        }
        return Outcome(facts=facts)

    def _groups(self, space: Workspace) -> Iterator[tuple[Key, np.ndarray, pa.Table]]:
        for dataset, path in self.counts:
            table = space.read_table(path)
            for language in sorted(set(table.column("language").to_pylist())):
                rows = table.filter(pc.equal(table.column("language"), language))
                yield (dataset, language), selection_hashes(rows.column("doc_id").to_pylist(), self.config.seed), rows
