"""JSONL in all the states it comes in."""

import gzip
import io
import json
import tracemalloc

import pytest

from stages.ingest.read import Read, read_records
from stages.ingest.records import Pair, RawRecord, Rejection, Unreadable


def read(data: bytes, config: Read | None = None, name: str = "in.jsonl") -> list:
    return list(read_records(io.BytesIO(data), name, config or Read()))


def one(row: dict, config: Read | None = None):
    (item,) = read(json.dumps(row).encode() + b"\n", config)
    return item


def test_a_document_with_all_its_fields() -> None:
    row = {"id": 7, "content": "ጤና ይስጥልኝ", "url": "https://a.example", "lang": "amh", "license": "CC0", "x": [1, None]}
    assert one(row) == RawRecord(
        "#0",
        len(json.dumps(row)) + 1,
        text="ጤና ይስጥልኝ",
        source_id="7",
        url="https://a.example",
        language_claimed="amh",
        licence="CC0",
        meta={"x": [1, None]},
    )


@pytest.mark.parametrize(
    ("row", "pair"),
    [
        (
            {"src": "Hello", "tgt": "Sawubona", "src_lang": "eng", "tgt_lang": "zul"},
            Pair("Hello", "Sawubona", "eng", "zul"),
        ),
        ({"src": "Hello", "tgt": "Kia ora"}, Pair("Hello", "Kia ora", None, None)),
        ({"translation": {"en": "water", "km": "ទឹក"}}, Pair("water", "ទឹក", "en", "km")),
    ],
)
def test_pairs(row: dict, pair: Pair) -> None:
    assert one(row).pair == pair


USER, ASSISTANT = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}


@pytest.mark.parametrize(
    ("row", "messages"),
    [
        ({"prompt": "Q", "completion": "A"}, [USER, ASSISTANT]),
        ({"prompt": "Q", "response": "A"}, [USER, ASSISTANT]),
        ({"instruction": "Q", "input": "", "output": "A"}, [USER, ASSISTANT]),
        (
            {"instruction": "Sum", "input": "1 2", "output": "3"},
            [{"role": "user", "content": "Sum\n\n1 2"}, {"role": "assistant", "content": "3"}],
        ),
        (
            {"messages": [{"role": "system", "content": "S"}, USER, ASSISTANT]},
            [{"role": "system", "content": "S"}, USER, ASSISTANT],
        ),
        ({"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]}, [USER, ASSISTANT]),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Q"}]}, ASSISTANT]}, [USER, ASSISTANT]),
    ],
)
def test_conversations(row: dict, messages: list) -> None:
    assert one(row | {"task": "qa"}).messages == messages
    assert one(row | {"task": "qa"}).task == "qa"


def test_every_instance_is_a_record() -> None:
    row = {"instruction": "Add", "instances": [{"input": "1 1", "output": "2"}, {"input": "2 2", "output": "4"}]}
    data = json.dumps(row).encode()
    items = read(data)
    assert [item.locator for item in items] == ["#0/0", "#0/1"]
    assert [item.messages[1]["content"] for item in items] == ["2", "4"]
    assert sum(item.bytes for item in items) == len(data)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "cut', "ingest.bad_json"),
        (b"[1, 2]", "ingest.bad_json"),
        (b'"text"', "ingest.bad_json"),
        (b"\0\0\0\0", "ingest.bad_json"),
        (b"[" * 100_000, "ingest.bad_json"),
        (b'{"n": ' + b"9" * 5000 + b"}", "ingest.bad_json"),
        (b"\xff\xfe{", "ingest.bad_encoding"),
        (b'{"text": ""}', "ingest.no_text"),
        (b'{"text": 3}', "ingest.no_text"),
        (b'{"title": "no text"}', "ingest.no_text"),
        (b'{"src": "one side", "tgt": " "}', "ingest.no_text"),
        (b'{"instruction": "Q", "output": ""}', "ingest.no_text"),
        (b'{"messages": []}', "ingest.no_text"),
        (b'{"messages": [{"role": "nobody", "content": "x"}]}', "ingest.no_text"),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "ingest.no_text"),
    ],
    ids=lambda value: value[:30] if isinstance(value, bytes) else None,
)
def test_a_bad_line_is_counted_and_the_next_one_read(line: bytes, reason: str) -> None:
    good = b'{"text": "\xe0\xb8\x94\xe0\xb8\xb5"}\n'
    bad, after = read(line + b"\n" + good)
    assert (bad.reason, bad.locator, bad.bytes) == (reason, "#0", len(line) + 1)
    assert (after.text, after.locator) == ("ดี", f"#{len(line) + 1}")


