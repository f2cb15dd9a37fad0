"""WARC and WET: broken records are counted, and nothing after them is lost."""

import gzip
import io
import zlib

import brotli
import pytest
import zstandard

from stages.ingest.read import Read, read_records
from stages.ingest.records import RawRecord, Rejection

PAGE = "<html><body><p>ສະບາຍດີ</p></body></html>".encode()
GZIPPED = gzip.compress(PAGE, mtime=0)  # names of cases may not differ between processes


def http(body: bytes = PAGE, status: str = "200 OK", **headers: str) -> bytes:
    given = {"Content-Type": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items() if value), "", ""]
    return "\r\n".join(lines).encode() + body


def record(block: bytes | None = None, kind: str = "response", length: object = None, **headers: str) -> bytes:
    block = http() if block is None else block
    given = {
        "WARC-Type": kind,
        "WARC-Record-ID": "<urn:uuid:1>",
        "WARC-Target-URI": "http://a.example/",
        "WARC-Date": "2024-01-01T00:00:00Z",
        "Content-Type": "application/http; msgtype=response",
        **{name.replace("_", "-"): value for name, value in headers.items()},
        "Content-Length": str(len(block) if length is None else length),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return b"WARC/1.0\r\n" + head.encode() + b"\r\n" + block + b"\r\n\r\n"


def read(data: bytes, name: str = "x.warc", **options: object) -> list:
    return list(read_records(io.BytesIO(data), name, Read(**options)))


def told(items: list) -> list[str]:
    return ["page" if isinstance(item, RawRecord) else item.reason.removeprefix("ingest.") for item in items]


def test_a_response() -> None:
    (item,) = read(record())
    assert item == RawRecord(
        "#0",
        len(record()),
        html=PAGE,
        content_type="text/html",
        source_id="urn:uuid:1",
        url="http://a.example/",
        date="2024-01-01T00:00:00Z",
    )


LAST = record(WARC_Record_ID="<urn:uuid:last>")
CUT = record()[: len(record()) // 2]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"garbage\r\n" + LAST, ["broken_record", "page"]),
        (record() + b"XARC/1.0\r\nfoo: bar\r\n\r\nbody\r\n\r\n" + LAST, ["page", "broken_record", "page"]),
        (record(length="many") + LAST, ["broken_record", "page"]),
        (record(length="-5") + LAST, ["broken_record", "page"]),
        (record(length="") + LAST, ["broken_record", "page"]),
        (b"WARC/1.0\r\nWARC-Type: resp\r\n" + LAST, ["broken_record", "page"]),
        (b"WARC/1.0\r\nWARC-Type: " + b"x" * 100_000 + b"\r\n" + LAST, ["broken_record", "page"]),
        (record(length=10**15) + LAST, ["record_too_large", "page"]),
        (record(length=len(http()) + 1) + LAST, ["page", "page"]),  # these four lengths are repaired
        (record(length=len(http()) + 8) + LAST, ["page", "page"]),
        (record(length=len(http()) + 500) + LAST, ["page", "page"]),
        (record(length=len(http()) - 20) + LAST, ["page", "page"]),
        (record(length=len(http()) - 20), ["page"]),
        (record()[:-4] + LAST, ["page", "page"]),
        (LAST + CUT, ["page", "broken_record"]),
        (record(http(Content_Length="10"))[:-12], ["page"]),  # the response itself is complete
        (record(kind="request") + record(kind="warcinfo") + LAST, ["not_a_document", "not_a_document", "page"]),
        (record(kind="revisit") + record(kind="metadata"), ["not_a_document"] * 2),
        (record(b"GET / HTTP/1.1\r\n\r\n"), ["bad_http"]),
        (record(b"HTTP/1.1 teapot\r\n\r\n"), ["bad_http"]),
        (record(http(status="404 Not Found")), ["bad_http"]),
        (record(http(b"")), ["no_text"]),
        (record(http(b"%PDF-1.4 ...")), ["not_a_document"]),
        (record(http(b"{}", Content_Type="application/json")), ["not_a_document"]),
        (record(http(PAGE, Content_Type="")), ["page"]),
        (record(http(b"plain words", Content_Type="text/plain")), ["page"]),
        (record(PAGE, kind="resource", Content_Type="text/html"), ["page"]),
        (record(b"x", kind="resource", WARC_Target_URI="metadata://a", Content_Type="text/plain"), ["not_a_document"]),
        (record().replace(b"\r\n", b"\n") + LAST, ["page", "page"]),
        (b"\r\n\r\n" + LAST + b"\r\n\r\n\r\n", ["page"]),
        (b"no record at all", ["unknown_format"]),
    ],
)
def test_what_becomes_of_it(data: bytes, expected: list[str]) -> None:
    items = read(data)
    assert told(items) == expected
    if data.endswith(LAST):
        assert items[-1].source_id == "urn:uuid:last"
    assert read(gzip.compress(data, mtime=0), "x.warc.gz")[-1].bytes == items[-1].bytes


