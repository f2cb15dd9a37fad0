"""`babelmill lang try`: what it refuses, and what it says of a run that has nothing of a language."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.inspect import inspect
from pipelines.lang.trial import render
from pipelines.lang.trying import try_edit, with_settings
from pipelines.languages import Bound
from pipelines.run import run
from pipelines.rundir import RunDir
from stages.errors import ConfigError

WORDS = {"word_count": Bound("word_count", 50, 100, "a test"), "digit_ratio": Bound("digit_ratio", None, 0.3)}
COLUMNS = ("word_count", "digit_ratio", "stop_word_count")
TEXT = "Die Mühle am Bach ist alt, und der Müller war früh auf den Beinen und hat das Korn mit der Hand gewogen. "


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A run of some German."""
    folder = tmp_path_factory.mktemp("german")
    pages = [f"{TEXT * 3}Das Rad Nummer {number} steht still." for number in range(4)]
    (folder / "deu.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in pages), "utf-8")
    output = str(folder / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.run._write_report", lambda *_: None)  # nothing here looks at it
        assert run("web", output, inputs=[str(folder / "deu.jsonl")], engine="inline", quiet=True).status == 0
    return RunDir(output)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["word_count.max=20"], r"^--set word_count.max=20: bounds.word_count: min 50 is above max 20$"),
        (["word_count.min=90", "word_count.max=20"], r"^--set word_count.min=90 --set word_count.max=20: .*above max"),
        (["digit_ratio.max=1"], r"^--set digit_ratio.max=1: bounds.digit_ratio: max 1 drops nothing"),
        (["stop_word_count.min=9"], r"min 9 drops every text: there are 8 stop words"),
    ],
)
def test_a_setting_that_a_file_may_not_have_is_refused(settings: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        with_settings(WORDS, settings, COLUMNS, stop_words=8)


def test_two_settings_may_move_a_bound_past_its_other_side() -> None:
    found = with_settings(WORDS, ["word_count.min=200", "word_count.max=300"], COLUMNS, stop_words=8)
    assert (found["word_count"].minimum, found["word_count"].maximum) == (200, 300)


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ("[bounds.word_count]\nmin = 90\nmax = 20", "deu_Latn.toml: bounds.word_count: min 90 is above max 20"),
        ("[bounds.digit_ratio]\nmax = 1.2", "deu_Latn.toml: bounds.digit_ratio: max 1.2 drops nothing"),
    ],
)
def test_files_that_a_run_refuses_are_refused(finished: RunDir, tmp_path: Path, bound: str, message: str) -> None:
    (tmp_path / "deu_Latn.toml").write_text(f'{bound}\nwhy = "a test"\n', "utf-8")
    with pytest.raises(ConfigError, match=message):
        try_edit(finished, "deu", lang_configs=str(tmp_path))


def test_tokens_are_left_out_without_a_tokenizer(finished: RunDir) -> None:
    trial = try_edit(finished, "deu", ["word_count.min=51"], samples=0)
    assert trial.newly_kept.documents == 0
    console = Console(width=200)
    with console.capture() as captured:
        console.print(render(trial))
    assert "newly kept: 0 documents, 0 words\n" in captured.get()


@pytest.mark.parametrize("settings", [["word_count.min=3"], []])
def test_a_run_without_a_language_names_those_that_it_has(finished: RunDir, settings: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"no decisions on 'yor_Latn', Yoruba; it has text in deu_Latn$"):
        try_edit(finished, "yor", settings)


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("yor", r"the run decided on no text in 'yor_Latn', Yoruba; it rejected text in deu_Latn$"),
        ("ekk", r"the run decided on no text in 'ekk_Latn', Estonian; "),
        ("deuu_Latn", r"did you mean 'deu_Latn'\?"),
    ],
)
def test_a_spelling_is_suggested_for_what_is_no_language_only(finished: RunDir, language: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        inspect(finished, language)
