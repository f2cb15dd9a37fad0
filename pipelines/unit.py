"""The unit of work: a task with a key, and the commit record that says it is done."""

import json
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from pipelines.ledger import Count
from pipelines.parquet import Piece
from pipelines.storage import Storage, open_storage, retried
from stages.errors import ConfigError, ShardError, StorageError
from stages.registry import Resource

PRIVATE = ".babelmill"
COMMITS = f"{PRIVATE}/commits"
REPORT = "report.html"
QUARANTINE = f"{PRIVATE}/quarantine"
STORE = f"{PRIVATE}/store"
"""Outputs lie here until they are published, and again when a later run has replaced them."""


@dataclass(frozen=True)
class OutputFile:
    """A file that a unit wrote, and what verifies it.

    `path` names it in the store; it is unique to the unit's key. Where people expect a plain name, it is that name, an
    `@` and the key: `tokenizer/bpe/tokenizer.json@1f2e…`.
    """

    path: str
    rows: int
    bytes: int
    checksum: str
    pieces: tuple[Piece, ...] = ()

    @property
    def public(self) -> str:
        return public_path(self.path)


def public_path(path: str) -> str:
    """Where an output is published below the run directory."""
    return path.partition("@")[0]


@dataclass(frozen=True)
class Outcome:
    """What a task hands back: files already written, counts, and small facts that later steps plan with."""

    files: tuple[OutputFile, ...] = ()
    counts: tuple[Count, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Task(Protocol):
    """A picklable piece of work; it writes through the workspace and depends on nothing else."""

    def __call__(self, space: "Workspace") -> Outcome: ...


@dataclass(frozen=True)
class Unit:
    """A task, the key of its output and what is said of it to people.

    `entering` are the ledger counts of what the unit reads: if it fails, they are quarantined. `about` is what the plan
    knows of it now, such as the path it reads; later steps find it among the facts of the commit. A commit record keeps
    none of it, because the same output may be read from another path tomorrow. `inside` are counts that a unit before
    it has counted as entering, and that leave in this one: if it fails, they are quarantined, too.
    """

    step: str
    key: str
    label: str
    task: Task
    weight: int = 1  # bytes to read, times the measured cost of their language
    entering: tuple[Count, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    inside: tuple[Count, ...] = ()


@dataclass(frozen=True)
class Blocked:
    """The task of a unit that cannot be done because one before it failed: it fails with the reason."""

    reason: str

    def __call__(self, space: "Workspace") -> Outcome:
        raise ShardError(self.reason)


@dataclass(frozen=True)
class Commit:
    """The record that a unit is complete; written last."""

    step: str
    key: str
    label: str
    files: tuple[OutputFile, ...]
    counts: tuple[Count, ...]
    facts: Mapping[str, Any]
    seconds: float

    @property
    def checksum(self) -> str:
        """Identity of the outputs, whatever key produced them."""
        return xxhash.xxh3_128_hexdigest("\n".join(f.checksum for f in self.files).encode())

    def to_json(self) -> bytes:
        return json.dumps(vars(self), default=vars, sort_keys=True).encode()  # `asdict` copies every count first

    @classmethod
    def from_json(cls, data: bytes) -> "Commit":
        fields = json.loads(data)
        files = tuple(
            OutputFile(**{**file, "pieces": tuple(Piece(**piece) for piece in file["pieces"])})
            for file in fields["files"]
        )
        counts = tuple(Count(**count) for count in fields["counts"])
        return cls(**{**fields, "files": files, "counts": counts})


@dataclass(frozen=True)
class Failure:
    """A unit that could not be done, and why in one line and in full."""

    step: str
    key: str
    label: str
    error: str
    detail: str


class Workspace:
    """A run directory as a task sees it: reads outputs wherever they lie, writes new ones to the store."""

    def __init__(self, storage: Storage, published: frozenset[str] = frozenset()) -> None:
        self.storage = storage
        self._published = published

    def locate(self, path: str) -> str:
        """Where the output of this name lies now."""
        return public_path(path) if path in self._published else f"{STORE}/{path}"

    def read_pieces(self, path: str, pieces: Sequence[Piece], columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of some pieces of a shard; nothing else of the file is read."""
        groups = [group for piece in pieces for group in piece.row_groups]
        name = f"{self.storage.uri}/{path}"
        shard = _open_shards.get(name, lambda: self.storage.open(self.locate(path)))
        try:
            # one thread: a worker has one core
            return shard.read_row_groups(groups, columns=list(columns) if columns else None, use_threads=False)
        except BaseException:
            _open_shards.drop(name)
            raise

    def read_table(self, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of an output."""
        with self.storage.open(self.locate(path)) as stream:
            return pq.ParquetFile(stream).read(columns=list(columns) if columns else None, use_threads=False)

    def read(self, path: str) -> bytes:
        return self.storage.read(self.locate(path))

    def write(self, path: str, data: Any, *, rows: int = 0, pieces: Sequence[Piece] = ()) -> OutputFile:
        """Store one output, complete or not at all."""
        self.storage.write(f"{STORE}/{path}", data)
        view = memoryview(data)
        return OutputFile(path, rows, view.nbytes, xxhash.xxh3_128_hexdigest(view), tuple(pieces))


class OpenShards:
    """The shards that were read last, open: most readers want a few columns of one piece after another.

    A shard never changes under its name. `limit` bounds the size of their footers as stored, which in memory take about
    five times it, and `most` their number.
    """

    def __init__(self, limit: int, most: int) -> None:
        self._limit = limit
        self._most = most
        self._held: OrderedDict[str, pq.ParquetFile] = OrderedDict()
        self._size = 0

    def get(self, name: str, open_stream: Callable[[], BinaryIO]) -> pq.ParquetFile:
        """The shard of that name, opened where it is not held."""
        shard = self._held.pop(name, None)
        if shard is None:
            shard = pq.ParquetFile(open_stream())
            self._size += shard.metadata.serialized_size
        self._held[name] = shard
        while len(self._held) > 1 and (self._size > self._limit or len(self._held) > self._most):
            self.drop(next(iter(self._held)))
        return shard

    def drop(self, name: str) -> None:
        """Close a shard."""
        shard = self._held.pop(name)
        self._size -= shard.metadata.serialized_size
        shard.close(force=True)


_open_shards = OpenShards(16 << 20, 64)


@cache
def opened(resource: Resource) -> Any:
    """The opened resource; once per worker."""
    return resource.open()


def execute(uri: str, published: frozenset[str], unit: Unit) -> Commit | Failure:
    """Run a unit and commit it; every failure but a wrong configuration is handed back, not raised."""
    storage = open_storage(uri)
    started = time.monotonic()
    try:
        outcome = retried(lambda: unit.task(Workspace(storage, published)))
        commit = Commit(
            unit.step, unit.key, unit.label, outcome.files, outcome.counts, outcome.facts, time.monotonic() - started
        )
        # A doubled task wrote the same bytes to the same paths, so whose record stands does not matter.
        retried(lambda: storage.create(commit_path(unit.step, unit.key), commit.to_json()))
    except ConfigError:
        raise
    except (ShardError, StorageError) as error:
        return Failure(unit.step, unit.key, unit.label, str(error), "")
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        line = f"{type(error).__name__}: {error} ({place.name}, line {place.lineno})"
        return Failure(unit.step, unit.key, unit.label, line, traceback.format_exc())
    return commit


def commit_path(step: str, key: str) -> str:
    return f"{COMMITS}/{step.replace('/', '.')}/{key}.json"


def current(commit: Commit, unit: Unit) -> Commit:
    """The commit as the current plan sees it: under its label, with what it knows of the unit."""
    return replace(commit, label=unit.label, facts={**commit.facts, **unit.about})
