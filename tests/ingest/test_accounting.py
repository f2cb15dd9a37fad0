"""No bytes crash a reader, and every one of them is accounted for."""

import gzip
import io
import json

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.ingest.read import Read, read_records
from stages.ingest.records import RawRecord

HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>x"
RECORD = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n"
SEEDS = [
    b"",
    b"\n",
    b"\r\n\r\n",
    b'{"text": "a"}\n',
    b'{"src": "a", "tgt": "b"}\n',
    RECORD % (len(HTTP), HTTP),
    RECORD % (len(HTTP) + 7, HTTP),
    b"WARC/1.0\r\nContent-Length: 3",
    b"http://a.example/ 10.0.0.1 20140216050221 text/html 49\n" + HTTP + b"\n",
    b"filedesc://x 0.0.0.0 20140216050221 text/plain 3\nabc\n",
    b"<html><p>x",
    b"PAR1",
    b"\x1f\x8b\x08\x00",
    zstandard.compress(b'{"text": "b"}\n'),
    gzip.compress(b'{"text": "c"}\n', mtime=0),
]
BYTES = st.lists(st.sampled_from(SEEDS) | st.binary(max_size=60), max_size=8).map(b"".join)
FORMATS = ["auto", "jsonl", "parquet", "warc", "arc", "wet", "text", "html"]


def items(data: bytes, config: Read) -> list:
    return list(read_records(io.BytesIO(data), "file", config))


@pytest.mark.parametrize("packed", [bytes, gzip.compress, zstandard.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=BYTES)
def test_no_bytes_crash_a_reader(kind: str, packed, data: bytes) -> None:
    found = items(packed(data), Read(format=kind, max_record_bytes=1024))
    assert len({item.locator for item in found}) == len(found)
    for item in found:
        if isinstance(item, RawRecord):
            payloads = [item.text, item.html, item.pair, item.messages]
            assert sum(payload is not None for payload in payloads) == 1
            json.dumps(item.meta, allow_nan=False, ensure_ascii=False).encode()
            (item.text or "").encode()


def is_compressed(data: bytes) -> bool:
    """Whether the bytes begin as gzip, zstd or a skippable zstd frame do."""
    skippable = data[1:4] == b"\x2a\x4d\x18" and 0x50 <= data[0] <= 0x5F
    return skippable or data.startswith((b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"))


@pytest.mark.parametrize("kind", ["jsonl", "warc", "arc", "text"])
@pytest.mark.parametrize("unit", ["file", "paragraph", "line"])
@settings(max_examples=60, deadline=None)
@given(data=BYTES.filter(lambda data: not is_compressed(data)))
def test_every_byte_of_a_plain_file_is_in_one_record(kind: str, unit: str, data: bytes) -> None:
    """What no record covers is white space."""
    left = bytearray(data)
    at = 0
    for item in items(data, Read(format=kind, text_unit=unit, max_record_bytes=1024)):
        start = int(item.locator[1:])
        assert start >= at
        at = start + item.bytes
        left[start:at] = b" " * item.bytes
    assert len(left) == len(data)
    assert not left.removeprefix(b"\xef\xbb\xbf").strip()


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), at=st.integers(0, 400), cut=st.booleans(), mtime=st.integers(0, 2**32 - 1))
@example(data=b"", at=3, cut=True, mtime=0x04).via("a header that promises extra fields swallows the next member")
@example(data=b"", at=3, cut=True, mtime=0x08).via("a header that promises a name swallows the next member")
def test_damage_to_a_member_spares_the_others(data: bytes, at: int, cut: bool, mtime: int) -> None:
    lines = [json.dumps({"text": f"line {number} {data.hex()}"}).encode() + b"\n" for number in range(3)]
    first, middle, last = (gzip.compress(line, mtime=mtime) for line in lines)
    at = min(at, len(middle) - 1)
    middle = middle[:at] + (b"" if cut else bytes([middle[at] ^ 0xA5])) + middle[at + 1 :]
    texts = [item.text for item in items(first + middle + last, Read(format="jsonl")) if isinstance(item, RawRecord)]
    assert texts[0] == json.loads(lines[0])["text"]
    assert texts[-1] == json.loads(lines[2])["text"]
