"""report.html: what it shows, what it must not let through, how large it gets."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.report import write_report
from pipelines.report.markup import Html, element, text
from pipelines.report.numbers import duration, share, short, size
from pipelines.rundir import RunDir
from stages.columns import LEDGER

VOID = {"meta", "input"}


class Tree(HTMLParser):
    """Collects elements, and complains of any that is not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(run: RunDir) -> str:
    return Path(write_report(run)).read_text("utf-8")


@pytest.fixture(scope="module")
def tree(page: str) -> Tree:
    parsed = Tree()
    parsed.feed(page)
    parsed.close()
    assert parsed.open == []
    return parsed


@pytest.mark.parametrize(
    "shown",
    [
        "web",
        "Records read",
        "900",
        "The ledger balances",
        "1 shard is quarantined",
        "&lt;b&gt;broken&lt;/b&gt; row group 3",
        "Standard Arabic",
        "quality.gopher.word_count",
        "≥ 30 to 40 by language",
        "ingest.no_text",
        "select.too_short",
        "dedup.exact",
        "measured on 2,000 reference documents",
        "The largest clusters",
        "Tokens per word",
        "Tokenizer joint",
        "largest difference 0.031 percentage points",
        "CC BY-SA 4.0",
        "crawl/tha_Thai.jsonl.gz",
        "&lt;EMAIL&gt;",
    ],
)
def test_page_shows(page: str, shown: str) -> None:
    assert shown in page


def test_page_is_deterministic_and_small(run: RunDir, page: str) -> None:
    assert Path(write_report(run)).read_text("utf-8") == page
    assert len(page.encode()) < 500_000


def test_hostile_text_stays_text(page: str, tree: Tree) -> None:
    assert "<img" not in page
    assert "alert(1)" in page  # shown, as text
    assert [tag for tag, _ in tree.seen].count("script") == 2
    assert not set(page) & {"\u202e", "\u202c", "\x1b", "\x00"}
    assert "[U+202E]" in page
    assert "␛" in page
    assert "anna@example.org" not in page


def test_page_requests_nothing(page: str, tree: Tree) -> None:
    addresses = [value for _, attrs in tree.seen for name, value in attrs.items() if name in ("src", "href", "action")]
    assert all(re.fullmatch(r"#[\w-]+|report/\w+\.html", value or "") for value in addresses)
    policies = [attrs["content"] for _, attrs in tree.seen if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'")
    assert not re.search(r"@import|url\(", page)


def test_samples_carry_direction_and_language(tree: Tree) -> None:
    quotes = [attrs for tag, attrs in tree.seen if tag == "blockquote"]
    assert quotes
    assert all(attrs["dir"] == "auto" for attrs in quotes)
    assert {"arb-Arab", "heb-Hebr", "eng-Latn"} <= {attrs.get("lang") for attrs in quotes}


def test_tables_have_headers(tree: Tree) -> None:
    heads = [attrs.get("scope") for tag, attrs in tree.seen if tag == "th"]
    assert set(heads) == {"col", "row"}


def test_menu_data_covers_every_signal_and_language(page: str) -> None:
    found = re.search(r'id="signal-data">(.*?)</script>', page)
    assert found is not None
    signals = json.loads(found[1])["signals"]
    assert len(signals) == 13
    assert all(len(languages) == 14 for languages in signals)


def test_imbalance_is_named(tmp_path: Path, write_synthetic: Any) -> None:
    run = write_synthetic(tmp_path, {"eng_Latn": 20})
    ledger = pq.read_table(tmp_path / "ledger.parquet")
    lost = ledger.to_pylist()[:-1]
    pq.write_table(pa.Table.from_pylist(lost, schema=LEDGER), tmp_path / "ledger.parquet")
    page = Path(write_report(run)).read_text("utf-8")
    assert "The ledger does not balance in" in page
    assert "mix.web, language eng_Latn" in page


@pytest.mark.parametrize(
    "absent", ["annotations", "clusters", "decisions", "rejected", "mixture", "tokenizer", "documents"]
)
def test_missing_dataset_leaves_its_section_out(tmp_path: Path, write_synthetic: Any, absent: str) -> None:
    run = write_synthetic(tmp_path, {"eng_Latn": 20, "tha_Thai": 12})
    shutil.rmtree(tmp_path / absent)
    assert "The ledger balances" in Path(write_report(run)).read_text("utf-8")


def test_run_with_nothing_in_it(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"pipeline": {"name": "empty", "steps": []}}')
    assert "<h1>empty</h1>" in Path(write_report(RunDir(str(tmp_path)))).read_text("utf-8")


def test_many_languages_stay_below_three_megabytes(tmp_path: Path, write_synthetic: Any) -> None:
    run = write_synthetic(tmp_path, {"eng_Latn": 30})
    reasons = [f"quality.stage{index % 9}.some_long_column_name_{index}" for index in range(20)]
    ledger = []
    for number in range(1500):
        known = {"language": f"q{number:03d}_Latn", "source": "web", "documents": 20, "bytes": 20}
        for step in ("annotate", "select"):
            ledger += [{**known, "step": step, "flow": flow} for flow in ("in", "kept")]
        ledger.append({**known, "step": "decide", "flow": "in"})
        ledger += [
            {**known, "step": "decide", "flow": "rejected", "reason": r, "documents": 1, "bytes": 1} for r in reasons
        ]
    pq.write_table(pa.Table.from_pylist(ledger, schema=LEDGER), tmp_path / "ledger.parquet")
    page = Path(write_report(run)).read_bytes()
    assert len(page) < 3_000_000
    assert b"The first 800 of 1,500 rows" in page


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a<b>&\"'", "a&lt;b&gt;&amp;&quot;&#x27;"),
        ("\u2066x\u2069", "[U+2066]x[U+2069]"),
        ("نص\u200cعربي", "نص\u200cعربي"),  # joiners are letters' business
        ("tab\tline\n", "tab\tline\n"),
        ("\x07\x85", "␇[U+0085]"),
    ],
)
def test_text_is_escaped(value: str, written: str) -> None:
    assert text(value) == written


