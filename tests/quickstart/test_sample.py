"""The embedded sample: every record has an expectation, and a run meets every one of them."""

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from rich.console import Console

import pipelines
from pipelines.report import summary_table
from pipelines.report.totals import step_totals
from pipelines.rundir import RunDir

SAMPLE = Path(pipelines.__file__).parent / "quickstart"
REPEATED_ID = "eng-repeated-id"

# document, what must be replaced, what only looks like personal data
CONTACTS = [
    ("eng-train", ["ruth.keeper@example.org", "+44 20 7946 0018", "GB82 WEST 1234 5698 7654 32"], ["eleven carriages"]),
    (
        "urn:babelmill:quickstart:eng-weather-station",
        [],
        [
            "1998-03-21-0045",
            "978-3-16-148410-0",
            "192.168.0.12",
            "12.07.2023",
            "08:00, 12:00 and 16:00",
            "21.4 degrees",
        ],
    ),
    (
        "deu-bibliothek",
        ["buecherei@example.org", "+49 30 23125 012", "DE89370400440532013000"],
        ["DE88370400440532013000"],  # its checksum is wrong
    ),
    (
        "urn:babelmill:quickstart:fra-etoiles",
        ["coupole@example.org", "+33 1 99 00 12 34", "FR14 2004 1010 0505 0001 3M02 606"],
        ["premier vendredi"],
    ),
    ("spa-biblioteca", ["remedios@example.org", "ES91 2100 0418 4502 0005 1332"], ["furgoneta azul"]),
    ("nld-trein", ["ontbijt@example.nl", "NL91 ABNA 0417 1643 00"], ["zes minuten over zeven"]),
    ("pol-pogoda", ["mrowki@example.org", "9.9.9.9"], ["192.168.1.20"]),
    ("ita-biblioteca", ["lettere@example.it", "+39 06 5550 0134"], ["mezzanotte"]),
    ("rus-zvyozdy", ["kupol@example.org", "8.8.8.8"], ["пятницу"]),
    ("tur-yildizlar", ["yayla@example.org"], ["Satürn'ün"]),
    ("arb-maktaba", ["maktaba@example.org"], ["البريد"]),
    ("jpn-densha", ["ensen@example.jp"], ["お問い合わせは"]),
]


