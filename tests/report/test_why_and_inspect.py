"""The story of a document and samples of what was rejected."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from pipelines.inspect import excerpt, inspect
from pipelines.inspect import render as render_samples
from pipelines.report import summary_table
from pipelines.report.tables import mixture_tables
from pipelines.rundir import RunDir
from pipelines.why import render as render_story
from pipelines.why import why
from stages.columns import LEDGER
from stages.errors import ConfigError, StorageError


def printed(renderable: Any) -> str:
    written = StringIO()
    Console(width=140, file=written).print(renderable)
    return written.getvalue()


def one(run: RunDir, condition: str) -> str:
    return str(run.query(f"SELECT min(doc_id) AS doc_id FROM decisions WHERE {condition}")[0]["doc_id"])


@pytest.mark.parametrize(
    "reason", ["quality.gopher.word_count", "quality.gopher.mean_word_length", "identify.fasttext.x"]
)
def test_every_bound_reason_tells_the_failing_signal(run: RunDir, reason: str) -> None:
    rows = run.query("SELECT doc_id, bound FROM decisions WHERE reason = $1 ORDER BY doc_id LIMIT 3", [reason])
    for row in rows:
        (told,) = why(run, row["doc_id"]).documents
        failed = {signal.column for signal in told.signals if signal.passes is False}
        assert reason.rpartition(".")[2] in failed
        assert told.decision is not None
        assert (told.decision["keep"], told.decision["bound"]) == (False, row["bound"])
        assert told.ended == (f"rejected by {reason}",)


def test_kept_document_ends_in_corpus_and_mixture(run: RunDir) -> None:
    kept = run.query("SELECT doc_id FROM decisions WHERE keep AND language = 'yor_Latn' ORDER BY doc_id")[0]["doc_id"]
    (told,) = why(run, kept).documents
    assert told.ended[:2] == ("in corpus/language=yor_Latn/part-00000.parquet", "mixture web, phase main: 2 copies")
    assert all(signal.passes is not False for signal in told.signals)


def test_duplicate_names_cluster_survivor_and_members(run: RunDir) -> None:
    (told,) = why(run, one(run, "reason = 'dedup.exact' AND language = 'eng_Latn'")).documents
    assert told.cluster is not None
    assert len(told.cluster["members"]) == 10
    assert told.cluster["size"] > 10
    assert told.cluster["survivor"] == told.cluster["members"][0]["doc_id"]
    assert told.cluster["members"][0]["keep"]


def test_redaction_that_left_too_little_is_the_last_word(run: RunDir) -> None:
    short = run.query("SELECT min(doc_id) AS doc_id FROM rejected WHERE reason = 'select.too_short'")[0]["doc_id"]
    (told,) = why(run, short).documents
    assert told.decision == {"keep": False, "reason": "select.too_short", "bound": ">= 20", "value": 4.0}
    assert told.ended == ("rejected by select.too_short", "in rejected/part-0.parquet")


@pytest.mark.parametrize(
    ("locator", "dataset"), [("ekk_Latn.jsonl#3", "documents"), ("pages.warc.gz@1", "rejected"), ("t#1", "bitext")]
)
def test_a_document_is_found_by_its_locator(run: RunDir, locator: str, dataset: str) -> None:
    (told,) = why(run, locator).documents
    assert (told.dataset, told.source["locator"]) == (dataset, locator)


def test_ingest_rejection_is_found_by_url(run: RunDir) -> None:
    (told,) = why(run, "https://broken.example/0").documents
    assert told.dataset == "rejected"
    assert told.decision is not None
    assert told.decision["reason"] == "ingest.broken_header"
    assert told.ended[0].startswith("rejected: no header")


def test_source_id_may_mean_several_documents(run: RunDir) -> None:
    story = why(run, "shared-id", limit=1)
    assert (story.matches, len(story.documents)) == (2, 1)
    assert "1 more documents match shared-id" in printed(render_story(story))


@pytest.mark.parametrize(("ident", "dataset"), [("a" * 32, "augmented/codeswitch"), ("pair-1", "bitext")])
def test_made_text_and_pairs_have_stories(run: RunDir, ident: str, dataset: str) -> None:
    (told,) = why(run, ident).documents
    assert told.dataset == dataset
    assert told.excerpt


def test_story_is_json_and_redacted(run: RunDir) -> None:
    story = why(run, one(run, "doc_id IN (SELECT doc_id FROM annotations WHERE len(spans) > 0)"))
    written = json.dumps(story.as_dict(), allow_nan=False)
    assert "anna@example.org" not in written
    assert story.documents[0].spans[0]["kind"] == "email"


def test_story_of_nan_is_json(run: RunDir) -> None:
    nan = run.query("SELECT min(doc_id) AS doc_id FROM annotations WHERE isnan(mean_word_length)")[0]["doc_id"]
    json.dumps(why(run, nan).as_dict(), allow_nan=False)


def test_story_prints_fail_marks(run: RunDir) -> None:
    text = printed(render_story(why(run, one(run, "reason = 'quality.gopher.word_count'"))))
    assert "FAIL" in text
    assert "rejected by quality.gopher.word_count" in text


def test_unknown_id_says_so(run: RunDir) -> None:
    with pytest.raises(ConfigError, match="no document has doc_id, source id, URL or locator 'nope'"):
        why(run, "nope")


def test_inspect_is_deterministic_and_ordered(run: RunDir) -> None:
    found = inspect(run, n=20)
    assert found == inspect(run, n=20)
    assert [sample.doc_id for sample in found] == sorted(sample.doc_id for sample in found)
    assert all(len(sample.excerpt or "") < 420 for sample in found)


@pytest.mark.parametrize(
    ("language", "reason", "expected"),
    [
        ("tha_Thai", None, {"tha_Thai"}),
        ("ekk_Latn", "quality.gopher", {"ekk_Latn"}),
        ("-", "ingest", {"-"}),
        (None, "ingest.broken_header", {"-"}),
    ],
)
def test_inspect_narrows(run: RunDir, language: str | None, reason: str | None, expected: set[str]) -> None:
    found = inspect(run, language, reason, 5)
    assert {sample.language for sample in found} == expected
    assert reason is None or all(sample.reason.startswith(reason) for sample in found)


@pytest.mark.parametrize(
    ("language", "reason", "message"),
    [
        ("ekkk_Latn", None, "did you mean 'ekk_Latn'"),
        (None, "quality.gopher.word_counts", "did you mean 'quality.gopher.word_count'"),
    ],
)
def test_inspect_names_the_nearest(run: RunDir, language: str | None, reason: str | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        inspect(run, language, reason)


def test_inspect_prints_no_control_characters(run: RunDir) -> None:
    text = printed(render_samples(inspect(run, n=400)))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "measured on 2,000 reference documents" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a\n\n\nb", "a\nb"),
        ("x" * 30, "x" * 20 + " …"),
        ("ab " * 10, "ab ab ab ab ab ab …"),
        ("ภาษา" * 10, "ภาษา" * 5 + " …"),
    ],
)
def test_excerpt(text: str, shown: str) -> None:
    assert excerpt(text, 20) == shown


def test_summary_names_steps_balance_and_outputs(run: RunDir) -> None:
    text = printed(summary_table(run))
    for part in ("annotate", "mix.web", "balances", "13, with", "corpus", "ShardError"):
        assert part in text


@pytest.mark.parametrize(("kept", "hinted"), [(0, True), (4, True), (5, False)])
def test_the_summary_says_how_to_name_the_field_that_holds_the_text(
    tmp_path: Path, write_synthetic: Any, kept: int, hinted: bool
) -> None:
    run = write_synthetic(tmp_path, {"eng_Latn": 10})
    known = {"step": "ingest", "language": "-", "source": "web", "bytes": 1}
    rows = [
        {**known, "flow": "in", "documents": 5 + kept},
        {**known, "flow": "kept", "documents": kept},
        {**known, "flow": "rejected", "reason": "ingest.no_text", "documents": 5},
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=LEDGER), tmp_path / "ledger.parquet")
    assert ("--set 'ingest.read.fields={text=" in printed(summary_table(run))) == hinted


def test_folder_without_run_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no run here \(run.json is missing\)"):
        why(RunDir(str(tmp_path)), "x").as_dict()


def test_broken_record_and_shares_are_clear_errors(tmp_path: Path, write_synthetic: Any) -> None:
    run = write_synthetic(tmp_path, {"eng_Latn": 10})
    (tmp_path / "mixture/web/_shares.json").write_text("{")
    with pytest.raises(StorageError, match=r"_shares\.json"):
        mixture_tables(run)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ConfigError, match=r"run\.json"):
        _ = RunDir(str(tmp_path)).record