def test_element_escapes_children_and_attributes_but_not_markup() -> None:
    assert element("p", Html("<b>x</b>"), "<", None, title='"') == '<p title="&quot;"><b>x</b>&lt;</p>'


@pytest.mark.parametrize(
    ("function", "value", "shown"),
    [
        (size, 0, "0 B"),
        (size, 1536, "1.5 KiB"),
        (size, 5 << 50, "5.0 PiB"),
        (short, 0.25, "0.25"),
        (short, 12000.0, "12k"),
        (short, 7, "7"),
        (duration, 3.21, "3.2 s"),
        (duration, 59.6, "1 min 0 s"),
        (duration, 3700.0, "1 h 1 min"),
        (duration, None, "–"),
    ],
)
def test_numbers(function: Any, value: Any, shown: str) -> None:
    assert function(value) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 10, "0.0 %"), (10, 10, "100.0 %"), (1, 10**6, "< 0.1 %"), (10**6 - 1, 10**6, "> 99.9 %"), (1, 0, "–")],
)
def test_share(part: int, whole: int, shown: str) -> None:
    assert share(part, whole) == shown


def browse(page: str, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium: install Debian's package of that name")
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
    logged = ("--enable-logging=stderr", "--v=0", f"--user-data-dir={folder / 'profile'}")
    command = [chromium, *quiet, *logged, *flags, f"file://{page}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.browser
def test_chromium_shows_the_page_without_console_messages(run: RunDir, tmp_path: Path) -> None:
    found = browse(write_report(run), tmp_path, "--dump-dom")
    assert "CONSOLE" not in found.stderr
    assert found.stdout.count("<tr>") > 40
    assert "Standard Arabic" in found.stdout


CHECK = """<script>
const table = document.getElementById("languages-table"), rows = () => [...table.tBodies[0].rows];
const button = table.tHead.rows[0].cells[1].firstElementChild;
button.click(); button.click();
const field = document.querySelector("[data-filter=languages-table]");
field.value = "arab"; field.dispatchEvent(new Event("input"));
menu.value = "ekk_Latn"; menu.dispatchEvent(new Event("change"));
const shown = rows().filter((r) => !r.hidden).length;
document.title = [rows()[0].cells[0].textContent, shown, document.querySelector("[data-signal='0'] p").textContent,
  document.documentElement.scrollWidth <= innerWidth].join("|");
</script></body>"""


@pytest.mark.browser
def test_chromium_sorts_filters_and_switches_language(run: RunDir, tmp_path: Path) -> None:
    page = Path(write_report(run)).read_text("utf-8")
    # the page's own policy forbids the check's script
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace("</body>", CHECK)
    (tmp_path / "page.html").write_text(page, "utf-8")
    found = browse(str(tmp_path / "page.html"), tmp_path, "--window-size=500,900", "--dump-dom")
    assert "CONSOLE" not in found.stderr
    title = re.search("<title>(.*?)</title>", found.stdout)
    assert title is not None
    smallest, rows, words, fits = title[1].split("|")
    assert smallest.startswith("Undetermined")
    assert rows == "1"
    assert words.startswith("≥ 30: ")
    assert fits == "true"
