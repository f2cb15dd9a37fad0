"""The pages of languages and the table that lays languages side by side."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.inspect import samples_by_language
from pipelines.report import write_report
from pipelines.report.fairness import read_fairness
from pipelines.report.signals import read_signals
from pipelines.report.totals import language_totals
from pipelines.rundir import RunDir
from stages.errors import ConfigError
from tests.report.test_report_page import Tree, browse

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
    found = samples_by_language(run, 4, list(CODES))
    assert set(found) == set(CODES)
    for code, samples in found.items():
        assert len(samples) == 4
        assert {sample.language for sample in samples} == {code}
        assert len({sample.reason for sample in samples}) > 1


def test_fairness_adds_up_what_the_run_knows(run: RunDir) -> None:
    found = read_fairness(run, language_totals(run), read_signals(run))
    english = found["eng_Latn"]
    assert english.documents == 200
    assert english.score is not None
    assert 0.8 < english.score < 1
    assert english.claimed == english.confirmed == 200  # `en` is what the documents claim
    assert english.fertility == pytest.approx(stats_of(run, "eng_Latn"))
    assert english.kept_bytes
    assert english.bible_bytes == 0
    assert 0 < (english.wikipedia_bytes or 0) < english.kept_bytes  # the source named `wiki`
    assert english.clean is None


def stats_of(run: RunDir, code: str) -> float:
    (row,) = run.query(
        "SELECT tokens / words AS t FROM s WHERE language = $1", [code], s=run.dataset("tokenizer/joint")
    )
    return float(row["t"])


def test_a_measurement_on_clean_text_adds_a_column(written: Path, tmp_path: Path) -> None:
    assert "Clean text dropped" not in (written / "report.html").read_text("utf-8")
    measured = {
        "languages": [
            {"name": "ekk_Latn", "documents": 400, "dropped": 2},
            {"name": "qqq", "documents": 1, "dropped": 0},
        ]
    }
    (tmp_path / "clean.json").write_text(json.dumps(measured), "utf-8")
    found = read_fairness(
        RunDir(str(written)),
        language_totals(RunDir(str(written))),
        read_signals(RunDir(str(written))),
        str(tmp_path / "clean.json"),
    )
    assert (found["ekk_Latn"].clean, found["ekk_Latn"].clean_dropped) == (400, 2)
    assert found["eng_Latn"].clean is None


@pytest.mark.parametrize("content", [None, "no json", "[]", '{"languages": [{"name": "ekk"}]}'])
def test_what_is_no_measurement_says_so(run: RunDir, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "clean.json"
    if content is not None:
        path.write_text(content, "utf-8")
    with pytest.raises(ConfigError, match=r"clean\.json"):
        read_fairness(run, language_totals(run), read_signals(run), str(path))


def test_what_the_run_does_not_know_has_no_column(tmp_path: Path, write_synthetic: Any) -> None:
    run = write_synthetic(tmp_path, {"eng_Latn": 30, "ekk_Latn": 20})
    shutil.rmtree(tmp_path / "tokenizer")
    page = Path(write_report(run)).read_text("utf-8")
    assert "fairness-table" in page
    assert "Tokens per word" not in page
    assert "Median score" in page


@pytest.mark.browser
def test_chromium_shows_a_language_without_console_messages(written: Path, tmp_path: Path) -> None:
    found = browse(str(written / "report" / "arb_Arab.html"), tmp_path, "--dump-dom")
    assert "CONSOLE" not in found.stderr
    assert "Standard Arabic" in found.stdout
