"""datatrove's formatters, extractors and readers through the adapter."""

from pathlib import Path
from typing import Any

import pytest

from stages.adapter.datatrove_extractor import DatatroveExtractor, extract_html
from stages.adapter.datatrove_formatter import DatatroveFormatter, format_text
from stages.adapter.datatrove_reader import DatatroveReader, read_documents
from stages.errors import ConfigError
from stages.ingest.records import Item, RawRecord, Unreadable
from stages.registry import _STAGES

MAIL = "a@b.com, c@d.org"
PAGE = f"<html><body><nav>Menu</nav><article><p>{'Tere, maailm! See on lause. ' * 9}</p></article></body></html>"


def opened(name: str, config: Any) -> dict[str, Any]:
    return {key: resource.open() for key, resource in _STAGES[name].resources(config).items()}


@pytest.mark.parametrize(
    ("name", "options", "text", "expected"),
    [
        ("PIIFormatter", {}, MAIL, "email@example.com, firstname.lastname@example.org"),
        ("PIIFormatter", {"remove_emails": False}, MAIL, MAIL),
        ("FTFYFormatter", {}, "TÃµlge", "Tõlge"),
        ("SymbolLinesFormatter", {"symbols_to_remove": ["|"]}, "a\n|\nb", "a\nb"),
    ],
)
def test_formatters(name: str, options: dict[str, Any], text: str, expected: str) -> None:
    """The same text gives the same result however often it comes."""
    config = DatatroveFormatter(use=f"datatrove.pipeline.formatters.{name}", options=options)
    resources = opened("datatrove.formatter", config)
    assert [format_text(text, config, **resources) for _ in range(3)] == [expected] * 3


def test_extractor() -> None:
    config = DatatroveExtractor(use="datatrove.pipeline.extractors.Trafilatura")
    resources = opened("datatrove.extractor", config)
    assert extract_html(PAGE, config, **resources).startswith("Tere, maailm!")
    assert "Menu" not in extract_html(PAGE, config, **resources)
    assert extract_html("<html></html>", config, **resources) == ""


def read(path: Path, **options: Any) -> list[Item]:
    config = DatatroveReader(use="datatrove.pipeline.readers.CSVReader", **options)
    return list(read_documents(str(path), config, **opened("datatrove.reader", config)))


def test_reader(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("id,text,url,lang,license,extra\n7,tere,https://x.test,et,CC0,1\n8,हम,,,,2\n")
    assert read(path) == [
        RawRecord(
            locator="#0",
            bytes=4,
            text="tere",
            source_id="7",
            url="https://x.test",
            language_claimed="et",
            licence="CC0",
            meta={"extra": "1"},
        ),
        RawRecord(
            locator="#1",
            bytes=6,
            text="हम",
            source_id="8",
            meta={"url": "", "lang": "", "license": "", "extra": "2"},
        ),
    ]


def test_reader_of_html(tmp_path: Path) -> None:
    path = tmp_path / "pages.csv"
    path.write_text("id,text\n1,<p>õhk</p>\n")
    (record,) = read(path, content="html")
    assert isinstance(record, RawRecord)
    assert (record.text, record.html, record.content_type) == (
        None,
        "<p>õhk</p>".encode(),
        "text/html; charset=utf-8",
    )


def test_reader_keeps_what_came_before_an_error(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_bytes(b"id,text\n" + b"".join(b"%d,good line\n" % n for n in range(3000)) + b"x,\xff\xfe\xff\n")
    *records, last = read(path)
    assert len(records) > 1000
    assert isinstance(last, Unreadable)
    assert last.reason == "ingest.corrupt_stream"
    assert f"stopped after {len(records)} documents" in last.detail


def test_a_reader_that_reads_no_files() -> None:
    config = DatatroveReader(use="datatrove.pipeline.readers.HuggingFaceDatasetReader")
    with pytest.raises(ConfigError, match=r"is no BaseDiskReader; known: .*CSVReader"):
        opened("datatrove.reader", config)
