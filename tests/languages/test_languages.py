"""Language files: inheritance, the user's own, errors, and that the installed ones are in order."""

from pathlib import Path

import pytest

from pipelines.languages import INSTALLED, check_languages, list_languages, load_language, require_languages
from stages.errors import ConfigError


def write(folder: Path, stem: str, content: str) -> Path:
    (folder / f"{stem}.toml").write_text(content, "utf-8")
    return folder


def test_installed_files_are_in_order() -> None:
    assert check_languages() == []


def test_installed_languages_cover_the_scripts() -> None:
    rows = list_languages()
    assert len({row.script for row in rows if row.script}) >= 14
    unusual = {row.code: row.stop_words for row in rows if row.code != "und" and not 10 <= row.stop_words <= 40}
    assert not unusual, "a language that is shipped has 10 to 40 stop words"
    assert {"ekk_Latn", "srp_Cyrl", "srp_Latn", "und"} <= {row.code for row in rows}


def test_und_never_passes() -> None:
    assert (load_language("und").bounds["language_score"].minimum or 0) > 0


def test_a_language_without_a_file_has_its_scripts() -> None:
    wolof, unknown = load_language("wol_Latn"), load_language("xxx_Zzzz")
    assert wolof.name == "Wolof"
    assert wolof.text.code == "wol_Latn"
    assert wolof.text.stop_words == frozenset()
    assert unknown.bounds["word_count"] == load_language("und").bounds["word_count"]


def test_the_users_files_lie_over_the_installed(tmp_path: Path) -> None:
    before = load_language("ekk_Latn")
    write(tmp_path, "_default", "[bounds.word_count]\nmin = 7\n")
    write(tmp_path, "_Latn", "[bounds.word_count]\nmax = 900\n[bounds.symbol_ratio]\noff = true\n")
    write(
        tmp_path,
        "ekk_Latn",
        'name = "Eesti"\n[text]\nstop_words = ["ja"]\n[bounds.url_ratio]\nmax = 0.25\nwhy = "mine"\n',
    )
    after = load_language("ekk_Latn", tmp_path)
    assert (after.name, after.text.stop_words) == ("Eesti", frozenset({"ja"}))
    assert (after.bounds["word_count"].minimum, after.bounds["word_count"].maximum) == (7.0, 900.0)
    assert (after.bounds["url_ratio"].maximum, after.bounds["url_ratio"].why) == (0.25, "mine")
    assert "symbol_ratio" in before.bounds
    assert "symbol_ratio" not in after.bounds
    assert after.text.terminators == before.text.terminators


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nam = 'x'", r"ekk_Latn.toml: unknown key 'nam'; did you mean 'name'\?"),
        ("[text]\nstop_word = []", r"unknown key 'text.stop_word'; did you mean 'stop_words'\?"),
        ("[bounds.word_count]\nmni = 3", r"unknown key 'bounds.word_count.mni'; did you mean 'min'\?"),
        ("[bounds.word_count]\nmin = 'three'", r"bounds.word_count.min: .*number.*got 'three'"),
        ("name = ", r"ekk_Latn.toml: not TOML"),
    ],
)
def test_a_wrong_file_names_the_key(tmp_path: Path, content: str, message: str) -> None:
    write(tmp_path, "ekk_Latn", content)
    with pytest.raises(ConfigError, match=message):
        load_language("ekk_Latn", tmp_path)
    assert len(check_languages(tmp_path)) == 1


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such folder"):
        load_language("ekk_Latn", tmp_path / "none")
    assert check_languages(tmp_path / "none") == [f"{tmp_path / 'none'}: no such folder"]


@pytest.mark.parametrize(
    ("stem", "content", "problem"),
    [
        (
            "ekk_Latn",
            "[bounds.word_cont]\nmin = 3\nwhy = 'x'",
            "no stage measures 'word_cont'; did you mean 'word_count'?",
        ),
        ("ekk_Latn", "[bounds.word_count]\nmin = 3", "bounds.word_count: say why"),
        ("ekk_Latn", "[bounds.word_count]\nmin = 3\nmax = 2\nwhy = 'x'", "min 3 is above max 2"),
        ("ekk_Latn", "[bounds.word_count]\nwhy = 'x'", "neither min nor max"),
        ("ekk_Latn", "[bounds.word_count]\noff = true\nmin = 1\nwhy = 'x'", "off = true, and a limit"),
        ("ekk_Latn", "[text]\nstop_words = ['Ja']", "'Ja' is not in lower case"),
        ("ekk_Latn", "[text]\nstop_words = ['o\u0308']", "is not in NFC"),
        ("ekk_Latn", "[text]\nstop_words = ['ja', 'ja']", "'ja' stands twice"),
        ("ekk_Latn", "code = 'est_Latn'", "leave `code` out"),
        ("est_Latn", "name = 'Estonian'", "rename the file to ekk_Latn.toml"),
        ("ekkkk_Latn", "name = 'x'", "is not a language code"),
    ],
)
def test_check_says_what_is_wrong(tmp_path: Path, stem: str, content: str, problem: str) -> None:
    problems = check_languages(write(tmp_path, stem, content))
    assert len(problems) == 1
    assert problem in problems[0]
    assert f"{stem}.toml" in problems[0]


def test_columns_of_a_pipeline_may_have_bounds(tmp_path: Path) -> None:
    write(tmp_path, "ekk_Latn", "[bounds.own_keep]\nmin = 1\nwhy = 'x'")
    assert check_languages(tmp_path, {"own_keep"}) == []
    require_languages(tmp_path, {"own_keep"})
    with pytest.raises(ConfigError, match="no stage measures 'own_keep'"):
        require_languages(tmp_path)


def test_installed_folder() -> None:
    assert (INSTALLED / "_default.toml").is_file()
