"""A run directory as its readers see it: the record of the run and its datasets, wherever they lie."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import fs

from pipelines.publish import read_record
from pipelines.storage import Storage, open_storage, retried
from stages.columns import CLUSTERS, DECISIONS, DOCUMENTS, IDENTIFICATION, LEDGER, REJECTED, SIZES, SPANS
from stages.errors import StorageError

if TYPE_CHECKING:
    import pyarrow.dataset as ds  # imports pandas: a run that fits in memory needs neither

SCHEMAS = {
    "documents": DOCUMENTS,
    "annotations": pa.schema([pa.field("doc_id", pa.string()), *IDENTIFICATION, *SIZES, pa.field("spans", SPANS)]),
    "clusters": CLUSTERS,
    "decisions": DECISIONS,
    "rejected": REJECTED,
}
"""Datasets that `query` can name; one that the pipeline did not make reads as an empty table."""


READS_AT_ONCE = 4
"""Files that are read beside each other: one file is read in one thread."""


class _Held(NamedTuple):
    """Columns of a whole dataset, the tables of its files one after another."""

    table: pa.Table
    paths: tuple[str, ...]
    footers: tuple[pq.FileMetaData, ...]


@dataclass(frozen=True)
class RunDir:
    """The output of a run, for reading; `uri` is a folder or an S3 prefix."""

    uri: str

    @cached_property
    def storage(self) -> Storage:
        return open_storage(self.uri)

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """run.json; a folder without one is no run directory."""
        return read_record(self.storage)

    @cached_property
    def ledger(self) -> pa.Table:
        """The ledger; empty where the run was interrupted before it was written."""
        if not self.storage.exists("ledger.parquet"):
            return LEDGER.empty_table()
        return self.read("ledger.parquet")

    def files(self, folder: str, ending: str = ".parquet") -> list[str]:
        """Paths of the files of a dataset, below the run directory; private and temporary ones are left out."""
        paths = [entry.path for entry in retried(lambda: self.storage.list(folder))]
        return [p for p in paths if p.endswith(ending) and not any(part.startswith(".") for part in p.split("/"))]

    def parts(self, folder: str) -> list[str]:
        """Names below `tokenizer`, `mixture`, `instructions` or `augmented`, as `web` of `mixture/web/`."""
        below = (entry.path.removeprefix(f"{folder}/") for entry in retried(lambda: self.storage.list(folder)))
        return sorted({path.split("/", 1)[0] for path in below if "/" in path and not path.startswith(".")})

    def dataset(self, folder: str) -> "ds.Dataset | None":
        """The Parquet files of a folder, with Hive partitions; None where there are none."""
        files = self.files(folder)
        if not files:
            return None
        import pyarrow.dataset as ds

        filesystem, root = self._filesystem
        paths = [f"{root}/{path}" for path in files]
        try:
            return ds.dataset(paths, format="parquet", filesystem=filesystem, partitioning="hive")
        except (OSError, pa.ArrowInvalid) as error:
            raise StorageError(f"{self.uri}/{folder}: {error}") from error

    @contextmanager
    def opened(self, path: str, footer: pq.FileMetaData | None = None) -> Iterator[pq.ParquetFile]:
        """One Parquet file of the run, by its path below the run directory; `footer` is its own where that is known."""
        filesystem, root = self._filesystem
        try:
            with filesystem.open_input_file(f"{root}/{path}") as stream:
                yield pq.ParquetFile(stream, metadata=footer or self._footers.get(path))
        except (OSError, pa.ArrowInvalid) as error:
            raise StorageError(f"{self.uri}/{path}: {error}") from error

    def read(self, path: str, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows of one Parquet file."""
        with self.opened(path) as file:
            return file.read(columns=list(columns) if columns else None, use_threads=False)

    def query(self, sql: str, parameters: Sequence[Any] = (), **tables: Any) -> list[dict[str, Any]]:
        """Rows of a query over the datasets of `SCHEMAS`, `ledger` and further named tables or datasets."""
        _ = self.record  # a folder that is no run is named before its datasets are missed
        for folder in SCHEMAS.keys() - self._named:
            self.name(folder, self.dataset(folder) or SCHEMAS[folder].empty_table())
        for name, table in tables.items():
            self.name(name, table)
        cursor = self._connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def name(self, name: str, table: Any) -> None:
        """Let queries name a table or a dataset."""
        self._connection.register(name, table)
        self._named.add(name)

    @contextmanager
    def holding(self, columns: Mapping[str, Sequence[str]], limit: int) -> Iterator[None]:
        """Keep these columns of datasets in memory, each where it has at most `limit` values.

        Queries can name no other columns of them meanwhile.
        """
        for folder, names in columns.items():
            held = self._whole(folder, names, limit)
            if held is not None:
                self.name(folder, held.table)
                self._held[folder] = held
                self._footers.update(zip(held.paths, held.footers, strict=True))
        try:
            yield
        finally:
            self._named.difference_update(self._held)
            self._held.clear()
            self._footers.clear()

    def columns(self, folder: str, names: Sequence[str], limit: int) -> Iterable[pa.Table]:
        """Some columns of a dataset in tables of about `limit` values; one that is whole is read only once."""
        held = self._whole(folder, names, limit)
        return [held.table] if held is not None else _Parts(self, folder, tuple(names), limit // len(names))

    def _whole(self, folder: str, names: Sequence[str], limit: int) -> _Held | None:
        """Some columns of a dataset; None where these are more than `limit` values."""
        paths = self.files(folder)

        def read(path: str) -> tuple[pa.Table, pq.FileMetaData]:
            with self.opened(path) as file:
                return file.read(columns=list(names), use_threads=False), file.metadata

        found: list[tuple[pa.Table, pq.FileMetaData]] = []
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            for part in pool.map(read, paths):
                found.append(part)
                limit -= len(names) * part[0].num_rows
                if limit < 0:
                    pool.shutdown(cancel_futures=True)
                    return None
        tables = [table for table, _ in found] or [SCHEMAS[folder].empty_table().select(list(names))]
        return _Held(pa.concat_tables(tables), tuple(paths), tuple(footer for _, footer in found))

    def schema(self, folder: str) -> pa.Schema:
        """Columns of a dataset, or those it would have."""
        for path in self.files(folder)[:1]:
            with self.opened(path) as file:
                return file.schema_arrow
        return SCHEMAS[folder]

    def rows(
        self, folder: str, identities: Iterable[str], columns: Sequence[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Rows by doc_id; only the row groups that hold one of them are read beyond their `doc_id`."""
        wanted = pa.array(sorted(set(identities)), pa.string())
        found: dict[str, dict[str, Any]] = {}
        if not len(wanted):
            return found
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            for path, places in self._places(folder, wanted):
                with self.opened(path) as file:
                    footer = file.metadata
                for rows in pool.map(partial(self._taken, path, footer, columns), *_by_group(footer, places)):
                    found |= {row["doc_id"]: row for row in rows}
        return found

    def _taken(
        self,
        path: str,
        footer: pq.FileMetaData,
        columns: Sequence[str] | None,
        group: int,
        places: npt.NDArray[np.int64],
    ) -> list[dict[str, Any]]:
        """Rows of a row group by number, which ascend; columns that the file lacks are left out."""
        with self.opened(path, footer) as file:
            present = [name for name in columns if name in file.schema_arrow.names] if columns else None
            read = file.iter_batches(int(places[-1]) + 1, row_groups=[group], columns=present, use_threads=False)
            batch = next(read)  # what stands behind the last one is not decoded
            taken: list[dict[str, Any]] = batch.take(pa.array(places)).to_pylist()
        return taken

    def _places(self, folder: str, wanted: pa.Array) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
        """The files of a dataset that hold one of the documents, and the numbers of their rows."""
        if (held := self._held.get(folder)) is not None:
            places = np.flatnonzero(pc.is_in(held.table.column("doc_id"), value_set=wanted))
            starts = np.cumsum([0, *(footer.num_rows for footer in held.footers)])
            firsts = np.searchsorted(places, starts)
            for path, start, (first, last) in zip(held.paths, starts[:-1], pairwise(firsts), strict=True):
                if first < last:
                    yield path, places[first:last] - start
            return
        for path in self.files(folder):
            with self.opened(path) as file:
                if "doc_id" not in file.schema_arrow.names:
                    continue
                identities = file.read(columns=["doc_id"], use_threads=False).column("doc_id")
            places = np.flatnonzero(pc.is_in(identities, value_set=wanted))
            if len(places):
                yield path, places

    def where(self, folder: str, identity: str) -> str | None:
        """The file of a dataset that holds the document, as a path below the run directory."""
        return next((path for path, _ in self._places(folder, pa.array([identity]))), None)

    def bounds(self, language: str) -> dict[str, dict[str, Any]]:
        """Bounds of a language as the run used them: column to min, max and why."""
        return dict(self.record.get("languages", {}).get(language, {}).get("bounds", {}))

    def confusable(self, language: str) -> frozenset[str]:
        """Runners-up that were no second language of a language's documents."""
        return frozenset(self.record.get("languages", {}).get(language, {}).get("confusable", ()))

    def language_name(self, code: str) -> str:
        """The English name of a language, or its code."""
        return str(self.record.get("languages", {}).get(code, {}).get("name") or code)

    @cached_property
    def _filesystem(self) -> tuple[Any, str]:
        if "://" in self.uri and not self.uri.startswith("file://"):
            filesystem, root = fs.FileSystem.from_uri(self.uri)
            return filesystem, root.rstrip("/")
        return fs.LocalFileSystem(), str(Path(self.uri.removeprefix("file://")).resolve())

    @cached_property
    def _held(self) -> dict[str, _Held]:
        return {}

    @cached_property
    def _footers(self) -> dict[str, pq.FileMetaData]:
        """Those of files that are held: to parse one takes milliseconds."""
        return {}

    @cached_property
    def _named(self) -> set[str]:
        """What queries can name."""
        return set()

    @cached_property
    def _connection(self) -> Any:
        import duckdb

        connection = duckdb.connect()
        connection.register("ledger", self.ledger)
        return connection


@dataclass(frozen=True)
class _Parts:
    """Columns of a dataset in tables of about so many rows, read again by every loop over them."""

    run: RunDir
    folder: str
    names: tuple[str, ...]
    rows: int

    def __iter__(self) -> Iterator[pa.Table]:
        parts: list[pa.Table] = []
        for path in self.run.files(self.folder):
            parts.append(self.run.read(path, self.names))
            if sum(part.num_rows for part in parts) >= self.rows:
                yield pa.concat_tables(parts)
                parts = []
        if parts:
            yield pa.concat_tables(parts)


def _by_group(footer: pq.FileMetaData, places: npt.NDArray[np.int64]) -> tuple[list[int], list[npt.NDArray[np.int64]]]:
    """The row groups that hold these rows of a file, and the rows' numbers within each of them."""
    sizes = [footer.row_group(group).num_rows for group in range(footer.num_row_groups)]
    starts = np.cumsum([0, *sizes])
    groups = np.searchsorted(starts, places, side="right") - 1
    found = np.unique(groups).tolist()
    return found, [places[groups == group] - starts[group] for group in found]