def expectations() -> dict[str, dict[str, str]]:
    with (SAMPLE / "expected.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    repeated = [name for name, count in Counter(row["id"] for row in rows).items() if count > 1]
    assert repeated == []
    return {row["id"]: row for row in rows}


def records() -> Iterator[tuple[str, dict[str, Any] | None]]:
    """Every record of the sample by its id, or by its place where it has none of its own; with its fields if JSON."""
    for folder in ("documents", "bitext", "instructions"):
        for path in sorted((SAMPLE / folder).glob("*.jsonl")):
            offset = 0
            for line in path.read_bytes().splitlines(keepends=True):
                fields = _object(line)
                named = fields is not None and fields["id"] != REPEATED_ID
                yield (fields["id"] if fields and named else f"{path.name}#{offset}"), fields
                offset += len(line)
    for path in sorted((SAMPLE / "pages").glob("*.html")):
        yield path.name, None
    for path in sorted((SAMPLE / "crawl").glob("*.warc.gz")):
        yield from _warc_records(path)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        parsed = json.loads(line)
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _warc_records(path: Path) -> Iterator[tuple[str, None]]:
    """One record in each gzip member; one without a usable length is known by the offset of its member."""
    data = path.read_bytes()
    starts = [match.start() for match in re.finditer(rb"\x1f\x8b\x08\x00\x00\x00\x00\x00", data)]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        header = gzip.decompress(data[start:end]).partition(b"\r\n\r\n")[0].decode()
        name, length = re.search("WARC-Record-ID: <(.*)>", header), re.search(r"Content-Length: \d+", header)
        assert name is not None
        yield (name.group(1) if length else f"{path.name}#{start}"), None


def test_every_record_has_an_expectation_and_the_other_way_round() -> None:
    assert sorted(key for key, _ in records()) == sorted(expectations())


def test_ids_are_unique_but_for_the_one_that_is_repeated_on_purpose() -> None:
    counts = Counter(fields["id"] for _, fields in records() if fields)
    assert {name: count for name, count in counts.items() if count > 1} == {REPEATED_ID: 2}


def test_languages_scripts_and_documents() -> None:
    languages = Counter(row["language"] for row in expectations().values() if row["fate"] == "kept")
    del languages["-"]
    assert len(languages) >= 30
    assert len({language.partition("_")[2] for language in languages}) >= 12
    assert min(languages.values()) >= 2
    identified = [row for row in expectations().values() if row["language"] != "-"]
    conversations = (SAMPLE / "instructions" / "chat.jsonl").read_text(encoding="utf-8").count("\n")
    assert 350 <= len(identified) - conversations <= 450


@pytest.mark.parametrize("fate", ["kept", "rejected"])
def test_reasons_are_given_exactly_where_something_is_rejected(fate: str) -> None:
    rows = [row for row in expectations().values() if row["fate"] == fate]
    assert rows
    assert all(bool(row["reason"]) == (fate == "rejected") and row["why"] for row in rows)


def test_the_sample_is_small_and_its_page_names_every_file() -> None:
    files = [path for path in SAMPLE.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2_000_000
    page = (SAMPLE / "README.md").read_text(encoding="utf-8")
    data = {path.name for path in files} - {"README.md"}
    single = {name for name in data if not re.fullmatch(r"[a-z]{3}\.jsonl|[a-z]{3}-.*\.html", name)}
    assert [name for name in sorted(single) if name not in page] == []


def test_the_lexicon_has_known_fields() -> None:
    for line in (SAMPLE / "lexicon.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert set(row) == {"src", "tgt", "src_lang", "tgt_lang"}
        assert row["src"]
        assert row["tgt"]
        assert all(row["tgt"])


def test_a_run_ends_every_record_as_expected(quickstart_run: Path) -> None:
    expected = {key: (row["language"], row["fate"], row["reason"]) for key, row in expectations().items()}
    found = dict(_ends(quickstart_run, expected))
    differing = {key: (end, found.get(key)) for key, end in expected.items() if found.get(key) != end}
    assert differing == {}
    assert sorted(found) == sorted(expected)


def test_the_readme_shows_what_a_run_prints(quickstart_run: Path) -> None:
    run, readme = RunDir(str(quickstart_run)), (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    totals = {total.name: total for total in step_totals(run)}
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in readme.splitlines() if line[4:5] == "│"]
    assert len(rows) > 5
    for name, *cells in rows:
        total = totals[name]
        added = total["created"] + total["repeated"]
        found = (total["in"], added, total["kept"], total["rejected"], total.tokens)
        assert cells == [f"{number:,}" if number else "" for number in found]
    with (console := Console(width=200)).capture() as printed:
        console.print(summary_table(run))
    said = [line for line in printed.get().splitlines() if line.startswith(("languages", "ledger"))]
    assert len(said) == 2
    assert all(f"    {line.rstrip()}\n" in readme for line in said)


@pytest.mark.parametrize(("document", "gone", "stays"), CONTACTS, ids=[row[0].rpartition(":")[2] for row in CONTACTS])
def test_contact_details_are_replaced(quickstart_run: Path, document: str, gone: list[str], stays: list[str]) -> None:
    corpus = _rows(quickstart_run, "corpus", "source_id", "text")
    (text,) = [row["text"] for row in corpus if row["source_id"] == document]
    assert [detail for detail in gone if detail in text] == []
    assert [detail for detail in stays if detail not in text] == []


def _ends(run: Path, expected: dict[str, Any]) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Where each record of the input ended in a finished run: language, kept or rejected, reason."""
    documents = {row["doc_id"]: row for row in _rows(run, "documents", "doc_id", "source_id", "locator")}
    for row in _rows(run, "decisions", "doc_id", "language", "keep", "reason"):
        fate = "kept" if row["keep"] else "rejected"
        yield _key(documents[row["doc_id"]], expected), (row["language"], fate, row["reason"] or "")
    for row in _rows(run, "rejected", "source_id", "locator", "language", "reason"):
        if row["reason"].startswith("ingest."):
            yield _key(row, expected), (row["language"], "rejected", row["reason"])
    for row in _rows(run, "bitext", "source_id", "locator"):
        yield _key(row, expected), ("-", "kept", "")
    for row in _rows(run, "instructions/input", "source_id", "locator", "language"):
        yield _key(row, expected), (row["language"], "kept", "")


def _key(row: dict[str, Any], expected: dict[str, Any]) -> str:
    for name in (row["source_id"], row["locator"], row["locator"].partition("#")[0]):
        if name in expected:
            return str(name)
    return f"{row['locator']}, which nobody expected"


def _rows(run: Path, dataset: str, *columns: str) -> list[dict[str, Any]]:
    table = ds.dataset(run / dataset, format="parquet").to_table(columns=list(columns))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
