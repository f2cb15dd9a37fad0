"""Parquet files, by row groups."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stages.ingest.records import Item, Rejection, Unreadable
from stages.ingest.rows import Names, rows_to_records

BATCH_ROWS = 256
"""Rows decoded at a time: 256 of a megabyte each are still bearable."""


class Watched:
    """A stream that remembers its own failure, so that it is not taken for a broken file."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.failure: Exception | None = None
        self.closed = False
        self.mode = "rb"

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except Exception as error:
            self.failure = error
            raise

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._stream.seek(offset, whence)
        except Exception as error:
            self.failure = error
            raise

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def flush(self) -> None:
        """Nothing is written."""

    def close(self) -> None:
        """The stream belongs to the caller."""


def read_parquet(stream: BinaryIO, names: Names, limit: int, start: int, end: int | None) -> Iterator[Item]:
    """The rows of row groups `start` to `end`; a row group that cannot be read does not stop the others."""
    watched = Watched(stream)
    size = watched.seek(0, 2)
    watched.seek(0)
    try:
        file = pq.ParquetFile(watched, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        _raise_own(watched)
        if start == 0:
            yield Unreadable("#0!", size, "ingest.corrupt_stream", _first_line(error))
        return
    groups = range(file.num_row_groups)[start:end]
    row = sum(file.metadata.row_group(group).num_rows for group in range(groups.start))
    for group in groups:
        yield from _row_group(file, watched, group, row, names, limit)
        row += file.metadata.row_group(group).num_rows


def _row_group(
    file: pq.ParquetFile, watched: Watched, group: int, first: int, names: Names, limit: int
) -> Iterator[Item]:
    """The records of a row group; its bytes are shared out evenly among its rows."""
    about = file.metadata.row_group(group)
    row = first
    share = about.total_byte_size // max(about.num_rows, 1)
    try:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, row_groups=[group]):
            for values in _values(batch):
                size = share + (about.total_byte_size - share * about.num_rows if row == first else 0)
                yield from _records(values, names, f"#{row}", size, limit)
                row += 1
    except (pa.ArrowException, OSError, ValueError) as error:
        _raise_own(watched)
        left = about.total_byte_size - share * (row - first)
        yield Unreadable(f"#{row}!", max(left, 0), "ingest.corrupt_stream", _first_line(error))


def _records(values: "dict[str, Any] | str", names: Names, locator: str, size: int, limit: int) -> Iterator[Item]:
    if isinstance(values, str):
        yield Rejection(locator, size, "ingest.bad_encoding", values)
        return
    replaced = values.pop(REPLACED, None)
    meta = {"encoding": "replaced"} if replaced else {}
    length = sum(len(value) for value in values.values() if isinstance(value, str | bytes))
    if length > limit:
        yield Rejection(locator, size, "ingest.record_too_large", f"a row of {length} characters")
        return
    yield from rows_to_records(values, names, locator, size, meta)


REPLACED = "\0replaced"
"""Key under which a row says that broken UTF-8 in it was replaced."""


def _values(batch: pa.RecordBatch) -> "list[dict[str, Any] | str]":
    """The rows as Python values; a row that has none is why, in words."""
    try:
        return list(batch.to_pylist())
    except (ValueError, OverflowError, pa.ArrowException):
        return [_value(batch.slice(row, 1)) for row in range(batch.num_rows)]


def _value(row: pa.RecordBatch) -> "dict[str, Any] | str":
    values: dict[str, Any] = {}
    for name, column in zip(row.schema.names, row.columns, strict=True):
        try:
            values[name] = column.to_pylist()[0]
        except (ValueError, OverflowError, pa.ArrowException) as error:
            if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
                return f"column {name}: {_first_line(error)}"
            values[name] = column.cast(pa.large_binary()).to_pylist()[0].decode("utf-8", "replace")
            values[REPLACED] = True
    return values


def _raise_own(watched: Watched) -> None:
    if watched.failure is not None:
        raise watched.failure


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]