@pytest.mark.parametrize(
    ("line", "text", "meta"),
    [
        (b'{"text": "caf\xe9 au lait"}', "caf\ufffd au lait", {"encoding": "replaced"}),
        (rb'{"text": "lone \ud83d surrogate", "k\udc00": "\udfff"}', "lone \ufffd surrogate", {"k\ufffd": "\ufffd"}),
        (rb'{"text": "\ud83d\ude00"}', "😀", {}),
        (b'{"text": "a\tb\x00c"}', "a\tb\0c", {}),
        (b'{"text": "t", "score": NaN, "big": 1e999}', "t", {"big": None}),
        (b'\xef\xbb\xbf{"text": "mark"}', "mark", {}),
        (b'{"text": "last line without end"}', "last line without end", {}),
    ],
)
def test_odd_bytes(line: bytes, text: str, meta: dict) -> None:
    (item,) = read(line)
    assert (item.text, item.meta) == (text, meta)
    json.dumps(item.meta, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("fields", "row", "text"),
    [
        ({"text": "body"}, {"text": "no", "body": "yes"}, "yes"),
        ({"text": ("a", "b")}, {"b": "second"}, "second"),
        ({"text": "page.body"}, {"page": {"body": "inside"}}, "inside"),
    ],
)
def test_field_names_can_be_mapped(fields: dict, row: dict, text: str) -> None:
    assert one(row, Read(fields=fields)).text == text


@pytest.mark.parametrize("options", [{"fields": {"txt": "body"}}, {"max_record_bytes": 1}])
def test_wrong_options_are_refused(options: dict) -> None:
    with pytest.raises(ValueError, match=r"can map text|at least 1024"):
        Read(**options)


class LongLine(io.RawIOBase):
    """A line of 200 MB that is never in memory, and a good one after it."""

    def __init__(self) -> None:
        self.left = 200 << 20
        self.tail = b'"}\n{"text": "after"}\n'
        self.head = b'{"text": "'

    def read(self, size: int = -1) -> bytes:
        if self.head:
            head, self.head = self.head, b""
            return head
        if self.left:
            given = min(size, self.left)
            self.left -= given
            return b"x" * given
        tail, self.tail = self.tail, b""
        return tail


def test_a_huge_line_is_not_held() -> None:
    tracemalloc.start()
    items = list(read_records(LongLine(), "in.jsonl", Read(max_record_bytes=4 << 20)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [getattr(item, "reason", None) for item in items] == ["ingest.record_too_large", None]
    assert items[0].bytes == 10 + (200 << 20) + 3
    assert peak < 24 << 20


def test_truncated_gzip_keeps_whole_lines_and_counts_the_rest() -> None:
    lines = b"".join(b'{"id": "%d", "text": "%d in words"}\n' % (n, n**3) for n in range(2000))
    items = read(gzip.compress(lines, mtime=0)[:-300], name="in.jsonl.gz")
    *good, last = items
    assert all(isinstance(item, RawRecord) for item in good)
    assert [item.source_id for item in good] == [str(n) for n in range(len(good))]
    assert len(good) > 1500
    assert isinstance(last, Unreadable)
    assert (last.reason, last.locator) == ("ingest.truncated_stream", "#0!")


def test_lines_after_a_corrupt_member_are_read() -> None:
    first, second = (gzip.compress(b'{"text": "%s"}\n' % word * 50, mtime=0) for word in (b"one", b"two"))
    broken = first[:30] + b"\xff\xff\xff\xff" + first[34:]
    items = read(broken + second, name="in.jsonl.gz")
    assert sum(isinstance(item, Unreadable) for item in items) == 1
    assert sum(isinstance(item, RawRecord) and item.text == "two" for item in items) == 50


@pytest.mark.parametrize("step", [1, 7, 30, 64, 1000])
def test_ranges_give_every_line_once(step: int) -> None:
    data = b'{"text": "a"}\n\n{"text": "\xe0\xa4\x95"}\nbroken\n{"text": "last"}'
    whole = read(data)
    config = Read()
    ranges = [(start, start + step) for start in range(0, len(data), step)]
    parts = [item for start, end in ranges for item in read_records(io.BytesIO(data), "x.jsonl", config, start, end)]
    assert parts == whole
    assert [isinstance(item, Rejection) for item in whole] == [False, False, True, False]


def test_a_compressed_file_is_read_by_its_first_range_only() -> None:
    data = gzip.compress(b'{"text": "a"}\n' * 5, mtime=0)
    counts = [len(list(read_records(io.BytesIO(data), "x.jsonl.gz", Read(), start, 99))) for start in (0, 10)]
    assert counts == [5, 0]
