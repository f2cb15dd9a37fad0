"""Duplicate clusters from sketches: keys to partitions, equal keys to edges, edges to components.

Four physical steps, each of many units, so that memory is bounded by a partition and the work resumes anywhere:
`cluster.keys` (per shard), `cluster.link` (per partition), `cluster.join` (once; union-find over row numbers) and
`cluster` (per shard). Nothing here reads text, bounds or the language label, but to count labelled members.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.context import RunContext, Step
from pipelines.keys import digest
from pipelines.ledger import Count, Tally
from pipelines.parquet import PieceWriter
from pipelines.pipeline import PipelineStep
from pipelines.unit import PRIVATE, Blocked, Outcome, OutputFile, Task, Unit, Workspace
from stages.columns import CLUSTERS, UNDETERMINED
from stages.dedup.cluster import components, link
from stages.errors import ConfigError

VERSION = 1
PARTITION_KEYS = 32 << 20
"""Keys that one `cluster.link` unit sorts: 16 bytes each, twice while sorting."""

KEY = pa.schema([("key", pa.uint64()), ("row", pa.int64())])
EDGE = pa.schema([("first", pa.int64()), ("second", pa.int64())])
MEMBER = pa.schema(
    [
        ("row", pa.int64()),  # in its shard
        ("cluster", pa.string()),
        ("cluster_size", pa.int32()),
        ("labelled_size", pa.int32()),
        ("evidence", pa.string()),
    ]
)
WORK = f"{PRIVATE}/work"


def _write_batches(space: Workspace, path: str, schema: pa.Schema, rows: Sequence[pa.RecordBatch]) -> OutputFile:
    """One Arrow IPC file whose record batch i is what partition or shard i reads."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, schema) as writer:
        for batch in rows:
            writer.write_batch(batch)
    return space.write(path, sink.getvalue(), rows=sum(batch.num_rows for batch in rows))


def _read_batch(space: Workspace, path: str, number: int) -> pa.RecordBatch:
    with space.storage.open(space.locate(path)) as stream:
        return pa.ipc.open_file(stream).get_batch(number)


def partitions(rows: int, keys_per_row: int) -> int:
    """How many partitions the keys of all rows are spread over: a power of two."""
    count = 1
    while rows * keys_per_row > count * PARTITION_KEYS:
        count *= 2
    return count


class KeysStep:
    """`cluster.keys`: the exact and band keys of each shard, by partition."""

    name = "cluster.keys"
    stages = ("cluster",)

    def __init__(self, columns: Sequence[str], bands: int) -> None:
        self.columns = tuple(columns)
        self.bands = bands

    def count(self, run: RunContext) -> int:
        rows = sum(file.rows for file in run.files("annotate", "annotations"))
        return partitions(rows, self.bands + 1)

    def units(self, run: RunContext) -> list[Unit]:
        count = self.count(run)
        units = []
        for file in run.files("annotate", "annotations"):
            key = digest(VERSION, "keys", count, self.columns, [piece.sketch for piece in file.pieces])
            task = KeysTask(key, file.path, self.columns, count)
            units.append(Unit(self.name, key, file.path, task, file.rows, _entering(file), {"annotations": file.path}))
        return units


def _entering(file: OutputFile) -> tuple[Count, ...]:
    """What a shard of annotations brings into `cluster`; quarantined there if a step on the way fails."""
    return tuple(Count("cluster", p.language, "-", "in", None, p.rows, None, p.bytes) for p in file.pieces)


def _shards(run: RunContext) -> list[OutputFile]:
    """The annotations whose keys could be made."""
    keyed = {commit.facts["annotations"] for commit in run.outputs["cluster.keys"]}
    return [file for file in run.files("annotate", "annotations") if file.path in keyed]


