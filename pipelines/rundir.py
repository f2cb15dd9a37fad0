"""A run directory as its readers see it: the record of the run and its datasets, wherever they lie."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from pipelines.publish import read_record
from pipelines.storage import Storage, open_storage, retried
from stages.columns import CLUSTERS, DECISIONS, DOCUMENTS, IDENTIFICATION, LEDGER, REJECTED, SIZES, SPANS
from stages.errors import StorageError

SCHEMAS = {
    "documents": DOCUMENTS,
    "annotations": pa.schema([pa.field("doc_id", pa.string()), *IDENTIFICATION, *SIZES, pa.field("spans", SPANS)]),
    "clusters": CLUSTERS,
    "decisions": DECISIONS,
    "rejected": REJECTED,
}
"""Datasets that `query` can name; one that the pipeline did not make reads as an empty table."""


@dataclass(frozen=True)
class _Parts:
    """Columns of a dataset in tables of about so many rows, read again by every loop over them."""

    dataset: ds.Dataset
    names: tuple[str, ...]
    rows: int

    def __iter__(self) -> Iterator[pa.Table]:
        held: list[pa.RecordBatch] = []
        for batch in self.dataset.to_batches(columns=list(self.names)):
            held.append(batch)
            if sum(part.num_rows for part in held) >= self.rows:
                yield pa.Table.from_batches(held)
                held = []
        if held:
            yield pa.Table.from_batches(held)


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
        with self.storage.open("ledger.parquet") as stream:
            return pq.read_table(stream)

    def files(self, folder: str, ending: str = ".parquet") -> list[str]:
        """Paths of the files of a dataset, below the run directory; private and temporary ones are left out."""
        paths = [entry.path for entry in retried(lambda: self.storage.list(folder))]
        return [p for p in paths if p.endswith(ending) and not any(part.startswith(".") for part in p.split("/"))]

    def parts(self, folder: str) -> list[str]:
        """Names below `tokenizer`, `mixture`, `instructions` or `augmented`, as `web` of `mixture/web/`."""
        below = (entry.path.removeprefix(f"{folder}/") for entry in retried(lambda: self.storage.list(folder)))
        return sorted({path.split("/", 1)[0] for path in below if "/" in path and not path.startswith(".")})

    def dataset(self, folder: str) -> ds.Dataset | None:
        """The Parquet files of a folder, with Hive partitions; None where there are none."""
        files = self.files(folder)
        if not files:
            return None
        filesystem, root = self._filesystem
        paths = [f"{root}/{path}" for path in files]
        try:
            return ds.dataset(paths, format="parquet", filesystem=filesystem, partitioning="hive")
        except (OSError, pa.ArrowInvalid) as error:
            raise StorageError(f"{self.uri}/{folder}: {error}") from error

    def parquet_files(self, folder: str) -> Iterator[pq.ParquetFile]:
        """The files of a dataset one after the other, open while the loop is at them."""
        for path in self.files(folder):
            with self.storage.open(path) as stream:
                yield pq.ParquetFile(stream)

    def query(self, sql: str, parameters: Sequence[Any] = (), **tables: Any) -> list[dict[str, Any]]:
        """Rows of a query over the datasets of `SCHEMAS`, `ledger` and further named tables or datasets."""
        for name, table in tables.items():
            self.name(name, table)
        cursor = self._connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def name(self, name: str, table: Any) -> None:
        """Let queries name a table or a dataset."""
        self._connection.register(name, table)

    @contextmanager
    def holding(self, columns: Mapping[str, Sequence[str]], limit: int) -> Iterator[None]:
        """Keep these columns of datasets in memory, each where it has at most `limit` values.

        Queries can name no other columns of them meanwhile.
        """
        held = []
        for folder, names in columns.items():
            dataset = self._datasets[folder]
            if dataset is not None and dataset.count_rows() * len(names) <= limit:
                self.name(folder, dataset.to_table(columns=list(names)))
                held.append((folder, dataset))
        try:
            yield
        finally:
            for folder, dataset in held:
                self.name(folder, dataset)

    def columns(self, folder: str, names: Sequence[str], limit: int) -> Iterable[pa.Table]:
        """Some columns of a dataset in tables of about `limit` values; one that is whole is read only once."""
        dataset = self._datasets[folder]
        if dataset is None:
            return [SCHEMAS[folder].empty_table().select(list(names))]
        if dataset.count_rows() * len(names) <= limit:
            return [dataset.to_table(columns=list(names))]
        return _Parts(dataset, tuple(names), limit // len(names))

    def schema(self, folder: str) -> pa.Schema:
        """Columns of a dataset, or those it would have."""
        found = self._datasets.get(folder)
        return found.schema if found is not None else SCHEMAS[folder]

    def rows(
        self, folder: str, identities: Sequence[str], columns: Sequence[str] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Rows by doc_id; only the row groups that hold one of them are read beyond their `doc_id`."""
        dataset = self._datasets.get(folder) if folder in SCHEMAS else self.dataset(folder)
        if dataset is None or not identities or "doc_id" not in dataset.schema.names:
            return {}
        wanted = pa.array(sorted(set(identities)), pa.string())
        hits = dataset.to_table(columns=["__filename"], filter=pc.field("doc_id").isin(wanted))
        found: dict[str, dict[str, Any]] = {}
        for name in sorted(set(hits.column("__filename").to_pylist())):
            found |= self._rows_of_file(name, wanted, columns)
        return found

    def _rows_of_file(self, path: str, wanted: pa.Array, columns: Sequence[str] | None) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        with self._filesystem[0].open_input_file(path) as stream:
            file = pq.ParquetFile(stream)
            present = [n for n in columns if n in file.schema_arrow.names] if columns else None
            mask = pc.is_in(file.read(columns=["doc_id"]).column("doc_id"), value_set=wanted)
            start = 0
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                hits = mask.slice(start, rows)
                start += rows
                if pc.any(hits).as_py():
                    table = file.read_row_group(group, columns=present)
                    found |= {row["doc_id"]: row for row in table.filter(hits).to_pylist()}
        return found

    def where(self, folder: str, identity: str) -> str | None:
        """The file of a dataset that holds the document, as a path below the run directory."""
        dataset = self.dataset(folder)
        if dataset is None or "doc_id" not in dataset.schema.names:
            return None
        hits = dataset.to_table(columns=["__filename"], filter=pc.field("doc_id") == identity)
        if not hits.num_rows:
            return None
        return str(hits.column("__filename")[0].as_py()).removeprefix(f"{self._filesystem[1]}/")

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
    def _datasets(self) -> dict[str, ds.Dataset | None]:
        _ = self.record  # a folder that is no run is named before its datasets are missed
        return {name: self.dataset(name) for name in SCHEMAS}

    @cached_property
    def _connection(self) -> Any:
        connection = duckdb.connect()
        for name, schema in SCHEMAS.items():
            connection.register(name, self._datasets[name] or schema.empty_table())
        connection.register("ledger", self.ledger)
        return connection