def test_a_repaired_length_is_noted() -> None:
    first, _ = read(record(length=len(http()) - 20) + LAST)
    assert (first.html, first.meta) == (PAGE, {"repaired": "content_length"})


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_members_give_compressed_locators(pack) -> None:
    one = pack(record())
    both = pack(record() + LAST)
    items = read(one + both, "x.warc.gz")
    assert [item.locator for item in items] == ["#0", f"#{len(one)}", f"#{len(one)}+{len(record())}"]


def test_a_corrupt_member_loses_its_record_only() -> None:
    members = [gzip.compress(record(WARC_Record_ID=f"<urn:uuid:{n}>"), mtime=0) for n in range(5)]
    members[2] = members[2][:60] + b"\0\0\0\0\0\0" + members[2][66:]
    items = read(b"".join(members), "x.warc.gz")
    assert [item.source_id for item in items if isinstance(item, RawRecord)] == [f"urn:uuid:{n}" for n in (0, 1, 3, 4)]
    assert "corrupt_stream" in told(items)


def test_a_failed_checksum_condemns_its_record() -> None:
    first = gzip.compress(record(), mtime=0)
    first = first[:-8] + bytes(4) + first[-4:]
    assert told(read(first + gzip.compress(LAST, mtime=0))) == ["broken_record", "corrupt_stream", "page"]


def deflated(wbits: int) -> bytes:
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(PAGE) + packer.flush()


def chunked(body: bytes, size: int = 10) -> bytes:
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;x=y\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (GZIPPED, {"Content_Encoding": "gzip"}),
        (GZIPPED, {"Content_Encoding": "x-gzip"}),
        (GZIPPED[:-6], {"Content_Encoding": "gzip"}),
        (deflated(15), {"Content_Encoding": "deflate"}),
        (deflated(-15), {"Content_Encoding": "deflate"}),
        (brotli.compress(PAGE), {"Content_Encoding": "br"}),
        (zstandard.compress(PAGE), {"Content_Encoding": "zstd"}),
        (brotli.compress(GZIPPED), {"Content_Encoding": "gzip, br"}),
        (PAGE, {"Content_Encoding": "gzip"}),  # decoded by the crawler
        (PAGE, {"Content_Encoding": "identity"}),
        (chunked(PAGE), {"Transfer_Encoding": "chunked"}),
        (chunked(GZIPPED), {"Transfer_Encoding": "chunked", "Content_Encoding": "gzip"}),
        (PAGE, {"Transfer_Encoding": "chunked"}),  # not chunked at all
        (chunked(PAGE[:20])[:-5] + PAGE[20:], {"Transfer_Encoding": "chunked"}),  # chunks up to a point
    ],
)
def test_transfer_and_content_encodings(body: bytes, headers: dict[str, str]) -> None:
    (item,) = read(record(http(body, **headers)))
    assert item.html == PAGE


def test_a_body_in_no_encoding_is_bad_http() -> None:
    (item,) = read(record(http(bytes(range(256)) * 4, Content_Encoding="br")))
    assert (item.reason, item.detail) == ("ingest.bad_http", "body is not br")


def test_bombs_are_too_large() -> None:
    bomb = http(gzip.compress(b" " * (8 << 20), mtime=0), Content_Encoding="gzip")
    items = read(record(bomb) + record(http(b"a" * 200_000)) + LAST, max_record_bytes=100_000)
    assert told(items) == ["record_too_large", "record_too_large", "page"]


def test_wet() -> None:
    text = b"Tere!\nMaailm."
    data = record(text, "conversion", Content_Type="text/plain", WARC_Identified_Content_Language="est")
    info, item, empty = read(record(b"x", "warcinfo") + data + record(b" ", "conversion", Content_Type="text/plain"))
    assert isinstance(info, Rejection)
    assert (item.text, item.url, item.language_claimed) == ("Tere!\nMaailm.", "http://a.example/", "est")
    assert empty.reason == "ingest.no_text"
