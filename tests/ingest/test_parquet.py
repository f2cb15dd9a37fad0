"""Parquet rows, in row groups."""

import datetime
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.ingest.cut import cuts
from stages.ingest.read import Read, read_records
from stages.ingest.records import Pair, Unreadable

TEXTS = ["ສະບາຍດີ", "გამარჯობა", "", "halló", "مرحبا"]


def written(table: pa.Table, rows: int = 2) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, row_group_size=rows)
    return buffer.getvalue()


DATA = written(
    pa.table(
        {
            "text": TEXTS,
            "id": range(5),
            "timestamp": [datetime.datetime(2024, 1, 2, 3, 4, 5)] * 5,
            "extra": [{"a": [1.5, float("nan")]}] * 5,
        }
    )
)


def read(data: bytes, start: int = 0, end: int | None = None, config: Read | None = None) -> list:
    return list(read_records(io.BytesIO(data), "x.parquet", config or Read(), start, end))


def test_rows() -> None:
    items = read(DATA)
    assert [getattr(item, "text", None) for item in items] == [text or None for text in TEXTS]
    assert [item.locator for item in items] == ["#0", "#1", "#2", "#3", "#4"]
    assert items[2].reason == "ingest.no_text"
    assert (items[0].source_id, items[0].date) == ("0", "2024-01-02T03:04:05")
    assert items[0].meta == {"extra": {"a": [1.5, None]}}


def test_ranges_are_row_groups() -> None:
    ranges = cuts("x.parquet", len(DATA), 1, lambda: io.BytesIO(DATA))
    assert ranges == [(0, 1), (1, 2), (2, 3)]
    assert [item for start, end in ranges for item in read(DATA, start, end)] == read(DATA)
    assert cuts("x.parquet", len(DATA), 10**9, lambda: io.BytesIO(DATA)) == [(0, len(DATA))]
    assert read(DATA, 0, len(DATA)) == read(DATA)


def test_pairs_and_messages() -> None:
    translation = pa.array([{"en": "a", "et": "b"}])
    messages = pa.array([[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]])
    assert read(written(pa.table({"translation": translation})))[0].pair == Pair("a", "b", "en", "et")
    assert read(written(pa.table({"messages": messages})))[0].messages[1]["content"] == "a"


def test_broken_utf8_in_a_row() -> None:
    column = pa.Array.from_buffers(pa.string(), 2, pa.array([b"caf\xe9 noir", b"ok"], pa.binary()).buffers())
    first, second = read(written(pa.table({"text": column})))
    assert (first.text, first.meta) == ("caf\ufffd noir", {"encoding": "replaced"})
    assert (second.text, second.meta) == ("ok", {})


def test_a_row_can_be_too_large() -> None:
    data = written(pa.table({"text": ["x" * 5000, "small"]}))
    assert [getattr(i, "reason", None) for i in read(data, config=Read(max_record_bytes=2000))] == [
        "ingest.record_too_large",
        None,
    ]


@pytest.mark.parametrize("data", [DATA[:-30], b"PAR1 and no more", DATA[: len(DATA) // 2]])
def test_a_broken_footer(data: bytes) -> None:
    (item,) = read(data)
    assert isinstance(item, Unreadable)
    assert (item.reason, item.bytes) == ("ingest.corrupt_stream", len(data))
    assert cuts("x.parquet", len(data), 1, lambda: io.BytesIO(data)) == [(0, len(data))]


def test_a_broken_row_group_does_not_stop_the_others() -> None:
    data = bytearray(written(pa.table({"text": [f"{n} " * 500 for n in range(6)]})))
    page = pq.ParquetFile(io.BytesIO(bytes(data))).metadata.row_group(1).column(0).data_page_offset
    data[page : page + 40] = b"\xff" * 40
    items = read(bytes(data))
    assert [isinstance(item, Unreadable) for item in items] == [False, False, True, False, False]


def test_errors_of_the_storage_are_raised() -> None:
    class Failing(io.BytesIO):
        calls = 0

        def read(self, size: int | None = -1) -> bytes:
            self.calls += 1
            if self.calls > 2:
                raise ConnectionError("gone")
            return super().read(size)

    with pytest.raises(ConnectionError, match="gone"):
        list(read_records(Failing(DATA), "x.parquet", Read()))
