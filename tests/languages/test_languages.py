"""Language files: inheritance, the user's own, errors, and that the installed ones are in order."""

from pathlib import Path

import pytest

from pipelines.lang.derive.bounds import dropped
from pipelines.lang.derive.reference import Measurer, Reference, read_references
from pipelines.language_checks import cannot_bind, check_languages, require_languages
from pipelines.languages import (
    INSTALLED,
    Bound,
    bounds_under,
    inherited_bounds,
    layers_of,
    list_languages,
    load_language,
    own_file,
    resolve_code,
    script_file,
)
from stages.errors import ConfigError
from stages.identify.labels import label_table
from tests.reference_text import reference_text


def write(folder: Path, stem: str, content: str) -> Path:
    (folder / f"{stem}.toml").write_text(content, "utf-8")
    return folder


def test_installed_files_are_in_order() -> None:
    assert check_languages() == []


def test_installed_languages_cover_the_scripts() -> None:
    rows = list_languages()
    assert len({row.script for row in rows if row.script}) >= 14
    unusual = {row.code: row.stop_words for row in rows if row.stop_words and not 10 <= row.stop_words <= 40}
    assert not unusual, "a language that is shipped has 10 to 40 stop words, or none"
    assert {"ekk_Latn", "srp_Cyrl", "srp_Latn", "und"} <= {row.code for row in rows}


def test_every_language_that_the_default_model_knows_has_a_file() -> None:
    assert set(label_table("lid.176").values()) <= {row.code for row in list_languages()}


@pytest.mark.realdata
def test_every_reference_language_has_a_file(data_root: Path) -> None:
    """Of `mono`; one of at least 100 kB has values of its own or says why not, a smaller one what it falls back on."""
    codes = {row.code for row in list_languages()}
    for code in read_references([str(data_root / "mono")]):
        assert code in codes or code.startswith("und_"), code


@pytest.mark.parametrize("code", [row.code for row in list_languages()])
def test_an_installed_file_sets_something_or_says_why_not(code: str) -> None:
    file = own_file(code)
    assert file.name
    assert (file.backoff is not None) == file.falls_back()
    assert load_language(code).backoff == file.backoff


def test_a_language_that_exists_nowhere_yet_is_one_file(tmp_path: Path) -> None:
    """Võro: no installed file, no label of the default model; its file alone makes bounds and stop words work."""
    code = "vro_Latn"
    assert code not in {row.code for row in list_languages()}
    assert code not in label_table("lid.176").values()
    words = ["ja", "om", "et", "ei", "ka", "tuu", "ku", "vai", "mi", "sis"]
    write(
        tmp_path,
        code,
        f'name = "Võro"\n[text]\nstop_words = {words}\nstop_words_why = "judgement"\n'
        '[bounds.word_count]\nmin = 4\nwhy = "judgement: proverbs"\n',
    )
    assert [path.name for path in tmp_path.iterdir()] == [f"{code}.toml"]
    assert check_languages(tmp_path) == []
    assert resolve_code("vro", tmp_path) == code
    language = load_language(code, tmp_path)
    measured = Measurer()(
        Reference(
            code,
            [
                reference_text("a", "Ilm om illos ja päiv om hää.", "x"),
                reference_text("b", "Weather is fine today.", "x"),
            ],
        ),
        language.text,
    )
    masks = dropped(measured, {name: language.bounds[name] for name in ("word_count", "stop_word_count")})
    assert masks["word_count", "min"].tolist() == [False, False]
    assert masks["stop_word_count", "min"].tolist() == [False, True]


def test_und_never_passes() -> None:
    assert (load_language("und").bounds["language_score"].minimum or 0) > 0


def test_a_language_without_a_file_has_its_scripts() -> None:
    voro, unknown = load_language("vro_Latn"), load_language("xxx_Zzzz")
    assert voro.name == "Võro"
    assert voro.text.code == "vro_Latn"
    assert voro.text.stop_words == frozenset()
    assert unknown.bounds["word_count"] == load_language("und").bounds["word_count"]


def test_groups_lie_between_script_and_language(tmp_path: Path) -> None:
    write(tmp_path, "_Latn", "[bounds.word_count]\nmin = 3\n")
    write(tmp_path, "_alv", "[bounds.word_count]\nmin = 4\n")
    write(tmp_path, "_bnt", "[bounds.word_count]\nmin = 5\n[bounds.url_ratio]\nmax = 0.2\n")
    assert layers_of("zul_Latn") == ("_default", "_Latn", "_alv", "_bnt", "zul_Latn")
    assert load_language("zul_Latn", tmp_path).bounds["word_count"].minimum == 5
    assert load_language("yor_Latn", tmp_path).bounds["word_count"].minimum == 4
    assert load_language("ekk_Latn", tmp_path).bounds["word_count"].minimum == 3
    write(tmp_path, "zul_Latn", "[bounds.word_count]\nmin = 6\n")
    zulu = load_language("zul_Latn", tmp_path).bounds
    assert (zulu["word_count"].minimum, zulu["url_ratio"].maximum) == (6, 0.2)


