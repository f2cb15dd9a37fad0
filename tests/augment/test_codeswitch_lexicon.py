"""`augment.codeswitch_lexicon`: words of a document in other languages."""

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stages.augment.codeswitch_lexicon import CodeswitchLexicon, codeswitch_lexicon
from stages.augment.lexicon import Lexicon, OpenLexicon

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
ESTONIAN = ("üks", "kaks", "kolm", "neli", "viis", "kuus", "seitse", "kaheksa", "üheksa", "kümme")
GERMAN = ("eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn")
LEXICON = OpenLexicon(
    {
        "eng_Latn": {
            number: {"ekk_Latn": (estonian,), "deu_Latn": (german,)}
            for number, estonian, german in zip(NUMBERS, ESTONIAN, GERMAN, strict=True)
        }
    },
    "test",
)


def corpus(*texts: str, language: str = "eng_Latn") -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [
            {"doc_id": f"{index:032x}", "text": text, "language": language, "source": "test", "licence": "CC0"}
            for index, text in enumerate(texts)
        ]
    )


def switched(text: str, **options: Any) -> list[str]:
    config = CodeswitchLexicon(**{"lexicon": "unused", "languages": ("est_Latn",), **options})
    return codeswitch_lexicon(corpus(text), config, lexicon=LEXICON).column("text").to_pylist()


COUNTING = " ".join(NUMBERS)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("One two, THREE!\n\n`four` 5", {"rate": 1.0}, ["Üks kaks, KOLM!\n\n`neli` 5"]),
        (COUNTING, {"rate": 1.0, "languages": ("deu_Latn",)}, [" ".join(GERMAN)]),
        ("nothing to find here at all", {"rate": 1.0}, []),
        ("one word among ten others that nobody knows, ever", {"rate": 1.0, "min_found": 0.5}, []),
        (COUNTING, {"languages": ("fin_Latn",)}, []),
        (COUNTING, {"share": 0.0}, []),
        ("", {}, []),
    ],
)
def test_switching(text: str, options: dict[str, Any], expected: list[str]) -> None:
    assert switched(text, **options) == expected


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5, 0.8])
def test_rate_is_the_share_of_words(rate: float) -> None:
    words = switched(" ".join(NUMBERS * 10), rate=rate)[0].split()
    assert sum(word in ESTONIAN for word in words) == rate * 100


def test_copies_differ_and_have_ids_of_their_own() -> None:
    config = CodeswitchLexicon(lexicon="unused", copies=3)
    rows = codeswitch_lexicon(corpus(COUNTING), config, lexicon=LEXICON).to_pylist()
    assert len({row["text"] for row in rows}) == len({row["doc_id"] for row in rows}) == 3


@pytest.mark.parametrize("unit", ["sentence", "chunk"])
def test_a_unit_goes_to_one_language(unit: str) -> None:
    text = "\n".join(" ".join(NUMBERS[:8]) + "." for _ in range(20))
    lines = switched(text, unit=unit, rate=0.5, languages=())[0].splitlines()
    kinds = {
        language: [line for line in lines if set(line.rstrip(".").split()) <= set(numbers)]
        for language, numbers in (("eng", NUMBERS), ("ekk", ESTONIAN), ("deu", GERMAN))
    }
    assert len(kinds["eng"]) == 10
    assert kinds["ekk"]
    assert kinds["deu"]
    assert sum(map(len, kinds.values())) == 20


def test_weights_decide_how_often_a_language_is_drawn() -> None:
    words = switched(" ".join(NUMBERS * 50), rate=1.0, languages=(), weights={"est_Latn": 3})[0].split()
    assert 0.7 < sum(word in ESTONIAN for word in words) / len(words) < 0.8
    assert not set(ESTONIAN) & set(switched(COUNTING, rate=1.0, languages=(), weights={"est_Latn": 0})[0].split())


@pytest.mark.parametrize(("label", "language"), [("mul", "mul"), ("document", "eng_Latn")])
def test_provenance(label: Any, language: str) -> None:
    config = CodeswitchLexicon(lexicon="unused", label=label)
    (row,) = codeswitch_lexicon(corpus(COUNTING), config, lexicon=LEXICON).to_pylist()
    assert {key: row[key] for key in ("language", "origin", "derived_from", "backend", "licence")} == {
        "language": language,
        "origin": "mixed",
        "derived_from": ["0" * 32],
        "backend": "lexicon test",
        "licence": "CC0",
    }


@pytest.mark.realdata
def test_freedict_on_real_pages(data_root: Path) -> None:
    """A tenth of the words of real English, French and German text changes, and nothing but words."""
    lexicon = Lexicon(str(data_root / "lexicon/freedict/entries.jsonl.gz")).open()
    documents = []
    with gzip.open(sorted((data_root / "bench").glob("*.jsonl.gz"))[0], "rt", encoding="utf-8") as lines:
        for line in lines:
            page = json.loads(line)
            if page["lang"] in ("eng_Latn", "fra_Latn", "deu_Latn") and len(page["text"]) > 500:
                documents.append((page["lang"], page["text"][:5000]))
            if len(documents) == 40:
                break
    config = CodeswitchLexicon(lexicon="unused", rate=0.1)
    for language, text in documents:
        rows = codeswitch_lexicon(corpus(text, language=language), config, lexicon=lexicon).to_pylist()
        for row in rows:
            assert row["text"] != text
            assert row["text"].count("\n") == text.count("\n")
            assert abs(len(row["text"].split()) / len(text.split()) - 1) < 0.25
