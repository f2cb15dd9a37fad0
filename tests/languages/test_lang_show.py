"""`babelmill lang show`: everything that is set, from which file and why."""

from pathlib import Path

import pytest
from rich.console import Console

from pipelines.cli import app
from pipelines.lang.showing import render
from pipelines.languages import INSTALLED, Origin, list_languages, load_language, origins_of, own_file

MINE = """
[text]
stop_words = ["ni", "ti"]
stop_words_why = "mine"

[bounds.word_count]
min = 5
why = "stories are short"

[bounds.symbol_ratio]
off = true
why = "no symbols here"

[bounds.curly_brace_count]
max = 3
why = "on again"
"""


def shown(code: str, lang_configs: str | None = None) -> list[str]:
    console = Console(width=1000)
    with console.capture() as captured:
        console.print(render(code, lang_configs))
    return [" ".join(line.split()) for line in captured.get().splitlines()]


def test_every_setting_has_its_file_and_why() -> None:
    lines = shown("yor_Latn")
    file = own_file("yor_Latn")
    for column, bound in file.bounds.items():
        (row,) = [line for line in lines if f" {column} " in line]
        assert f"yor_Latn.toml: {bound.why}" in row
    assert any(f" _default.toml: {own_file('_default').bounds['word_count'].why}" in line for line in lines)
    for why in (file.text.stop_words_why, file.text.frequent_words_why, file.identification.confusable_why):
        assert f"yor_Latn.toml: {why}" in lines
    words = file.text.frequent_words or ()
    assert f"frequent words: {len(words)}, {' '.join(words[:12])} and {len(words) - 12} more" in lines


def test_bounds_come_first_and_those_of_the_language_before_the_inherited() -> None:
    lines = shown("yor_Latn")
    places = [
        next(number for number, line in enumerate(lines) if part in line)
        for part in (
            " frequent_word_ratio ",
            " language_score ",
            " alphabetic_word_ratio ",
            "stop words:",
            "sentence ends:",
        )
    ]
    assert places == sorted(places)
    assert lines[places[-1]] == "sentence ends: as Unicode has them"


def test_files_of_the_user_are_named_by_path(tmp_path: Path) -> None:
    path = tmp_path / "yor_Latn.toml"
    path.write_text(MINE, "utf-8")
    found = origins_of("yor_Latn", tmp_path)
    default = INSTALLED / "_default.toml"
    assert found["bounds.word_count"] == Origin((default, path), "stories are short")
    assert found["bounds.symbol_ratio"] == Origin((path,), "no symbols here")
    assert found["bounds.curly_brace_count"] == Origin((path,), "on again")
    assert found["bounds.short_line_ratio"].files == (default,)
    assert found["text.stop_words"] == Origin((path,), "mine")
    lines = shown("yor_Latn", str(tmp_path))
    assert f"{path}: mine" in lines
    assert any(" symbol_ratio " in line and " off " in line and f"{path}: no symbols here" in line for line in lines)


def test_every_bound_has_an_origin_with_its_reason() -> None:
    for code in [*(row.code for row in list_languages()), "vro_Latn"]:
        found = origins_of(code)
        for column, bound in load_language(code).bounds.items():
            assert found[f"bounds.{column}"].why == bound.why


def test_a_bound_without_a_limit_is_shown(tmp_path: Path) -> None:
    (tmp_path / "yor_Latn.toml").write_text('[bounds.url_length]\nwhy = "forgotten"\n', "utf-8")
    assert any(" url_length " in line and "forgotten" in line for line in shown("yor_Latn", str(tmp_path)))


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    app(["lang", "show", "yo"], standalone_mode=False)
    assert capsys.readouterr().out.startswith("yor_Latn: Yoruba\n")
