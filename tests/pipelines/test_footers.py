"""Footers are read once, and those not asked for lately are let go."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.unit import Footers


class Counted(io.BytesIO):
    """A stream that counts its reads."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        return super().read(size)


def shard(rows: int) -> Counted:
    sink = io.BytesIO()
    pq.write_table(pa.table({"doc_id": [f"{row}" for row in range(rows)]}), sink)
    return Counted(sink.getvalue())


def test_a_footer_is_read_once() -> None:
    footers, stream = Footers(1 << 20), shard(3)
    first = footers.get("a", stream)
    reads = stream.reads
    assert footers.get("a", stream) is first
    assert (first.num_rows, stream.reads) == (3, reads)


def test_what_was_not_asked_for_lately_is_let_go() -> None:
    streams = {name: shard(rows) for rows, name in enumerate("abc", 1)}
    size = Footers(1 << 20).get("a", streams["a"]).serialized_size
    footers = Footers(2 * size + size // 2)
    held = {name: footers.get(name, streams[name]) for name in "ab"}
    assert footers.get("a", streams["a"]) is held["a"]
    footers.get("c", streams["c"])
    assert footers.get("a", streams["a"]) is held["a"]
    assert footers.get("b", streams["b"]) is not held["b"]


def test_one_footer_beyond_the_limit_is_still_held() -> None:
    footers, stream = Footers(1), shard(5)
    assert footers.get("a", stream) is footers.get("a", stream)
