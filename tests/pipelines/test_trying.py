"""What `lang try` says of an edit is what the next run does."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.cli import app
from pipelines.lang.trial import KEPT, render
from pipelines.lang.trying import try_edit
from pipelines.run import plan, run
from pipelines.rundir import RunDir
from pipelines.why import why
from stages.errors import ConfigError

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart" / "documents"
FILES = ("deu", "ekk", "rus", "fra", "duplicates", "near_duplicates", "spam")
LOOSER = '[bounds.stop_word_count]\noff = true\nwhy = "a test"\n'
CONFUSED = """
[identification]
confusable = ["eng_Latn"]
confusable_why = "a test"

[bounds.language_second_score]
max = 0.0001
why = "a test"
"""
SHORTER = '[bounds.word_count]\nmin = 5\nmax = 90\nwhy = "a test"\n'


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("input")
    for name in FILES:
        shutil.copy2(SAMPLE / f"{name}.jsonl", folder)
    numbers = " ".join(str(number * 7919) for number in range(90))
    undetermined = [numbers, numbers, f"{numbers} 1234567"]
    (folder / "und.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in undetermined), "utf-8")
    return folder


@pytest.fixture(scope="module")
def finished(inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    output = str(tmp_path_factory.mktemp("run") / "web")
    assert again(inputs, output) == 0
    return output


def again(inputs: Path, output: str, configs: Path | None = None) -> int:
    options = {"lang_configs": str(configs)} if configs else {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.run._write_report", lambda *_: None)  # nothing here looks at it
        return run("web", output, inputs=[str(inputs)], engine="inline", quiet=True, **options).status


def ledger(output: str, language: str) -> Mapping[str, tuple[int, int, int]]:
    """Documents, characters and bytes of `decide` by reason."""
    rows = [row for row in RunDir(output).ledger.to_pylist() if (row["step"], row["language"]) == ("decide", language)]
    sums: dict[str, list[int]] = {}
    for row in rows:
        if row["flow"] != "in":
            known = sums.setdefault(row["reason"] or KEPT, [0, 0, 0])
            for place, name in enumerate(("documents", "characters", "bytes")):
                known[place] += row[name]
    return {reason: (n, characters, size) for reason, (n, characters, size) in sums.items()}


def told(amounts: Mapping[str, object]) -> Mapping[str, tuple[int, int, int]]:
    return {name: (a.documents, a.characters, a.bytes) for name, a in amounts.items()}  # type: ignore[attr-defined]


def shown(trial: object) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(render(trial))  # type: ignore[arg-type]
    return captured.get()


def test_the_bounds_of_the_run_change_nothing_in_any_language(finished: str) -> None:
    run_dir = RunDir(finished)
    languages = {row["language"] for row in run_dir.query("SELECT DISTINCT language FROM decisions")}
    assert {"deu_Latn", "ekk_Latn", "und"} <= languages
    for language in languages:
        trial = try_edit(run_dir, language)
        assert (trial.edits, trial.before) == ((), trial.after)
        assert told(trial.before) == ledger(finished, language)
        assert not trial.newly_kept.documents
        assert not trial.newly_rejected.documents
        assert not trial.other_reason


@pytest.mark.parametrize(
    ("edit", "keys"),
    [
        (LOOSER, ["bounds.stop_word_count"]),
        (SHORTER, ["bounds.word_count"]),
        (CONFUSED, ["identification.confusable", "bounds.language_second_score"]),
    ],
    ids=["looser", "shorter", "confused"],
)
def test_the_ledger_moves_by_what_was_said_and_only_that_language_runs(
    inputs: Path, finished: str, tmp_path: Path, edit: str, keys: list[str]
) -> None:
    output, configs = str(tmp_path / "run"), tmp_path / "langs"
    shutil.copytree(finished, output)
    configs.mkdir()
    (configs / "deu_Latn.toml").write_text(edit, "utf-8")
    trial = try_edit(RunDir(output), "de", lang_configs=str(configs))
    assert [change.key for change in trial.edits] == keys
    assert told(trial.before) == ledger(output, "deu_Latn") != told(trial.after)
    kept = set(kept_ids(output))
    steps = plan("web", output, inputs=[str(inputs)], lang_configs=str(configs))
    assert [(step.name, [unit.label for unit in step.pending]) for step in steps if step.pending] == [
        ("decide", ["deu_Latn"])
    ]
    assert again(inputs, output, configs) == 0
    assert told(trial.after) == ledger(output, "deu_Latn")
    now = set(kept_ids(output))
    assert (len(now - kept), len(kept - now)) == (trial.newly_kept.documents, trial.newly_rejected.documents)
    assert {sample.doc_id for sample in trial.kept_samples} <= now - kept
    assert {sample.doc_id for sample in trial.rejected_samples} <= kept - now
    if edit == CONFUSED:
        rows = RunDir(output).query(
            "SELECT a.doc_id, language_second = 'eng_Latn' AS confusable, keep FROM annotations a"
            " JOIN decisions d USING (doc_id) WHERE a.language = 'deu_Latn' AND a.language_second_score > 0.0001"
        )
        assert {row["confusable"] for row in rows if row["keep"]} == {True}
        assert {row["confusable"] for row in rows} == {True, False}
        signals = [
            signal
            for row in rows
            if row["confusable"]
            for story in why(RunDir(output), row["doc_id"]).documents
            for signal in story.signals
            if signal.column == "language_second_score"
        ]
        assert signals
        assert all(signal.passes and "confusable with deu_Latn" in (signal.why or "") for signal in signals)


def kept_ids(output: str) -> list[str]:
    return [row["doc_id"] for row in RunDir(output).query("SELECT doc_id FROM decisions WHERE keep")]


def test_a_survivor_that_is_dropped_promotes_another_of_its_cluster(finished: str) -> None:
    run_dir = RunDir(finished)
    rows = run_dir.query(
        "SELECT d.language, d.cluster, max(a.word_count) AS longest FROM decisions d JOIN annotations a USING (doc_id)"
        " WHERE d.cluster_size > 1 AND (d.keep OR d.survivor IS NOT NULL) GROUP BY ALL"
        " HAVING count(DISTINCT a.word_count) > 1 ORDER BY longest DESC"
    )
    row = rows[0]
    trial = try_edit(run_dir, row["language"], [f"word_count.max={row['longest'] - 1}"])
    assert trial.newly_kept.documents >= 1
    assert "dedup.minhash" in {sample.reason for sample in trial.kept_samples}
    assert "newly kept" in shown(trial)


def test_an_edited_list_says_that_only_a_run_can_tell(finished: str, tmp_path: Path) -> None:
    (tmp_path / "deu_Latn.toml").write_text('[text]\nstop_words = ["der", "neu"]\n', "utf-8")
    trial = try_edit(RunDir(finished), "deu", lang_configs=str(tmp_path))
    assert [edit.key for edit in trial.annotates] == ["text.stop_words"]
    assert "annotates deu_Latn again" in shown(trial)
    assert "new: neu" in trial.annotates[0].after


def test_bounds_are_set_taken_away_and_not_measured(finished: str, tmp_path: Path) -> None:
    run_dir = RunDir(finished)
    trial = try_edit(run_dir, "deu", ["word_count.min=10", "bounds.word_count.max=60", "symbol_ratio=off"])
    assert [(edit.key, edit.after) for edit in trial.edits] == [
        ("bounds.symbol_ratio", "off"),
        ("bounds.word_count", ">= 10, <= 60"),
    ]
    (tmp_path / "deu_Latn.toml").write_text('[bounds.gopher_keep]\nmin = 1\nwhy = "a test"\n', "utf-8")
    assert try_edit(run_dir, "deu", lang_configs=str(tmp_path)).unmeasured == ("gopher_keep",)


def test_words_are_measured_and_tokens_need_a_tokenizer(finished: str) -> None:
    trial = try_edit(RunDir(finished), "deu", ["word_count.min=100000"], samples=0)
    assert trial.newly_rejected.words
    assert trial.newly_rejected.tokens is None
    assert trial.rejected_samples == ()


@pytest.mark.parametrize(
    ("language", "settings", "message"),
    [
        ("deu", ["word_cuont.min=3"], "did you mean 'word_count'"),
        ("deu", ["word_count=3"], "give word_count.min=NUMBER"),
        ("deu", ["word_count.min=many"], "give word_count.min=NUMBER"),
        ("deu", ["word_count.min=nan"], "give word_count.min=NUMBER"),
        ("deu", ["stop_words=der"], "only a run can tell"),
        ("deu", ["text.terminators=."], "only a run can tell"),
        ("khm", ["word_count.min=3"], "no decisions on 'khm_Khmr'"),
    ],
)
def test_what_cannot_be_tried_says_why(finished: str, language: str, settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        try_edit(RunDir(finished), language, settings)


def test_a_run_without_decisions_says_so(inputs: Path, tmp_path: Path) -> None:
    pipeline = tmp_path / "read.toml"
    pipeline.write_text(
        '[[step]]\nstage = "ingest.read"\n\n[[step]]\nstage = "identify.fasttext"\nmodel = "lid.176"\n', "utf-8"
    )
    output = str(tmp_path / "out")
    assert run(str(pipeline), output, inputs=[str(inputs / "ekk.jsonl")], engine="inline", quiet=True).status == 0
    with pytest.raises(ConfigError, match="needs a run that decides"):
        try_edit(RunDir(output), "ekk", ["word_count.min=3"])


def test_the_command_prints_what_moves(finished: str, capsys: pytest.CaptureFixture[str]) -> None:
    app(["lang", "try", "deu", "--run", finished, "--set", "word_count.min=90", "-n", "1"], standalone_mode=False)
    printed = capsys.readouterr().out
    assert "bounds.word_count" in printed
    assert "newly rejected:" in printed
