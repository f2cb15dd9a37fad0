"""ARC, the older web archive."""

import gzip
import io

import pytest
from warcio.archiveiterator import ArchiveIterator

from stages.ingest.read import Read, read_records
from stages.ingest.records import RawRecord

PAGE = b"<html><p>Tere</p></html>"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE
INFO = b"1 0 Test\nURL IP-address Archive-date Content-type Archive-length\n"


def record(
    url: str = "http://a.example/", block: bytes = RESPONSE, length: object = None, mime: str = "text/html"
) -> bytes:
    length = len(block) if length is None else length
    return f"{url} 10.0.0.1 20140216050221 {mime} {length}\n".encode() + block + b"\n"


HEAD = record("filedesc://x.arc", INFO, mime="text/plain")
LAST = record("http://last.example/")


def read(data: bytes) -> list:
    return list(read_records(io.BytesIO(data), "x.arc", Read()))


def test_a_response() -> None:
    info, page = read(HEAD + LAST)
    assert (info.reason, info.detail) == ("ingest.not_a_document", "filedesc")
    assert page == RawRecord(
        f"#{len(HEAD)}",
        len(LAST),
        html=PAGE,
        content_type="text/html",
        url="http://last.example/",
        date="2014-02-16T05:02:21Z",
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (record("http://a.example/a b?c=d e") + LAST, ["page", "page"]),
        (record(length=-1) + LAST, ["broken_record", "page"]),
        (record(length="abc") + LAST, ["broken_record", "page"]),
        (record(length=len(RESPONSE) + 3) + LAST, ["page", "page"]),
        (record(length=len(RESPONSE) - 3) + LAST, ["page", "page"]),
        (b"junk\n\n" + LAST, ["broken_record", "page"]),
        (LAST + record()[:-10], ["page", "broken_record"]),
        (record(block=b"no http") + LAST, ["bad_http", "page"]),
        (record("dns:a.example", b"x", mime="text/dns") + LAST, ["not_a_document", "page"]),
    ],
)
def test_what_becomes_of_it(data: bytes, expected: list[str]) -> None:
    for packed in (HEAD + data, gzip.compress(HEAD + data, mtime=0)):
        items = read(packed)[1:]
        assert ["page" if isinstance(i, RawRecord) else i.reason.removeprefix("ingest.") for i in items] == expected
        if data.endswith(LAST):
            assert items[-1].url == "http://last.example/"


def test_good_files_read_as_warcio_reads_them() -> None:
    data = HEAD + record("http://a.example/ä") + record("http://b.example/ c") + LAST
    theirs = [(r.rec_headers.get_header("uri"), r.content_stream().read()) for r in ArchiveIterator(io.BytesIO(data))]
    ours = [(item.url, item.html) for item in read(data) if isinstance(item, RawRecord)]
    assert ours == theirs[1:]
