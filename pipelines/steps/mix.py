"""Mixtures: tokens counted, quotas solved, copies sent to their place in the shuffle, and put in order.

`mix.<name>.count` (per file of a dataset that no tokenizer step has counted), `.solve` (once: sums over hash buckets,
quotas, cuts), `.emit` (per file: copies by output part), `mix.<name>` (per output part), `.shares` (planned and real).
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.context import RunContext, Step
from pipelines.keys import digest
from pipelines.ledger import Count, Tally
from pipelines.parquet import write_table
from pipelines.pipeline import Pipeline, PipelineStep
from pipelines.steps.tokenizer import StoredTokenizer, stored_tokenizer
from pipelines.unit import PRIVATE, Blocked, Outcome, OutputFile, Unit, Workspace, opened
from stages.errors import ConfigError
from stages.mixture.buckets import BucketSums
from stages.mixture.mix import Mix, datasets
from stages.mixture.order import Parts, parts
from stages.mixture.plan import Key, Quota, solve
from stages.mixture.rows import COUNTED, PLACE, arrange, count, emit, schema
from stages.mixture.select import Interval, Mark, Selection, open_buckets, select, selection_hashes
from stages.mixture.tally import Tally as ShareTally
from stages.registry import nearest
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
class _Step:
    shared: MixSteps
    suffix: str
    make: "Callable[[MixSteps, RunContext, str], list[Unit]]"
    stages: tuple[str, ...] = ("mix",)

    @property
    def name(self) -> str:
        return f"{self.shared.name}{self.suffix}"

    def units(self, run: RunContext) -> list[Unit]:
        return self.make(self.shared, run, self.name)


def _count_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
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


def _solve_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
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


def _emit_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
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
            "copies": [[*place, *sums] for place, sums in _copies(table)],
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


def _copies(table: pa.Table) -> list[tuple[tuple[int, str, str], tuple[int, int]]]:
    """Copies and their tokens by output part, language and dataset."""
    found = table.group_by(["part", "language", "source"], use_threads=False).aggregate(
        [("tokens", "count"), ("tokens", "sum")]
    )
    return sorted(
        ((row["part"], row["language"], row["source"]), (row["tokens_count"], row["tokens_sum"]))
        for row in found.to_pylist()
    )


def _rows_of(copies: pa.RecordBatch, batch: pa.RecordBatch) -> np.ndarray:
    """The row of the batch that each copy was made from."""
    row_of = {ident: row for row, ident in enumerate(batch.column("doc_id").to_pylist())}
    return np.array([row_of[ident] for ident in copies.column("doc_id").to_pylist()], np.int64)


def _empty(target: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=target)


def _part_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
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
        for (_, language, source), (documents, tokens) in _copies(copies):
            tally.add("kept", language=language, source=source, documents=documents, tokens=tokens)
        return Outcome((space.write(path, write_table(table), rows=table.num_rows),), tuple(tally.counts()))


def _share_units(shared: MixSteps, run: RunContext, name: str) -> list[Unit]:
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


def mix_steps(step: PipelineStep, made: Collection[str], pipeline: Pipeline) -> list[Step]:
    """The physical steps of one `mix`; checks that its datasets and its tokenizer exist."""
    config: Mix = step.config
    place = f"{pipeline.path}, step {step.number}"
    known = [name for name in made if name == "corpus" or name.startswith(("augmented/", "instructions/"))]
    for dataset in datasets(config):
        if dataset not in known:
            raise ConfigError(f"{place}: no step before it writes {dataset!r}{nearest(dataset, known)}")
    trained = [s.config.name for s in pipeline.steps if s.stage.name == "tokenizer.train" and s.number < step.number]
    given = config.tokenizer.endswith((".json", ".model")) and Path(config.tokenizer).is_file()
    if config.tokenizer not in (BYTES, *trained) and not given:
        hint = nearest(config.tokenizer, [BYTES, *trained])
        raise ConfigError(f"{place}: no tokenizer {config.tokenizer!r} is trained and no such file exists{hint}")
    shared = MixSteps(step)
    return [
        _Step(shared, ".count", _count_units),
        _Step(shared, ".solve", _solve_units),
        _Step(shared, ".emit", _emit_units),
        _Step(shared, "", _part_units),
        _Step(shared, ".shares", _share_units),
    ]
