"""What the report knows of each language: medians, claims, clean text dropped, and the legend of their table."""

import json
import re
import shutil
import statistics
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.report import write_report
from pipelines.report.fairness import COLUMNS, fairness_table, meanings, read_fairness
from pipelines.report.language import LanguageDetails, render_language
from pipelines.report.signals import read_signals
from pipelines.report.totals import language_totals
from pipelines.rundir import RunDir
from stages.errors import ConfigError


def test_a_score_is_the_median_of_the_documents(tmp_path: Path, write_synthetic: Any) -> None:
    run = write_synthetic(tmp_path, {"eng_Latn": 40, "ekk_Latn": 21, "tha_Thai": 1, "heb_Hebr": 2, "und": 3})
    last = tmp_path / "annotations/part-1.parquet"
    rows = pq.read_table(last)
    scores = [*rows.column("language_score").to_pylist()[:-1], float("nan")]
    column = rows.schema.get_field_index("language_score")
    changed = rows.set_column(column, rows.schema.field(column), pa.array(scores, pa.float32()))
    pq.write_table(changed, last)
    known: dict[str, list[float]] = {}
    for row in pq.read_table(tmp_path / "annotations").to_pylist():
        known.setdefault(row["language"], []).append(row["language_score"])
    known["und"].pop()  # the one that is no number
    found = read_fairness(run, language_totals(run), read_signals(run))
    assert {code: fairness.score for code, fairness in found.items()} == {
        code: pytest.approx(statistics.median(values)) for code, values in known.items()
    }


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
    assert english.speed is not None
    assert english.speed > 0
    page = render_language(run, language_totals(run)[0], english, read_signals(run), [], LanguageDetails({}, {}))
    assert "MB/s" not in page, "what differs from run to run stands in report.html alone"
    assert ">Words, MB/s<" in (fairness_table(run, found) or "")


def stats_of(run: RunDir, code: str) -> float:
    (row,) = run.query(
        "SELECT tokens / words AS t FROM s WHERE language = $1", [code], s=run.dataset("tokenizer/joint")
    )
    return float(row["t"])


def test_a_measurement_on_clean_text_adds_a_column(run: RunDir, tmp_path: Path) -> None:
    measured = {
        "languages": [
            {"name": "ekk_Latn", "documents": 400, "dropped": 2},
            {"name": "qqq", "documents": 1, "dropped": 0},
        ]
    }
    (tmp_path / "clean.json").write_text(json.dumps(measured), "utf-8")
    totals, signals = language_totals(run), read_signals(run)
    known = read_fairness(run, totals, signals)
    assert ">Clean dropped<" not in (fairness_table(run, known) or "")
    assert "Clean dropped" not in meanings(known)
    found = read_fairness(run, totals, signals, str(tmp_path / "clean.json"))
    assert (found["ekk_Latn"].clean, found["ekk_Latn"].clean_dropped) == (400, 2)
    assert ">Clean dropped<" in (fairness_table(run, found) or "")
    assert "Clean dropped: share of reference text" in meanings(found)
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
    table = page[page.index('id="fairness"') : page.index('id="signals"')]
    titles = [column.title for column in COLUMNS]
    shown = set(re.findall(r"<button[^>]*>(.*?)</button>", table)) - {"Language"}
    assert shown == set(titles) - {"Clean dropped", "Tokens/word", "Bytes/token"}
    assert [title for title in titles if f"{title}: " in table] == [title for title in titles if title in shown]
