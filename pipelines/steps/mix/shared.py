"""What the physical steps of one `mix` share: its tokenizer, its files and their counts, the solved mixture."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.context import RunContext
from pipelines.keys import digest
from pipelines.pipeline import PipelineStep
from pipelines.steps.tokenizer import StoredTokenizer, stored_tokenizer
from pipelines.unit import PRIVATE, OutputFile, Unit
from stages.mixture.mix import Mix, datasets
from stages.mixture.order import Parts
from stages.mixture.plan import Key, Quota
from stages.mixture.select import Interval, Mark, Selection
from stages.tokenizer.count import Counter, load_tokenizer

VERSION = 2
WORK = f"{PRIVATE}/work"
BATCH_ROWS = 1024
BYTES = "bytes"
"""Tokenizer name of a mixture that counts UTF-8 bytes."""


@dataclass(frozen=True)
class Utf8Bytes:
    """One token per byte, for mixtures of byte-level models and for pipelines that train no tokenizer."""

    def open(self) -> Counter:
        return Counter(lambda texts: [list(text.encode()) for text in texts], 256, frozenset(), frozenset())

    def fingerprint(self) -> str:
        return BYTES

    checksum = BYTES


@dataclass(frozen=True)
class TokenizerFile:
    """A tokenizer.json or tokenizer.model from elsewhere."""

    path: str
    checksum: str

    def open(self) -> Counter:
        name = "tokenizer.model" if self.path.endswith(".model") else "tokenizer.json"
        return load_tokenizer({name: Path(self.path).read_bytes()})

    def fingerprint(self) -> str:
        return self.checksum


AnyTokenizer = StoredTokenizer | TokenizerFile | Utf8Bytes


@dataclass(frozen=True)
class Shard:
    """A file of a dataset and its counts."""

    dataset: str
    file: OutputFile
    counts: OutputFile


class MixSteps:
    """What the physical steps of one `mix` share."""

    def __init__(self, step: PipelineStep) -> None:
        self.config: Mix = step.config
        self.name = f"mix.{self.config.name}"

    def tokenizer(self, run: RunContext) -> AnyTokenizer | None:
        """What counts tokens; None while the tokenizer of that name could not be trained."""
        name = self.config.tokenizer
        if name == BYTES:
            return Utf8Bytes()
        if name.endswith((".json", ".model")):
            return TokenizerFile(name, digest(Path(name).read_bytes().hex()))
        return stored_tokenizer(run, name)

    def files(self, run: RunContext) -> Iterator[tuple[str, OutputFile]]:
        """Every file of the datasets that the mixture reads."""
        for dataset in datasets(self.config):
            step = {"corpus": "select", "instructions/input": "ingest"}.get(dataset, dataset)
            for file in run.files(step, dataset):
                yield dataset, file

    def shards(self, run: RunContext) -> list[Shard]:
        """The files with their counts, those of the tokenizer's own step included."""
        counted = self.counted_before(run)
        counted |= {c.facts["file"]: c.files[0] for c in run.outputs[f"{self.name}.count"]}
        return [Shard(dataset, file, counted[file.path]) for dataset, file in self.files(run) if file.path in counted]

    def counted_before(self, run: RunContext) -> dict[str, OutputFile]:
        step = f"tokenizer.{self.config.tokenizer}.count"
        return {c.facts["file"]: c.files[0] for c in run.outputs.get(step, ())}


@dataclass(frozen=True)
class MixStep:
    """One of them: `make` gives its units."""

    shared: MixSteps
    suffix: str
    make: "Callable[[MixSteps, RunContext, str], list[Unit]]"
    stages: tuple[str, ...] = ("mix",)

    @property
    def name(self) -> str:
        return f"{self.shared.name}{self.suffix}"

    def units(self, run: RunContext) -> list[Unit]:
        return self.make(self.shared, run, self.name)


def read_selection(facts: Mapping[str, Any]) -> tuple[Selection, Parts, list[Quota]]:
    """The solved mixture from the facts of its commit."""
    intervals: dict[Key, tuple[Interval, ...]] = {}
    quotas = []
    for item in facts["intervals"]:
        quota = Quota(**item["quota"])
        start, stop = (Mark(item[side][0], int(item[side][1])) for side in ("start", "stop"))
        intervals[quota.key] = (*intervals.get(quota.key, ()), Interval(quota, start, stop))
        quotas.append(quota)
    return Selection(intervals), Parts(facts["parts"]), quotas


def copies_by_part(table: pa.Table) -> list[tuple[tuple[int, str, str], tuple[int, int]]]:
    """Copies and their tokens by output part, language and dataset."""
    found = table.group_by(["part", "language", "source"], use_threads=False).aggregate(
        [("tokens", "count"), ("tokens", "sum")]
    )
    return sorted(
        ((row["part"], row["language"], row["source"]), (row["tokens_count"], row["tokens_sum"]))
        for row in found.to_pylist()
    )
