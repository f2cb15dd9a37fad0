"""Web archives of the real data collection, the broken ones among them."""

import runpy
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from stages.ingest.extract import Extract, ExtractionFailed, extract_text
from stages.ingest.read import Read, read_records
from stages.ingest.records import RawRecord

pytestmark = pytest.mark.realdata
BENCHMARK = Path(__file__).resolve().parents[2] / "infra" / "benchmarks" / "extraction.py"

OTHER, BROKEN, HTTP = "ingest.not_a_document", "ingest.broken_record", "ingest.bad_http"


def read(path: Path) -> list:
    with path.open("rb") as stream:
        return list(read_records(stream, path.name, Read()))


@pytest.mark.parametrize(
    ("name", "pages", "others"),
    [
        ("bad.arc", 0, {BROKEN: 3, HTTP: 1}),  # lengths -1, -1 and abc; a record of one byte
        ("example-bad-non-chunked.warc.gz", 1, {OTHER: 5}),  # several records in one gzip member
        ("example-bad.warc.gz.bad", 1, {OTHER: 4, HTTP: 1}),  # the same, and a redirect
        ("example-digest.warc", 0, {OTHER: 4}),  # requests with wrong digests
        ("example-iana.org-chunked.warc", 1, {OTHER: 2}),
        ("example-resource.warc.gz", 1, {OTHER: 2}),
        ("example-space-in-target-uri.warc.gz", 0, {OTHER: 2}),  # a PNG
        ("example-space-in-url.arc", 1, {OTHER: 1}),  # 12 bytes shorter than it says, the page is whole
        ("example-trunc.warc", 1, {OTHER: 3}),  # 4 bytes of a gzip body are missing, the next record is read
        ("example-wget-bad-target-uri.warc.gz", 1, {OTHER: 5}),  # <url>, and wget's own records
        ("example-wrong-chunks.warc.gz", 1, {OTHER: 1}),  # a record over two gzip members
        ("example.arc", 1, {OTHER: 1}),
        ("example.arc.gz", 1, {OTHER: 1}),
        ("example.warc", 1, {OTHER: 5}),
        ("example.warc.gz", 1, {OTHER: 5}),
        ("post-test.warc.gz", 0, {OTHER: 6}),  # JSON
    ],
)
def test_what_must_come_out(data_root: Path, name: str, pages: int, others: dict[str, int]) -> None:
    items = read(data_root / "web" / "warcio" / name)
    good = [item for item in items if isinstance(item, RawRecord)]
    assert len(good) == pages
    assert Counter(item.reason for item in items if not isinstance(item, RawRecord)) == others
    for item in good:
        title = b"Internet Assigned Numbers Authority" if "iana" in name else b"<title>Example Domain</title>"
        assert title in (item.html or b"")
        assert item.url
        assert item.url.startswith("http")
        assert item.date


def test_wet_with_wrong_lengths(data_root: Path) -> None:
    info, *pages = read(data_root / "web" / "cc_net" / "sample.wet.txt")
    assert info.detail == "warcinfo"
    assert [page.url for page in pages] == [
        "http://sample_english.com",
        "http://sample_chinese.zh",
        "http://sample_russian.ru",
    ]
    assert pages[0].text.endswith("Truth isn't.")
    assert all(page.meta == {"repaired": "content_length"} for page in pages)


@pytest.mark.parametrize(("name", "pages"), [("trafilatura", 351), ("hplt-sample", 100), ("cc-legalcode", 412)])
def test_every_page_is_read(data_root: Path, name: str, pages: int) -> None:
    assert sum(item.html is not None for item in read(data_root / "web" / name / "pages.warc.gz")) == pages


def test_pages_of_many_languages_give_clean_text(data_root: Path) -> None:
    pages = read(data_root / "web" / "cc-legalcode" / "pages.warc.gz")[::8]
    texts = []
    for page in pages:
        with suppress(ExtractionFailed):
            texts.append(extract_text(page.html, page.content_type, Extract()))
    assert len(texts) >= 0.95 * len(pages)
    assert sum("\ufffd" in text for text in texts) == 0


def test_the_default_reaches_its_f1_on_gold_pages(data_root: Path) -> None:
    benchmark = runpy.run_path(str(BENCHMARK))
    pages = benchmark["load"](data_root / "web" / "trafilatura")
    assert len(pages) == 339
    score = benchmark["measure"]("combined", pages)
    assert score.f1 >= 0.91
    assert score.timed_out == 0
