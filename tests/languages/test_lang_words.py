"""`babelmill lang words`: frequent words that no other language has, and the bound on their share."""

import json
import random
from pathlib import Path

import pytest

from pipelines.lang.words import COLUMN, FrequentWords, frequent_words, shown, write
from pipelines.language_checks import check_languages
from pipelines.languages import load_language
from stages.errors import ConfigError

OWN = [f"oma{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
SHARED = ["on", "see", "ja"]
OTHER = [f"toinen{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


def text(words: list[str], seed: int, lines: int = 120) -> str:
    draw = random.Random(seed)
    return "\n".join(" ".join(draw.choice([*words, *SHARED, "Mari"]) for _ in range(40)) + "." for _ in range(lines))


def reference(path: Path, **fields: dict[str, str]) -> str:
    with path.open("w", encoding="utf-8") as lines:
        for code, record in fields.items():
            lines.write(json.dumps({"lang": code, "id": f"{path.stem}-{code}", "source": "tales", **record}) + "\n")
    return str(path)


def one(code: str, *references: str) -> FrequentWords | str:
    (found,) = frequent_words([code], references)
    return found


def test_words_that_others_have_and_names_are_left_out(tmp_path: Path) -> None:
    path = reference(tmp_path / "a.jsonl", ekk_Latn={"text": text(OWN, 1)}, fin_Latn={"text": text(OTHER, 2)})
    found = one("et", path)
    assert isinstance(found, FrequentWords)
    assert found.code == "ekk_Latn"
    assert set(found.words) == set(OWN)
    assert 0 < found.bound < 0.5
    assert found.lost == 0
    assert found.passed == {}
    assert found.sources == ("tales",)
    assert "tales" in found.why
    assert "held-out" in found.bound_why


def test_a_language_that_has_the_words_too_is_told(tmp_path: Path) -> None:
    path = reference(
        tmp_path / "a.jsonl",
        ekk_Latn={"text": text(OWN, 1)},
        vro_Latn={"text": text(OWN * 2 + OTHER, 2)},
        fin_Latn={"text": text(OTHER, 3)},
    )
    assert one("ekk", path) == "ekk_Latn: 0 frequent words that no other language has, below 20: no list"


def test_lists_come_only_from_text_whose_licence_permits_it(tmp_path: Path) -> None:
    other = {"fin_Latn": {"text": text(OTHER, 2), "licence": "CC-BY-NC-4.0"}}
    closed = reference(tmp_path / "a.jsonl", ekk_Latn={"text": text(OWN, 1), "licence": "CC-BY-NC-4.0"}, **other)
    told = one("ekk", closed)
    assert told == "ekk_Latn: 0 pieces of text whose licence permits lists, below 20: no list"
    assert shown(told) == told
    free = reference(tmp_path / "b.jsonl", ekk_Latn={"text": text(OWN, 1), "licence": "CC-BY-4.0"}, **other)
    assert isinstance(one("ekk", free), FrequentWords)


def test_every_language_is_derived_where_none_is_named(tmp_path: Path) -> None:
    path = reference(
        tmp_path / "a.jsonl",
        ekk_Latn={"text": text(OWN, 1)},
        fin_Latn={"text": text(OTHER, 2)},
        que_Latn={"text": text(OWN[::-1], 4)},
        swe_Latn={"text": text(["kort"], 3, lines=1)},
    )
    found = list(frequent_words([], [path]))
    assert [each.code for each in found if isinstance(each, FrequentWords)] == ["fin_Latn"]
    assert [each for each in found if isinstance(each, str)] == [
        "ekk_Latn: 0 frequent words that no other language has, below 20: no list",
        "que_Latn: stands for several languages: no list",
        "swe_Latn: 0 pieces of text whose licence permits lists, below 20: no list",
    ]


def test_what_is_missing_is_an_error(tmp_path: Path) -> None:
    path = reference(tmp_path / "a.jsonl", ekk_Latn={"text": text(OWN, 1)})
    with pytest.raises(ConfigError, match="text of one language"):
        one("ekk", path)
    with pytest.raises(ConfigError, match="vro_Latn: no text of it"):
        one("vro", path)


def test_lists_are_written_into_a_file_that_is_there(tmp_path: Path) -> None:
    path = reference(tmp_path / "a.jsonl", ekk_Latn={"text": text(OWN, 1)}, fin_Latn={"text": text(OTHER, 2)})
    found = one("ekk", path)
    assert isinstance(found, FrequentWords)
    folder = tmp_path / "own"
    folder.mkdir()
    mine = 'name = "Eesti"\n\n[bounds.word_count]\nmin = 7\nwhy = "mine"\n'
    (folder / "ekk_Latn.toml").write_text(f"# my own file\n{mine}", "utf-8")
    for _ in range(2):
        assert write(found, folder) == folder / "ekk_Latn.toml"
        assert (folder / "ekk_Latn.toml").read_text("utf-8").startswith("# my own file\n")
        assert check_languages(folder) == []
        language = load_language("ekk_Latn", folder)
        assert language.name == "Eesti"
        assert language.bounds["word_count"].minimum == 7
        assert language.bounds[COLUMN].minimum == pytest.approx(found.bound)
        assert language.text.frequent_words == set(found.words)


def test_no_list_no_bound() -> None:
    assert COLUMN not in load_language("xxx_Latn").bounds
