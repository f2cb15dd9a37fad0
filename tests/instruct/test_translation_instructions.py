"""`instruct.translation_instructions`: pairs to conversations."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from stages.errors import ConfigError
from stages.instruct.example_pairs import ExamplePairs
from stages.instruct.translation_instructions import TranslationInstructions, translation_instructions
from stages.instruct.wordings import Wordings
from tests.bitext import bitext

WORDINGS = Wordings("translation.toml", None, frozenset(), frozenset({"text", "source", "target"})).open()


PAIR = ("The {braces} stay.", "See jääb {alles}.", "eng_Latn", "ekk_Latn")


def rows(*pairs: tuple[str, str, str, str], **options: Any) -> list[dict[str, Any]]:
    config = TranslationInstructions(**options)
    examples = ExamplePairs(config.examples).open()
    made = translation_instructions(bitext(*pairs), config, wordings=WORDINGS, examples=examples)
    return list(made.to_pylist())


@pytest.mark.parametrize(
    ("directions", "languages"),
    [("both", ["ekk_Latn", "eng_Latn"]), ("forward", ["ekk_Latn"]), ("backward", ["eng_Latn"])],
)
def test_directions(directions: str, languages: list[str]) -> None:
    assert [row["language"] for row in rows(PAIR, directions=directions)] == languages


def test_alternate_draws_both_directions() -> None:
    made = rows(*[PAIR] * 200, directions="alternate")
    assert len(made) == 200
    assert 70 < sum(row["language"] == "eng_Latn" for row in made) < 130


@pytest.mark.parametrize(
    ("prompt_language", "language"),
    [("english", "eng_Latn"), ("source", "eng_Latn"), ("target", "ekk_Latn")],
)
def test_prompt_language(prompt_language: str, language: str) -> None:
    """Every request is one of the wordings of that language, filled."""
    names = {"eng_Latn": ("English", "Estonian"), "ekk_Latn": ("inglise", "eesti")}
    source, target = names[language]
    made = rows(*[PAIR] * 60, prompt_language=prompt_language, directions="forward")
    wanted = {prompt.format(text=PAIR[0], source=source, target=target) for prompt in WORDINGS[language].prompts}
    found = {row["messages"][0]["content"] for row in made}
    assert found <= wanted
    assert len(found) > len(wanted) / 2


def test_mixed_draws_all_three_and_a_language_without_wording_is_asked_in_english() -> None:
    made = rows(*[PAIR] * 60, directions="backward")
    prompts = {row["messages"][0]["content"] for row in made}
    assert any("inglise" in prompt for prompt in prompts)
    assert any("English" in prompt for prompt in prompts)
    (row,) = rows(("Hi.", "Ho.", "eng_Latn", "tzl_Latn"), prompt_language="target", directions="forward")
    assert "Talossan" in row["messages"][0]["content"]


def test_pairs_without_a_name_are_left_out() -> None:
    assert rows(("Hi.", "Ho.", "eng_Latn", "qqq_Latn"), prompt_language="english") == []


def test_provenance() -> None:
    forward, backward = rows(PAIR, machine_side="tgt", backend="nllb 1.3B")
    assert forward | {"messages": [], "doc_id": ""} == {
        "doc_id": "",
        "messages": [],
        "language": "ekk_Latn",
        "task": "translation",
        "source": "test",
        "source_id": "s0",
        "licence": "CC0",
        "locator": "pairs.jsonl#0",
        "origin": "translated",
        "recipe": "instruct.translation_instructions",
        "derived_from": ["0" * 32],
        "backend": "nllb 1.3B",
    }
    assert backward["origin"] == "native"
    assert [message["role"] for message in backward["messages"]] == ["user", "assistant"]
    assert backward["messages"][1]["content"] == PAIR[0]


def test_system_share() -> None:
    made = rows(*[PAIR] * 200, system_share=0.25, directions="forward")
    assert 30 < sum(row["messages"][0]["role"] == "system" for row in made) < 70


def test_shots_come_from_the_examples_in_both_directions(tmp_path: Path) -> None:
    examples = tmp_path / "examples.jsonl"
    pairs = [
        {"id": f"e{n}", "src": f"one {n}", "tgt": f"üks {n}", "src_lang": "eng_Latn", "tgt_lang": "est_Latn"}
        for n in range(5)
    ]
    pairs.append(pairs[0] | {"id": "self", "src": PAIR[0], "tgt": PAIR[1]})
    examples.write_text("\n".join(map(json.dumps, pairs)))
    forward, backward = rows(PAIR, shots=9, examples=str(examples), prompt_language="english")
    assert [message["role"] for message in forward["messages"]] == ["user", "assistant"] * 6
    assert {message["content"] for message in forward["messages"][1:-1:2]} == {f"üks {n}" for n in range(5)}
    assert {message["content"] for message in backward["messages"][1:-1:2]} == {f"one {n}" for n in range(5)}
    assert sorted(forward["derived_from"]) == ["0" * 32, "e0", "e1", "e2", "e3", "e4"]
    assert len(rows(PAIR, shots=2, examples=str(examples))[0]["messages"]) == 6


def test_wrong_examples(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shots needs examples"):
        TranslationInstructions(shots=2)
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"src": "x"}')
    with pytest.raises(ConfigError, match="example 1 needs src, tgt, src_lang, tgt_lang"):
        ExamplePairs(str(broken)).open()


@pytest.mark.realdata
def test_tatoeba_in_more_than_a_hundred_languages(data_root: Path) -> None:
    with gzip.open(data_root / "parallel/tatoeba/tatoeba_eng-xxx.jsonl.gz", "rt", encoding="utf-8") as lines:
        pairs = [json.loads(line) for line in lines][::10]
    made = rows(*[(pair["src"], pair["tgt"], pair["src_lang"], pair["tgt_lang"]) for pair in pairs])
    assert len(made) == 2 * len(pairs)
    assert len({row["doc_id"] for row in made}) == len(made)
    assert len({row["language"] for row in made}) > 100
    for row in made:
        request, answer = row["messages"]
        pair = pairs[int(row["derived_from"][0], 16)]
        assert {pair["src"].strip(), pair["tgt"].strip()} >= {answer["content"]}
        assert pair["src"].strip() in request["content"] or pair["tgt"].strip() in request["content"]
