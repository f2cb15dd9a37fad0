"""Text and HTML files, formats told by content, and how files are cut."""

import gzip
import io

import pytest
import zstandard

from stages.ingest.cut import cuts
from stages.ingest.read import Read, read_records

TEXT = "Esimene lõik.\nTeine rida.\n\n\nอีกย่อหน้า\n".encode()


def read(data: bytes, name: str = "x.txt", **options: object) -> list:
    return list(read_records(io.BytesIO(data), name, Read(**options)))


@pytest.mark.parametrize(
    ("unit", "texts"),
    [
        ("file", [("#0", TEXT.decode().rstrip())]),
        ("paragraph", [("#0", "Esimene lõik.\nTeine rida."), ("#29", "อีกย่อหน้า")]),
        ("line", [("#0", "Esimene lõik."), ("#15", "Teine rida."), ("#29", "อีกย่อหน้า")]),
    ],
)
def test_units(unit: str, texts: list[tuple[str, str]]) -> None:
    for data in (TEXT, gzip.compress(TEXT, mtime=0), zstandard.compress(TEXT)):
        assert [(item.locator, item.text) for item in read(data, text_unit=unit)] == texts


@pytest.mark.parametrize("unit", ["file", "paragraph", "line"])
def test_units_that_are_too_large(unit: str) -> None:
    data = b"a\n\n" + b"x" * 5000 + b"\n\nb\n"
    reasons = [getattr(item, "reason", None) for item in read(data, text_unit=unit, max_record_bytes=1024)]
    assert reasons == (["ingest.record_too_large"] if unit == "file" else [None, "ingest.record_too_large", None])


def test_a_charset_other_than_utf8_is_noted() -> None:
    (item,) = read("Привет, как дела? Это русский текст.".encode("cp1251"))
    assert (item.text, item.meta) == ("Привет, как дела? Это русский текст.", {"charset": "cp1251"})


def test_lines_in_ranges() -> None:
    config = Read(text_unit="line")
    ranges = cuts("x.txt", len(TEXT), 10, lambda: io.BytesIO(TEXT), config)
    assert len(ranges) == 6
    parts = [item for start, end in ranges for item in read_records(io.BytesIO(TEXT), "x.txt", config, start, end)]
    assert parts == read(TEXT, text_unit="line")


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.txt", b"<!DOCTYPE html><p>x", "html"),
        ("a.jsonl", b"WARC/1.0\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n", "ingest.not_a_document"),
        ("a.bin", b'{"text": "t"}', "text"),
        ("a.warc.gz", b'{"text": "t"}', "ingest.unknown_format"),
        ("README", b"words and words", "text"),
        ("a.html", b"fragment without tags", "html"),
        ("a.htm.gz", gzip.compress(b"<p>x", mtime=0), "html"),
        ("a.txt", gzip.compress(b"lying extension", mtime=0), "text"),
        ("a.gz", zstandard.compress(b'{"text": "t"}'), "text"),
        ("a.txt", b"   \n", "ingest.no_text"),
        ("a.html", b" ", "ingest.no_text"),
        ("a.dat", bytes(range(256)), "ingest.unknown_format"),
        ("a.jsonl", b"", None),
        ("a.parquet", b"", None),
        ("a.gz", gzip.compress(b"", mtime=0), None),
    ],
)
def test_what_a_file_is(name: str, data: bytes, kind: str | None) -> None:
    found = []
    for item in read(data, name):
        found.append(getattr(item, "reason", None) or ("html" if item.html is not None else "text"))
    assert found == ([kind] if kind else [])


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("x.jsonl", b'{"text": "x"}\n' * 4, [(0, 20), (20, 40), (40, 56)]),
        ("x.jsonl.gz", gzip.compress(b'{"text": "x"}\n' * 400, mtime=0), None),
        ("x.txt", b"one document" * 4, None),
        ("x.html", b"<html>" * 10, None),
        ("x.warc", b"WARC/1.0\r\n" * 10, None),
        ("small.jsonl", b"{}\n", None),
        ("empty.jsonl", b"", None),
    ],
)
def test_cuts(name: str, data: bytes, expected: list[tuple[int, int]] | None) -> None:
    assert cuts(name, len(data), 20, lambda: io.BytesIO(data)) == (expected or [(0, len(data))])
