"""Shards stay open, those not asked for lately are closed."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.parquet import Piece
from pipelines.storage import LocalStorage
from pipelines.unit import STORE, OpenShards, Workspace


class Opened:
    """Opens shards, and counts how often."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.times = 0
        self.stream = io.BytesIO()

    def __call__(self) -> io.BytesIO:
        self.times += 1
        self.stream = io.BytesIO()
        pq.write_table(pa.table({"doc_id": [f"{row}" for row in range(self.rows)]}), self.stream)
        return self.stream


def test_a_shard_is_opened_once() -> None:
    shards, opened = OpenShards(1 << 20, 8), Opened(3)
    first = shards.get("a", opened)
    assert shards.get("a", opened) is first
    assert (first.metadata.num_rows, opened.times) == (3, 1)


@pytest.mark.parametrize("limited", ["bytes", "number"])
def test_what_was_not_asked_for_lately_is_closed(limited: str) -> None:
    opened = {name: Opened(rows) for rows, name in enumerate("abc", 1)}
    size = OpenShards(1 << 20, 8).get("a", opened["a"]).metadata.serialized_size
    shards = OpenShards(2 * size + size // 2, 8) if limited == "bytes" else OpenShards(1 << 20, 2)
    held = {name: shards.get(name, opened[name]) for name in "ab"}
    assert shards.get("a", opened["a"]) is held["a"]
    shards.get("c", opened["c"])
    assert shards.get("a", opened["a"]) is held["a"]
    assert opened["b"].stream.closed
    assert not opened["a"].stream.closed
    assert shards.get("b", opened["b"]) is not held["b"]


def test_one_shard_beyond_the_limit_is_still_held() -> None:
    shards, opened = OpenShards(1, 8), Opened(5)
    assert shards.get("a", opened) is shards.get("a", opened)


def test_a_shard_that_could_not_be_read_is_opened_again(tmp_path: Path) -> None:
    table = pa.table({"doc_id": ["a", "b"], "text": ["one", "two"]})
    shard, piece = tmp_path / STORE / "shard.parquet", Piece("ekk_Latn", 0, 1, 2, 6, "")
    shard.parent.mkdir(parents=True)
    pq.write_table(table, shard)
    space = Workspace(LocalStorage(str(tmp_path)))
    sound = shard.read_bytes()
    shard.write_bytes(b"\xff" * 64 + sound[64:])  # the footer is whole
    with pytest.raises(OSError, match="page header"):
        space.read_pieces("shard.parquet", [piece])
    shard.write_bytes(sound)
    assert space.read_pieces("shard.parquet", [piece]) == table