@dataclass(frozen=True)
class KeysTask:
    """A row has one key for its text hash and one for each band; equal keys are candidates of one cluster."""

    key: str
    path: str
    columns: tuple[str, ...]
    partitions: int

    def __call__(self, space: Workspace) -> Outcome:
        table = space.read_table(self.path, self.columns)
        keys, rows = row_keys(table)
        shift = np.uint64(64 - (self.partitions.bit_length() - 1))
        part = (keys >> shift) if self.partitions > 1 else np.zeros(len(keys), np.uint64)
        batches = [
            pa.RecordBatch.from_arrays([pa.array(keys[part == number]), pa.array(rows[part == number])], schema=KEY)
            for number in range(self.partitions)
        ]
        return Outcome((_write_batches(space, f"{WORK}/{self.key}.keys.arrow", KEY, batches),))


def row_keys(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """64-bit keys of `text_hash` and `minhash` and the row each belongs to; rows without a sketch have none."""
    keys, rows = [], []
    if "text_hash" in table.column_names:
        column = table.column("text_hash")
        filled = np.flatnonzero(np.asarray(column.is_valid()))
        heads = pc.utf8_slice_codeunits(column.drop_null(), 0, 16).to_pylist()
        keys.append(np.frombuffer(bytes.fromhex("".join(heads)), ">u8").astype(np.uint64))
        rows.append(filled)
    if "minhash" in table.column_names:
        column = table.column("minhash").combine_chunks()
        filled = np.flatnonzero(np.asarray(column.is_valid()))
        values = pc.list_flatten(column).to_numpy(zero_copy_only=False).astype(np.uint64)
        bands = len(values) // max(len(filled), 1)
        # the band's number is part of its key, so that equal values of different bands do not meet
        spread = (np.arange(bands, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        keys.append((values.reshape(-1, bands) ^ spread).ravel() if len(filled) else values)
        rows.append(np.repeat(filled, bands))
    if not keys:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    return np.concatenate(keys), np.concatenate(rows).astype(np.int64)


class LinkStep:
    """`cluster.link`: rows that share a key, per partition."""

    name = "cluster.link"
    stages = ("cluster",)

    def __init__(self, keys: KeysStep) -> None:
        self.keys = keys

    def units(self, run: RunContext) -> list[Unit]:
        commits = run.outputs["cluster.keys"]
        offsets = _offsets(_shards(run))
        units = []
        for number in range(self.keys.count(run)):
            key = digest(VERSION, "link", number, [(c.checksum, o) for c, o in zip(commits, offsets, strict=True)])
            inputs = tuple((c.files[0].path, o) for c, o in zip(commits, offsets, strict=True))
            units.append(Unit(self.name, key, f"partition {number}", LinkTask(key, number, inputs)))
        return units


def _offsets(files: Sequence[OutputFile]) -> list[int]:
    """Number of the first row of each shard among all rows."""
    return [0, *np.cumsum([file.rows for file in files]).tolist()][: len(files)]


@dataclass(frozen=True)
class LinkTask:
    key: str
    number: int
    inputs: tuple[tuple[str, int], ...]

    def __call__(self, space: Workspace) -> Outcome:
        keys, rows = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for path, offset in self.inputs:
            batch = _read_batch(space, path, self.number)
            keys.append(batch.column("key").to_numpy())
            rows.append(batch.column("row").to_numpy() + offset)
        edges = link(np.concatenate(keys), np.concatenate(rows))
        batch = pa.RecordBatch.from_arrays(
            [pa.array(np.ascontiguousarray(edges[:, 0])), pa.array(np.ascontiguousarray(edges[:, 1]))], schema=EDGE
        )
        return Outcome((_write_batches(space, f"{WORK}/{self.key}.edges.arrow", EDGE, [batch]),))


class JoinStep:
    """`cluster.join`: connected components of all edges."""

    name = "cluster.join"
    stages = ("cluster",)

    def __init__(self, columns: Sequence[str], keys: KeysStep) -> None:
        self.columns = tuple(columns)
        self.keys = keys

    def units(self, run: RunContext) -> list[Unit]:
        shards = _shards(run)
        entering = tuple(count for file in shards for count in _entering(file))
        sketches = [[piece.sketch for piece in file.pieces] for file in shards]
        missing = self.keys.count(run) - len(run.outputs["cluster.link"])
        if missing:  # without their edges duplicates would pass for single documents
            task: Task = Blocked(f"{missing} of {self.keys.count(run)} partitions could not be linked")
            return [Unit(self.name, digest(VERSION, "blocked", sketches), f"{len(shards)} shards", task, 1, entering)]
        edges = tuple(commit.files[0].path for commit in run.outputs["cluster.link"])
        key = digest(VERSION, "join", [c.checksum for c in run.outputs["cluster.link"]], sketches)
        task = JoinTask(key, edges, tuple((file.path, file.rows) for file in shards), self.columns)
        return [Unit(self.name, key, f"{len(shards)} shards", task, sum(file.rows for file in shards), entering)]


@dataclass(frozen=True)
class JoinTask:
    key: str
    edges: tuple[str, ...]
    shards: tuple[tuple[str, int], ...]
    columns: tuple[str, ...]

    def __call__(self, space: Workspace) -> Outcome:
        total = sum(rows for _, rows in self.shards)
        linked = [_read_batch(space, path, 0) for path in self.edges]
        edges = np.concatenate(
            [np.zeros((0, 2), np.int64)]
            + [np.stack([b.column(0).to_numpy(), b.column(1).to_numpy()], axis=1) for b in linked]
        )
        labels = np.asarray(components(total, edges))
        sizes = np.bincount(labels, minlength=total)
        clustered = np.flatnonzero(sizes[labels] > 1)
        members = self._members(space, clustered, labels)
        batches = [members.slice(start, end - start) for start, end in self._bounds(clustered)]
        flat = [b.combine_chunks().to_batches()[0] if b.num_rows else _empty(MEMBER) for b in batches]
        file = _write_batches(space, f"{WORK}/{self.key}.members.arrow", MEMBER, flat)
        facts = {"shards": [_identity(batch) for batch in flat]}
        return Outcome((file,), (), facts)

    def _bounds(self, clustered: np.ndarray) -> Iterator[tuple[int, int]]:
        """For each shard, the range of clustered rows that lie in it."""
        start = 0
        for _, rows in self.shards:
            yield tuple(np.searchsorted(clustered, [start, start + rows]).tolist())
            start += rows

    def _members(self, space: Workspace, clustered: np.ndarray, labels: np.ndarray) -> pa.Table:
        tables, rows, offset = [], [], 0
        names = [name for name in ("doc_id", "language", "text_hash") if name != "text_hash" or name in self.columns]
        for path, count in self.shards:
            first, last = np.searchsorted(clustered, [offset, offset + count])
            local = clustered[first:last] - offset
            if len(local):
                tables.append(space.read_table(path, names).take(pa.array(local)))
                rows.append(local)
            offset += count
        if not tables:
            return _empty_table(MEMBER)
        table = pa.concat_tables(tables).append_column("label", pa.array(labels[clustered]))
        labelled = pc.cast(pc.not_equal(table.column("language"), UNDETERMINED), pa.int32())
        table = table.append_column("labelled", labelled)
        sums = table.group_by("label", use_threads=False).aggregate(
            [("doc_id", "min"), ("doc_id", "count"), ("labelled", "sum")]
        )
        # joins do not keep order, so positions are looked up instead
        order = np.argsort(sums.column("label").to_numpy())
        at = order[np.searchsorted(sums.column("label").to_numpy()[order], labels[clustered])]
        picked = sums.take(pa.array(at))
        return pa.table(
            [
                pa.array(np.concatenate(rows)),
                picked.column("doc_id_min"),
                pc.cast(picked.column("doc_id_count"), pa.int32()),
                pc.cast(picked.column("labelled_sum"), pa.int32()),
                _evidence(table),
            ],
            schema=MEMBER,
        )


def _identity(batch: pa.RecordBatch) -> str:
    """Hash of the members of a shard, whatever the buffers they lie in."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(pa.record_batch([pa.concat_arrays([column]) for column in batch.columns], batch.schema))
    return xxhash.xxh3_128_hexdigest(sink.getvalue())


def _evidence(table: pa.Table) -> pa.Array:
    """`exact` for rows whose text hash occurs again, else `minhash`."""
    if "text_hash" not in table.column_names:
        return pa.array(["minhash"] * table.num_rows)
    hashes = table.column("text_hash")
    counts = pc.value_counts(hashes.combine_chunks())
    repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    exact = pc.and_(pc.is_in(hashes, value_set=repeated), hashes.is_valid())
    return pc.if_else(exact, "exact", "minhash")


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=schema)


def _empty_table(schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([], schema=schema)


class ClusterStep:
    """`cluster`: the membership of each document, row for row beside the annotations."""

    name = "cluster"
    stages = ("cluster",)

    def units(self, run: RunContext) -> list[Unit]:
        units = []
        for joined, (number, file) in product(run.outputs["cluster.join"], enumerate(_shards(run))):
            sketches = [piece.sketch for piece in file.pieces]
            key = digest(VERSION, "cluster", sketches, joined.facts["shards"][number])
            task = ClusterTask(key, file, joined.files[0].path, number)
            units.append(Unit(self.name, key, file.path, task, file.rows, _entering(file), {"annotations": file.path}))
        return units


@dataclass(frozen=True)
class ClusterTask:
    key: str
    file: OutputFile
    members: str
    number: int

    def __call__(self, space: Workspace) -> Outcome:
        rows = space.read_table(self.file.path, ["doc_id", "source", "characters", "text_bytes"]).combine_chunks()
        labelled = np.repeat(
            [piece.language != UNDETERMINED for piece in self.file.pieces], [piece.rows for piece in self.file.pieces]
        )
        table = _membership(rows, _read_batch(space, self.members, self.number), labelled)
        writer = PieceWriter(CLUSTERS)
        tally = Tally("cluster")
        start = 0
        for piece in self.file.pieces:
            writer.write(piece.language, table.slice(start, piece.rows), size=piece.bytes)
            counted = rows.slice(start, piece.rows)
            tally.add_table("in", counted, language=piece.language)
            tally.add_table("kept", counted, language=piece.language)
            start += piece.rows
        buffer, pieces = writer.close()
        file = space.write(f"clusters/part-{self.key[:16]}.parquet", buffer, rows=writer.rows, pieces=pieces)
        return Outcome((file,), tuple(tally.counts()))


def _membership(rows: pa.Table, members: pa.RecordBatch, labelled: np.ndarray) -> pa.Table:
    """The cluster of every row of a shard: its own, alone, where no member says otherwise."""
    at = np.full(rows.num_rows, -1, np.int64)  # row of the member
    at[members.column("row").to_numpy()] = np.arange(members.num_rows)
    found = members.take(pa.array(at, mask=at < 0))
    columns = [
        rows.column("doc_id"),
        pc.coalesce(found.column("cluster"), rows.column("doc_id").combine_chunks()),
        pc.fill_null(found.column("cluster_size"), 1),
        pc.coalesce(found.column("labelled_size"), pa.array(labelled.astype(np.int32))),
        found.column("evidence"),
    ]
    return pa.table(columns, schema=CLUSTERS)


def cluster_steps(steps: Sequence[PipelineStep], where: str) -> list[Step]:
    """The four physical steps for the sketches that these `annotate` stages write."""
    columns, bands = [], 0
    for step in steps:
        for column in step.stage.writes(step.config):
            if column.name in ("text_hash", "minhash"):
                columns.append(column.name)
                bands += getattr(step.config, "bands", 0) if column.name == "minhash" else 0
    if not columns:
        raise ConfigError(f"{where}: cluster needs a sketch; add a step dedup.exact or dedup.minhash before it")
    keys = KeysStep(columns, bands)
    return [keys, LinkStep(keys), JoinStep(columns, keys), ClusterStep()]
