"""Pieces: language runs of a shard that are read and checked alone."""

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.parquet import ROW_GROUP_ROWS, PieceWriter

SCHEMA = pa.schema([("doc_id", pa.string()), ("text", pa.large_string()), ("band", pa.list_(pa.uint64()))])


def rows(prefix: str, count: int) -> pa.Table:
    return pa.table(
        {
            "doc_id": [f"{prefix}{i}" for i in range(count)],
            "text": [f"text {prefix} {i}" for i in range(count)],
            "band": [[i, i + 1] for i in range(count)],
        },
        schema=SCHEMA,
    )


def written(*pieces: tuple[str, pa.Table]) -> tuple[pa.Buffer, list]:
    writer = PieceWriter(SCHEMA, sketch_columns=("band",))
    for language, table in pieces:
        writer.write(language, table)
    return writer.close()


def test_a_piece_is_read_alone() -> None:
    buffer, pieces = written(("a", rows("a", 10)), ("b", rows("b", ROW_GROUP_ROWS + 1)), ("c", rows("c", 1)))
    assert [(p.language, p.rows, p.groups) for p in pieces] == [("a", 10, 1), ("b", ROW_GROUP_ROWS + 1, 2), ("c", 1, 1)]
    read = pq.ParquetFile(pa.BufferReader(buffer)).read_row_groups(pieces[1].row_groups)
    assert read.equals(rows("b", ROW_GROUP_ROWS + 1))


def test_checksums_depend_on_the_rows_and_not_on_the_place_in_the_file() -> None:
    _, alone = written(("b", rows("b", 100)))
    _, after = written(("a", rows("a", 50)), ("b", rows("b", 100)))
    assert alone[0].checksum == after[1].checksum
    assert alone[0].sketch == after[1].sketch


def test_the_sketch_changes_with_its_columns_only() -> None:
    other = rows("b", 100).set_column(1, SCHEMA.field("text"), pa.array(["x"] * 100, pa.large_string()))
    _, before = written(("b", rows("b", 100)))
    _, after = written(("b", other))
    assert before[0].checksum != after[0].checksum
    assert before[0].sketch == after[0].sketch


def test_an_empty_shard_is_a_readable_file() -> None:
    buffer, pieces = written()
    assert pieces == []
    assert pq.read_table(pa.BufferReader(buffer)).num_rows == 0
