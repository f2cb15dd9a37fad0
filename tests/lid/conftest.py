"""Labelled text in invented languages under codes that CLD2 and lid.176 do not know, and a model trained on it."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pipelines.lid.settings import Balance, Split, Training
from pipelines.lid.train import Trained, train

CODES = ("quc_Latn", "cak_Latn", "chq_Latn", "agr_Latn", "jak_Latn", "dop_Latn", "kbh_Latn", "nhg_Latn")

TINY = Training(dimension=16, buckets=600_000, epochs=8, balance=Balance(characters=200_000))


def words(code: str) -> list[str]:
    """The vocabulary of an invented language, of syllables of its own."""
    draw = random.Random(code)
    sounds = ("ptkbdgmnsrlhwyjv", "aeiou", ("", "n", "x", "q"))
    syllables = ["".join(map(draw.choice, sounds)) for _ in range(14)]
    return ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(80)]


def invented(code: str, seed: int, lines: int = 6) -> str:
    """Lines of sentences of an invented language."""
    draw = random.Random(f"{code} {seed}")
    vocabulary = words(code)
    sentences = [" ".join(draw.choices(vocabulary, k=draw.randint(6, 14))).capitalize() + "." for _ in range(2 * lines)]
    return "\n".join(" ".join(sentences[2 * line : 2 * line + 2]) for line in range(lines))


def written(path: Path, rows: Sequence[dict[str, str]]) -> str:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture(scope="session")
def codes() -> tuple[str, ...]:
    return CODES


@pytest.fixture(scope="session")
def text() -> Callable[..., str]:
    return invented


@pytest.fixture(scope="session")
def write() -> Callable[..., str]:
    return written


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file of ten documents of each language, and one of another."""
    rows = [
        {"id": f"{code}/{number}", "text": invented(code, number), "lang": code, "source": "invented"}
        for code in CODES
        for number in range(10)
    ]
    rows.append({"id": "alone", "text": invented("pps_Latn", 0, 30), "lang": "pps_Latn", "source": "alone"})
    return written(tmp_path_factory.mktemp("labelled") / "labelled.jsonl", rows)


@pytest.fixture(scope="session")
def trained(labelled: str, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model of all but two of the languages, calibrated with CLD2."""
    output = tmp_path_factory.mktemp("model") / "tiny.bin"
    return train([labelled], str(output), split=Split(), training=TINY, others=("cld2",), hold_out=2)
