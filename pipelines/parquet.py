"""Parquet shards whose row groups are cut where the language changes, with a checksum for each language's piece."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import RawIOBase
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

ROW_GROUP_ROWS = 8192
ROW_GROUP_BYTES = 32 << 20
"""A row group is what a streaming reader holds at once."""

WRITTEN_AT_ONCE = 1 << 20
"""Bytes that Arrow collects before it calls Python: most pages are small."""

FAST, SMALL = 1, 2
"""Levels of zstd: what a run reads again, and what people keep.

On text of 105 languages level 2 is 7 % smaller than 1 and takes a quarter longer; level 3 is 12 % smaller and takes
almost twice as long. Levels below 1 save a tenth of the time of 1, and their files are 25 % larger and more.
"""


@dataclass(frozen=True)
class Piece:
    """The rows of one language in one shard: a run of row groups that can be read alone.

    `checksum` covers the bytes of those row groups; `sketch` those of the columns that clustering reads.
    """

    language: str
    first_group: int
    groups: int
    rows: int
    bytes: int
    checksum: str
    sketch: str | None = None
    key: str | None = None

    @property
    def row_groups(self) -> list[int]:
        return list(range(self.first_group, self.first_group + self.groups))


class PieceWriter:
    """Writes one shard in memory, piece after piece; `level` is that of zstd."""

    def __init__(self, schema: pa.Schema, sketch_columns: Sequence[str] = (), level: int = FAST) -> None:
        self._schema = schema
        self._sketch_columns = frozenset(sketch_columns)
        self._sink = _Sink()
        self._stream = pa.BufferedOutputStream(pa.PythonFile(self._sink, "w"), WRITTEN_AT_ONCE)
        self._writer = pq.ParquetWriter(
            self._stream,
            schema,
            compression=dict.fromkeys(_strings(schema), "zstd"),  # of numbers it saves less than it costs
            compression_level=dict.fromkeys(_strings(schema), level),
            use_dictionary=False,  # pieces are small: dictionaries take more time and more room
            write_statistics=_measured(schema),
        )
        self._groups = 0
        self._marks: list[tuple[str, int, int, int, int, str | None]] = []
        self.rows = 0

    def write(self, language: str, table: pa.Table, *, size: int = 0, key: str | None = None) -> None:
        """Append the piece of one language; `size` is its text in bytes, kept with the piece."""
        first = self._groups
        if table.schema != self._schema:
            table = table.select(self._schema.names).cast(self._schema)
        for group in _row_groups(table):
            # in one chunk: page boundaries follow those of chunks, which differ between new and copied rows
            self._writer.write_table(group.combine_chunks(), row_group_size=max(group.num_rows, 1))
            self._groups += 1
        self._marks.append((language, first, self._groups - first, table.num_rows, size, key))
        self.rows += table.num_rows

    def close(self) -> tuple[pa.Buffer, list[Piece]]:
        """The file's bytes and its pieces."""
        self._writer.close()
        self._stream.flush()
        buffer = self._sink.taken()
        metadata = pq.read_metadata(pa.BufferReader(buffer))
        leaves = [metadata.schema.column(number).path.split(".")[0] for number in range(metadata.num_columns)]
        sketched = [number for number, name in enumerate(leaves) if name in self._sketch_columns]
        return buffer, [_piece(metadata, sketched, buffer, mark) for mark in self._marks]


class _Sink(RawIOBase):
    """A file in memory that is copied once: `pa.BufferOutputStream` copies what it holds whenever it has to grow."""

    def __init__(self) -> None:
        self._parts: deque[pa.Buffer] = deque()
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        part = pa.allocate_buffer(len(data))  # which Arrow keeps for the next file
        memoryview(part).cast("B")[:] = data
        self._parts.append(part)
        self._size += part.size
        return int(part.size)

    def taken(self) -> pa.Buffer:
        """What was written; it is no longer held."""
        whole = pa.allocate_buffer(self._size)
        view, start = memoryview(whole).cast("B"), 0
        while self._parts:
            part = self._parts.popleft()
            view[start : start + part.size] = memoryview(part).cast("B")
            start += part.size
        return whole


def _piece(
    metadata: pq.FileMetaData,
    sketched: Sequence[int],
    buffer: pa.Buffer,
    mark: tuple[str, int, int, int, int, str | None],
) -> Piece:
    """A piece with its checksums; `sketched` are the numbers of the columns that clustering reads."""
    language, first, groups, rows, size, key = mark
    whole, sketch = xxhash.xxh3_128(f"{rows}".encode()), xxhash.xxh3_128(f"{rows}".encode())
    view = memoryview(buffer)
    for number in range(first, first + groups):
        group = metadata.row_group(number)
        # the columns of a row group lie one behind the other
        whole.update(view[_bytes_of(group.column(0)).start : _bytes_of(group.column(group.num_columns - 1)).stop])
        for index in sketched:
            sketch.update(view[_bytes_of(group.column(index))])
    marked = sketch.hexdigest() if sketched else None
    return Piece(language, first, groups, rows, size, whole.hexdigest(), marked, key)


def _bytes_of(column: pq.ColumnChunkMetaData) -> slice:
    """Where the values of a column of a row group lie in the file."""
    start = column.dictionary_page_offset or column.data_page_offset
    return slice(start, start + column.total_compressed_size)


def _measured(schema: pa.Schema) -> list[str]:
    """Columns whose least and largest value help a reader; of texts and hashes they only lengthen the footer.

    By that of the language a reader skips the row groups of others.
    """
    return [field.name for field in schema if field.name == "language" or pa.types.is_primitive(field.type)]


@cache
def _strings(schema: pa.Schema) -> tuple[str, ...]:
    """Paths of the columns that hold strings, on their own or inside of lists."""
    sink = pa.BufferOutputStream()
    pq.ParquetWriter(sink, schema).close()
    columns = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    leaves = [columns.column(number) for number in range(len(columns))]
    return tuple(leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY")


def _row_groups(table: pa.Table) -> Iterator[pa.Table]:
    held = table.get_total_buffer_size() + 8 * table.num_rows * table.num_columns
    if table.num_rows <= ROW_GROUP_ROWS and held <= ROW_GROUP_BYTES:  # surely one group
        if table.num_rows:
            yield table
        return
    size = sum(_value_bytes(column) for column in table.columns)
    rows = max(1, min(ROW_GROUP_ROWS, table.num_rows * ROW_GROUP_BYTES // max(size, 1)))
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


def string_bytes(column: pa.ChunkedArray | pa.Array) -> int:
    """Bytes of all strings of a column."""
    return int(pc.sum(pc.binary_length(column)).as_py() or 0)


def _value_bytes(column: pa.ChunkedArray | pa.Array) -> int:
    """Bytes of the values, whatever buffers hold them: `nbytes` depends on chunks and on bitmaps that may be absent."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        return string_bytes(column) + 4 * len(column)
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return _value_bytes(pc.list_flatten(column)) + 4 * len(column)
    if pa.types.is_struct(kind):
        return sum(_value_bytes(pc.struct_field(column, [number])) for number in range(kind.num_fields))
    return len(column) * int(kind.bit_width) // 8


def write_table(table: pa.Table) -> pa.Buffer:
    """A whole table as one Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=SMALL, row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue()
