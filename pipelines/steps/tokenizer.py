"""Tokenizers: a temperature sample of the corpus by hash, training, and what each language gets.

`tokenizer.<name>.sums` (per corpus file) and `.limits` (once) decide which documents are in the sample, `.sample` (per
corpus file) stores them, `tokenizer.<name>` trains, `.count` (per corpus file) tokenizes the corpus, `.stats` adds up.
Training re-runs only when the sample's checksums change.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.context import RunContext, Step, library_versions, stage_key
from pipelines.keys import digest
from pipelines.ledger import Tally
from pipelines.parquet import write_table
from pipelines.pipeline import PipelineStep
from pipelines.storage import open_storage
from pipelines.unit import PRIVATE, Outcome, OutputFile, Unit, Workspace, opened
from stages.errors import ConfigError
from stages.mixture.buckets import Buckets, BucketSums
from stages.mixture.rows import COUNTED
from stages.tokenizer.audit import STATS, Audit
from stages.tokenizer.count import Counter, load_tokenizer
from stages.tokenizer.sample import sample_hashes, sample_limits, sample_quota, sampled
from stages.tokenizer.train import TrainTokenizer, groups, train

VERSION = 1
WORK = f"{PRIVATE}/work"
SUMS = pa.schema([("language", pa.string()), ("bucket", pa.int64()), ("bytes", pa.int64())])
BATCH_ROWS = 1024


def language_of(file: OutputFile) -> str:
    """The one language of a corpus file."""
    return file.pieces[0].language


class TokenizerSteps:
    """What the physical steps of one `tokenizer.train` share."""

    def __init__(self, step: PipelineStep) -> None:
        self.step = step
        self.config: TrainTokenizer = step.config
        self.name = f"tokenizer.{self.config.name}"

    def key(self) -> str:
        return digest(VERSION, stage_key(self.step), library_versions(["tokenizers", "sentencepiece"]))


@dataclass(frozen=True)
class SumsStep:
    shared: TokenizerSteps
    stages: tuple[str, ...] = ("tokenizer.train",)

    @property
    def name(self) -> str:
        return f"{self.shared.name}.sums"

    def units(self, run: RunContext) -> list[Unit]:
        units = []
        for file in run.files("select", "corpus"):
            key = digest(VERSION, self.shared.config.seed, file.pieces[0].checksum)
            units.append(Unit(self.name, key, file.public, SumsTask(key, self.shared.config.seed, file), file.rows))
        return units


@dataclass(frozen=True)
class SumsTask:
    """Bytes of a corpus file by bucket of the sampling hash."""

    key: str
    seed: int
    file: OutputFile

    def __call__(self, space: Workspace) -> Outcome:
        table = space.read_table(self.file.path, ["doc_id", "text_bytes"])
        hashes = sample_hashes(table.column("doc_id").to_pylist(), self.seed)
        language = language_of(self.file)
        sums = BucketSums[str]().add(language, hashes, table.column("text_bytes").to_numpy())
        buckets = sums.groups[language]
        rows = pa.table([pa.array([language] * len(buckets.index)), buckets.index, buckets.sums], schema=SUMS)
        return Outcome((space.write(f"{WORK}/{self.key}.sums.parquet", write_table(rows), rows=rows.num_rows),))


@dataclass(frozen=True)
class LimitsStep:
    shared: TokenizerSteps
    stages: tuple[str, ...] = ("tokenizer.train",)

    @property
    def name(self) -> str:
        return f"{self.shared.name}.limits"

    def units(self, run: RunContext) -> list[Unit]:
        files = [commit.files[0] for commit in run.outputs[f"{self.shared.name}.sums"]]
        config = self.shared.config
        key = digest(VERSION, self.shared.key(), [file.checksum for file in files])
        task = LimitsTask(config, tuple(file.path for file in files))
        return [Unit(self.name, key, config.name, task)]


@dataclass(frozen=True)
class LimitsTask:
    """The hash below which documents of each language are sampled, for each tokenizer to train."""

    config: TrainTokenizer
    paths: tuple[str, ...]

    def __call__(self, space: Workspace) -> Outcome:
        if not self.paths:
            raise ConfigError(
                f"tokenizer.train {self.config.name!r}: the corpus is empty; `babelmill inspect` shows why"
            )
        sums = BucketSums[str]()
        for path in self.paths:
            rows = space.read_table(path)
            language = rows.column("language")[0].as_py()
            found = Buckets(rows.column("bucket").to_numpy(), rows.column("bytes").to_numpy())
            sums = sums.merge(BucketSums({language: found}))
        limits = {}
        for name, languages in groups(self.config, sums.groups).items():
            sizes = {language: sums.groups[language].total for language in languages}
            quota = sample_quota(sizes, self.config.sample_bytes, self.config.alpha)
            limits[name] = {code: str(limit) for code, limit in sample_limits(sums, quota).items()}
        return Outcome(facts={"limits": limits})


@dataclass(frozen=True)
class SampleStep:
    shared: TokenizerSteps
    stages: tuple[str, ...] = ("tokenizer.train",)

    @property
    def name(self) -> str:
        return f"{self.shared.name}.sample"

    def units(self, run: RunContext) -> list[Unit]:
        if not run.outputs[f"{self.shared.name}.limits"]:
            return []
        limits: Mapping[str, Mapping[str, str]] = run.outputs[f"{self.shared.name}.limits"][0].facts["limits"]
        by_language = {code: int(limit) for found in limits.values() for code, limit in found.items()}
        units = []
        for file in run.files("select", "corpus"):
            limit = by_language.get(language_of(file), 0)
            key = digest(VERSION, self.shared.name, self.shared.config.seed, file.pieces[0].checksum, str(limit))
            task = SampleTask(key, self.shared.name, self.shared.config.seed, file, limit)
            about = {"language": language_of(file)}
            units.append(Unit(self.name, key, file.public, task, file.bytes, about=about))
        return units


@dataclass(frozen=True)
class SampleTask:
    key: str
    name: str
    seed: int
    file: OutputFile
    limit: int

    def __call__(self, space: Workspace) -> Outcome:
        known = space.read_table(self.file.path, ["doc_id", "source", "characters", "text_bytes"])
        ids = known.column("doc_id").to_pylist()
        keep = pa.array(sampled(sample_hashes(ids, self.seed), self.limit))
        tally = Tally(self.name)
        language = language_of(self.file)
        tally.add_table("in", known, language=language)
        tally.add_table("kept", known.filter(keep), language=language)
        left_out = known.filter(pc.invert(keep))
        tally.add_table("rejected", left_out, language=language, reason="tokenizer.not_sampled")
        rows = space.read_table(self.file.path, ["doc_id", "text"]).filter(keep)
        path = f"{WORK}/{self.key}.sample.parquet"
        file = space.write(path, write_table(rows), rows=rows.num_rows)
        return Outcome((file,), tuple(tally.counts()))


@dataclass(frozen=True)
class TrainStep:
    shared: TokenizerSteps
    stages: tuple[str, ...] = ("tokenizer.train",)

    @property
    def name(self) -> str:
        return self.shared.name

    def units(self, run: RunContext) -> list[Unit]:
        if not run.outputs[f"{self.shared.name}.limits"]:
            return []
        limits = run.outputs[f"{self.shared.name}.limits"][0].facts["limits"]
        samples = run.outputs[f"{self.shared.name}.sample"]
        units = []
        for name, languages in limits.items():
            chosen = [commit.files[0] for commit in samples if commit.facts["language"] in languages]
            key = digest(VERSION, self.shared.key(), name, [file.checksum for file in chosen])
            task = TrainTask(key, name, self.shared.config, tuple(file.path for file in chosen))
            units.append(Unit(self.name, key, name, task, sum(file.bytes for file in chosen)))
        return units


@dataclass(frozen=True)
class TrainTask:
    """Trains on the sampled documents in the order of their hash."""

    key: str
    name: str
    config: TrainTokenizer
    paths: tuple[str, ...]

    def __call__(self, space: Workspace) -> Outcome:
        tables = [space.read_table(path) for path in self.paths]
        rows = pa.concat_tables(tables)
        ids = rows.column("doc_id").to_pylist()
        order = np.lexsort((np.array(ids), sample_hashes(ids, self.config.seed))).tolist()
        with tempfile.TemporaryDirectory() as folder:
            files = train(_texts(rows.column("text"), order), self.config, Path(folder))
        written = [
            space.write(f"tokenizer/{self.name}/{file}@{self.key}", data) for file, data in sorted(files.items())
        ]
        return Outcome(tuple(written))


def _texts(column: pa.ChunkedArray, order: Sequence[int]) -> Iterator[str]:
    for start in range(0, len(order), BATCH_ROWS):
        yield from column.take(pa.array(order[start : start + BATCH_ROWS])).to_pylist()


@dataclass(frozen=True)
class StoredTokenizer:
    """A tokenizer of a run directory, as a resource of the tasks that count with it."""

    uri: str
    places: tuple[tuple[str, str], ...]  # file name, where it lies
    checksum: str

    def open(self) -> Counter:
        storage = open_storage(self.uri)
        return load_tokenizer({name: storage.read(place) for name, place in self.places})

    def fingerprint(self) -> str:
        return self.checksum


def stored_tokenizer(run: RunContext, name: str) -> StoredTokenizer | None:
    """The trained tokenizer of that name, if this run trains one."""
    for commits in run.outputs.values():
        for commit in commits:
            if commit.label == name and commit.step.startswith("tokenizer.") and commit.files:
                if not commit.files[0].path.startswith(f"tokenizer/{name}/"):
                    continue
                places = tuple(
                    (file.public.rpartition("/")[2], run.workspace.locate(file.path)) for file in commit.files
                )
                wanted = tuple(place for place in places if place[0].startswith("tokenizer."))
                return StoredTokenizer(run.storage.uri, wanted, commit.checksum)
    return None


@dataclass(frozen=True)
class CountStep:
    shared: TokenizerSteps
    stages: tuple[str, ...] = ("tokenizer.train",)

    @property
    def name(self) -> str:
        return f"{self.shared.name}.count"

    def units(self, run: RunContext) -> list[Unit]:
        limits = run.outputs[f"{self.shared.name}.limits"]
        units = []
        for name, languages in limits[0].facts["limits"].items() if limits else ():
            tokenizer = stored_tokenizer(run, name)
            if tokenizer is None:
                continue
            for file in run.files("select", "corpus"):
                if language_of(file) in languages:
                    key = digest(VERSION, tokenizer.checksum, file.pieces[0].checksum)
                    task = CountTask(key, name, tokenizer, file)
                    about = {"tokenizer": name, "file": file.path}
                    units.append(Unit(self.name, key, f"{name} {file.public}", task, file.bytes, about=about))
        return units


@dataclass(frozen=True)
class CountTask:
    """Tokens of each document of a corpus file, and the sums that the tokenizer is judged by."""

    key: str
    name: str
    tokenizer: StoredTokenizer
    file: OutputFile

    def __call__(self, space: Workspace) -> Outcome:
        counter: Counter = opened(self.tokenizer)
        language = language_of(self.file)
        rows = space.read_table(self.file.path)
        audit = Audit()
        counted = []
        for batch in rows.to_batches(max_chunksize=BATCH_ROWS):
            texts = batch.column("text").to_pylist()
            encoded = counter.encode_batch(texts)
            words = pc.sum(batch.column("word_count")).as_py() if "word_count" in batch.schema.names else 0
            audit = audit.add(language, texts, int(words or 0), encoded, counter)
            tokens = pa.array([len(ids) for ids in encoded], pa.int64())
            columns = [batch.column("doc_id"), batch.column("language"), tokens, batch.column("text_bytes")]
            counted.append(pa.RecordBatch.from_arrays(columns, schema=COUNTED))
        table = pa.Table.from_batches(counted, schema=COUNTED)
        file = space.write(f"{WORK}/{self.key}.counts.parquet", write_table(table), rows=table.num_rows)
        sums = {code: measured.tolist() for code, measured in audit.sums.items()}
        return Outcome((file,), (), {"audit": sums})


@dataclass(frozen=True)
class StatsStep:
    shared: TokenizerSteps
    stages: tuple[str, ...] = ("tokenizer.train",)

    @property
    def name(self) -> str:
        return f"{self.shared.name}.stats"

    def units(self, run: RunContext) -> list[Unit]:
        facts: dict[str, list[Mapping[str, Any]]] = {}
        for commit in run.outputs[f"{self.shared.name}.count"]:
            facts.setdefault(commit.facts["tokenizer"], []).append(commit.facts)
        units = []
        for name, found in facts.items():
            measured = [f["audit"] for f in found]
            key = digest(VERSION, "stats", name, measured)
            units.append(Unit(self.name, key, name, StatsTask(key, name, tuple(measured))))
        return units


@dataclass(frozen=True)
class StatsTask:
    key: str
    name: str
    measured: tuple[Mapping[str, list[int]], ...]

    def __call__(self, space: Workspace) -> Outcome:
        audit = Audit()
        for sums in self.measured:
            audit = audit.merge(Audit({language: np.array(values, np.int64) for language, values in sums.items()}))
        table = audit.finish().cast(STATS)
        path = f"tokenizer/{self.name}/stats.parquet@{self.key}"
        return Outcome((space.write(path, write_table(table), rows=table.num_rows),))


def tokenizer_steps(step: PipelineStep) -> list[Step]:
    """The physical steps of one `tokenizer.train`."""
    shared = TokenizerSteps(step)
    return [
        SumsStep(shared),
        LimitsStep(shared),
        SampleStep(shared),
        TrainStep(shared),
        CountStep(shared),
        StatsStep(shared),
    ]