def test_a_file_that_no_language_reads_is_told(tmp_path: Path) -> None:
    write(tmp_path, "_bnz", '[bounds.word_count]\nmin = 4\nwhy = "mine"\n')
    (problem,) = check_languages(tmp_path)
    assert problem.endswith("a group of ISO 639-5 as _bnt; no language reads it")


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('confusable = ["et"]\nconfusable_why = "mine"', "identification.confusable: 'et' is not a code as ekk_Latn"),
        (
            'confusable = ["ekk_Latn"]\nconfusable_why = "mine"',
            "identification.confusable: ekk_Latn is the language itself",
        ),
        ('confusable = ["fin_Latn"]', 'identification.confusable: say where it is from, as confusable_why = "..."'),
        ('confused = ["fin_Latn"]', "unknown key 'identification.confused'; did you mean 'confusable'?"),
    ],
)
def test_what_is_wrong_with_confusable_languages(tmp_path: Path, table: str, problem: str) -> None:
    write(tmp_path, "ekk_Latn", f"[identification]\n{table}\n")
    (found,) = check_languages(tmp_path)
    assert found.endswith(problem)


def test_a_segmenter_that_there_is_not(tmp_path: Path) -> None:
    write(tmp_path, "ekk_Latn", '[text]\nsegmenter = "jieba"\n')
    (found,) = check_languages(tmp_path)
    assert "text.segmenter: Input should be 'dictionary', 'clusters' or 'spaces', got 'jieba'" in found


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
        ("ekk_Latn", "[text]\nstop_words_why = 'x'\nstop_words = ['Ja', 'ei']", "'Ja' is not in lower case"),
        ("ekk_Latn", "[text]\nstop_words_why = 'x'\nstop_words = ['o\u0308', 'ei']", "is not in NFC"),
        ("ekk_Latn", "[text]\nstop_words_why = 'x'\nstop_words = ['ja', 'ja', 'ei']", "'ja' stands twice"),
        ("ekk_Latn", "[text]\nstop_words = ['ja', 'ei']", "text.stop_words: say where it is from, as stop_words_why"),
        ("ekk_Latn", "[text]\nterminators = '.'", "text.terminators: say where it is from, as terminators_why"),
        ("ekk_Latn", "[bounds.digit_ratio]\nmax = 1.2\nwhy = 'x'", "max 1.2 drops nothing: a ratio is at most 1"),
        ("ekk_Latn", "[bounds.script_ratio]\nmin = 2\nwhy = 'x'", "min 2 drops every text: a ratio is at most 1"),
        ("ekk_Latn", "[bounds.digit_ratio]\nmin = 0\nwhy = 'x'", "min 0 drops nothing: no value is below 0"),
        ("ekk_Latn", "[bounds.digit_ratio]\nmax = -1\nwhy = 'x'", "max -1 drops every text: no value is below 0"),
        (
            "ekk_Latn",
            "[text]\nstop_words = ['ja']\nstop_words_why = 'x'",
            "bounds.stop_word_count: min 2 drops every text: there are 1 stop words",
        ),
        ("ekk_Latn", "backoff = 'x'\n[bounds.digit_ratio]\nmax = 0.2\nwhy = 'x'", "leave `backoff` out"),
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


@pytest.mark.parametrize(
    ("bound", "binds"),
    [
        (Bound("digit_ratio", None, 0.99), True),
        (Bound("digit_ratio", None, 1), False),
        (Bound("script_ratio", 1, None), True),
        (Bound("word_count", 50, 100_000), True),
        (Bound("word_count", 0, None), False),
        (Bound("curly_brace_count", None, 0), True),
        (Bound("mean_word_length", 2.2, 15), True),
    ],
)
def test_a_bound_that_cannot_bind(bound: Bound, binds: bool) -> None:
    assert (cannot_bind(bound) is None) == binds


def test_a_macrolanguage_may_have_a_file(tmp_path: Path) -> None:
    write(tmp_path, "que_Latn", "name = 'Quechua'")
    assert check_languages(tmp_path) == []
    assert resolve_code("que_Latn", tmp_path) == "que_Latn"


@pytest.mark.parametrize("code", ["xx", "qq_Latn"])
def test_two_wrong_letters_suggest_no_language(code: str) -> None:
    with pytest.raises(ConfigError, match=f"'{code}' is not a language code; codes are ISO 639-3 and ISO 15924"):
        resolve_code(code)


def test_layers_of_bounds() -> None:
    default = {bound.column: bound for bound in inherited_bounds("xxx_Zzzz").values()}
    assert bounds_under(default, script_file("tha_Thai")) == inherited_bounds("tha_Thai")
    assert script_file("ekk_Latn") == own_file("vro_Latn")


def test_installed_folder() -> None:
    assert (INSTALLED / "_default.toml").is_file()
