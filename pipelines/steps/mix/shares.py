"""Planned and real shares of a mixture."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.context import RunContext
from pipelines.keys import digest
from pipelines.steps.mix.shared import VERSION, MixSteps, read_selection
from pipelines.unit import Outcome, Unit, Workspace
from stages.mixture.tally import Tally as ShareTally


def share_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
    """A single one."""
    if not run.outputs[f"{shared.name}.solve"]:
        return []
    (solved,) = run.outputs[f"{shared.name}.solve"]
    counts = [commit.facts["shares"] for commit in run.outputs[f"{shared.name}.emit"]]
    key = digest(VERSION, "shares", name, solved.facts, counts)
    return [Unit(name, key, shared.config.name, SharesTask(key, shared.config.name, solved.facts, tuple(counts)))]


@dataclass(frozen=True)
class SharesTask:
    """Planned and real shares, for the report and for people."""

    key: str
    name: str
    facts: Mapping[str, Any]
    counts: tuple[Sequence[Sequence[Any]], ...]

    def __call__(self, space: Workspace) -> Outcome:
        tally = ShareTally()
        for found in self.counts:
            tally = tally.merge(ShareTally({(row[0], row[1], row[2]): (row[3], row[4]) for row in found}))
        shares = tally.finish(read_selection(self.facts)[2])
        data = json.dumps(shares, ensure_ascii=False, indent=1).encode()
        return Outcome((space.write(f"mixture/{self.name}/_shares.json@{self.key}", data),))
