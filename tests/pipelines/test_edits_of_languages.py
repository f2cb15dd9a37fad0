"""`lang diff`: what a user's files change against the installed ones."""

from pathlib import Path

import pytest

from pipelines.cli import app
from pipelines.lang.edits import Change, user_changes
from stages.errors import ConfigError

EKK = """
[text]
stop_words = ["ja", "on", "uus"]
terminators = ".!?"

[bounds.word_count]
min = 5
why = "stories are short"

[bounds.symbol_ratio]
off = true
why = "a test"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "ekk_Latn.toml").write_text(EKK, "utf-8")
    return tmp_path


def found(changes: list[Change]) -> dict[str, tuple[str, str, str | None]]:
    return {change.key: (change.before, change.after, change.why) for change in changes}


def test_every_changed_key_stands_with_both_values_and_why(folder: Path) -> None:
    (changes,) = user_changes("et", str(folder)).values()
    keys = found(changes)
    assert set(keys) == {"bounds.word_count", "bounds.symbol_ratio", "text.stop_words", "text.terminators"}
    assert keys["bounds.word_count"][1:] == (">= 5, <= 100000", "stories are short")
    assert keys["bounds.symbol_ratio"][1] == "off"
    assert keys["text.stop_words"][1].startswith("3 words; new: uus; gone: ")
    assert keys["text.terminators"][1] == ".!?"
    assert {change.key for change in changes if change.annotates} == {"text.stop_words", "text.terminators"}


def test_a_folder_tells_what_languages_share_once(folder: Path) -> None:
    (folder / "_default.toml").write_text('[bounds.digit_ratio]\nmax = 0.2\nwhy = "a test"\n', "utf-8")
    (folder / "_Latn.toml").write_text('[bounds.url_ratio]\nmax = 0.1\nwhy = "a test"\n', "utf-8")
    changes = user_changes(str(folder), None)
    assert list(changes) == ["_default", "_Latn", "ekk_Latn"]
    assert set(found(changes["_default"])) == {"bounds.digit_ratio"}
    assert set(found(changes["_Latn"])) == {"bounds.url_ratio"}
    assert not {"bounds.digit_ratio", "bounds.url_ratio"} & set(found(changes["ekk_Latn"]))


def test_the_same_values_change_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ekk_Latn.toml").write_text('[bounds.digit_ratio]\nmax = 0.3\nwhy = "other words"\n', "utf-8")
    app(["lang", "diff", str(tmp_path)], standalone_mode=False)
    assert "no file changes anything" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "configs", "message"),
    [("ekk", None, "give --lang-configs DIR"), ("ekk", "nowhere", "no such folder"), ("qqqq", None, "qqqq")],
)
def test_what_cannot_be_compared_says_why(target: str, configs: str | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        user_changes(target, configs)
