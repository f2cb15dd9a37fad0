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
from pipelines.report.samples import read_samples
from pipelines.report.totals import language_totals
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
        "real shares differ from planned ones by at most 0.040 percentage points",
        "CC BY-SA 4.0",
        "crawl/tha_Thai.jsonl.gz",
        "&lt;EMAIL&gt;",
    ],
)
def test_page_shows(page: str, shown: str) -> None:
    assert shown in page


TIMED = re.compile(r'<td data-v="[0-9.e+]+" class="n"><span class="timed">[0-9.,]+</span></td>')


def test_page_is_small_and_deterministic_but_for_times(run: RunDir, page: str) -> None:
    assert len(page.encode()) < 500_000
    assert TIMED.search(page)
    assert TIMED.sub("", Path(write_report(run)).read_text("utf-8")) == TIMED.sub("", page)


def test_what_does_not_fit_in_memory_makes_the_same_page(
    run: RunDir, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.report.page.HELD_VALUES", 0)
    assert TIMED.sub("", Path(write_report(RunDir(run.uri))).read_text("utf-8")) == TIMED.sub("", page)


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


CODES = ("eng_Latn", "ekk_Latn", "arb_Arab", "und")


@pytest.fixture(scope="module")
def written(run: RunDir, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run with its report, and a page that an earlier run left."""
    folder = tmp_path_factory.mktemp("pages") / "run"
    shutil.copytree(run.uri, folder)
    (folder / "report").mkdir(exist_ok=True)
    (folder / "report" / "vol_Latn.html").write_text("left over", "utf-8")
    write_report(RunDir(str(folder)))
    return folder


def test_every_language_has_a_page_that_the_table_links(written: Path) -> None:
    codes = {total.code for total in language_totals(RunDir(str(written)))}
    assert {path.stem for path in (written / "report").iterdir()} == codes
    page = (written / "report.html").read_text("utf-8")
    assert all(f'href="report/{code}.html"' in page for code in codes)


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_well_formed_and_requests_nothing(written: Path, code: str) -> None:
    tree = Tree()
    page = (written / "report" / f"{code}.html").read_text("utf-8")
    tree.feed(page)
    tree.close()
    assert tree.open == []
    links = {value for _, attrs in tree.seen for name, value in attrs.items() if name in ("src", "href", "action")}
    assert "../report.html" in links
    assert all(link and link.startswith("#") for link in links - {"../report.html"})
    assert "<img" not in page
    assert "anna@example.org" not in page


def test_a_page_tells_bounds_with_their_reasons_and_what_they_reject(written: Path, run: RunDir) -> None:
    page = (written / "report" / "eng_Latn.html").read_text("utf-8")
    total = next(total for total in language_totals(run) if total.code == "eng_Latn")
    assert "measured on 2,000 reference documents" in page
    assert "≥ 40 and ≤ 100000" in page
    assert f">{total.reasons['quality.gopher.word_count']:,}</td>" in page
    assert "dedup.exact" in page
    assert "babelmill lang try eng_Latn" in page
    assert "deu_Latn" in page  # the runner-up


def test_samples_of_a_language_are_of_different_reasons(run: RunDir) -> None:
    found = read_samples(run, CODES).by_language
    assert set(found) == set(CODES)
    for code, samples in found.items():
        assert len(samples) == 4
        assert {sample.language for sample in samples} == {code}
        assert len({sample.reason for sample in samples}) > 1


def test_samples_are_of_the_first_file_where_it_has_them(run: RunDir) -> None:
    first = set(run.read(run.files("documents")[0], ["doc_id"]).column("doc_id").to_pylist())
    found = read_samples(run, CODES)
    rows = run.query("SELECT doc_id, language, reason FROM decisions WHERE NOT keep")
    near = {(row["reason"], row["language"]) for row in rows if row["doc_id"] in first}
    reasons = [reason for reason in found.by_reason if sum(reason == known for known, _ in near) >= 4]
    assert reasons
    for reason in reasons:
        samples = found.by_reason[reason]
        assert len(samples) == len({sample.language for sample in samples}) == 4
        assert first.issuperset(sample.doc_id for sample in samples)
        for sample in samples:
            of_both = [row["doc_id"] for row in rows if (row["reason"], row["language"]) == (reason, sample.language)]
            assert sample.doc_id == min(first.intersection(of_both))


@pytest.mark.browser
def test_chromium_shows_a_language_without_console_messages(written: Path, tmp_path: Path) -> None:
    found = browse(str(written / "report" / "arb_Arab.html"), tmp_path, "--dump-dom")
    assert "CONSOLE" not in found.stderr
    assert "Standard Arabic" in found.stdout
