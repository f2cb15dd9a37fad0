"""Bilingual word lists: reading, cleaning, finding."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from stages.augment.codes import folded
from stages.augment.lexicon import Lexicon, recased, with_replacements
from stages.augment.words import sentence_starts, word_spans
from stages.errors import ConfigError


def written(folder: Path, *entries: dict[str, Any], name: str = "lexicon.jsonl") -> str:
    data = "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries).encode()
    path = folder / name
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return str(path)


def entry(src: str, tgt: Any, src_lang: str = "eng_Latn", tgt_lang: str = "ekk_Latn") -> dict[str, Any]:
    return {"src": src, "tgt": tgt, "src_lang": src_lang, "tgt_lang": tgt_lang}


@pytest.mark.parametrize(
    ("src", "tgt", "form", "expected"),
    [
        ("house", ["maja"], "house", ("maja",)),
        ("House", "maja", "house", ("maja",)),
        ("as long as", ["nii kaua kui, kuni"], "as long as", ("nii kaua kui", "kuni")),
        ("add", ["(pridėti) lisama", "lisama"], "add", ("lisama",)),
        ("wash (verb)", ["pesema", "see on väga pikk seletus siin"], "wash", ("pesema",)),
        ("don’t", ["ära"], "don't", ("ära",)),
        ("E\u0301te\u0301", ["suvi"], "été", ("suvi",)),
    ],
)
def test_entries_are_cleaned(tmp_path: Path, src: str, tgt: Any, form: str, expected: tuple[str, ...]) -> None:
    opened = Lexicon(written(tmp_path, entry(src, tgt))).open()
    assert opened.entries["eng_Latn"][form] == {"ekk_Latn": expected}


def test_macro_codes_meet_and_entries_reverse(tmp_path: Path) -> None:
    path = written(tmp_path, entry("house", ["maja"], tgt_lang="est_Latn"), name="lexicon.jsonl.gz")
    assert Lexicon(path).open().targets("eng_Latn") == {"ekk_Latn"}
    assert Lexicon(path).open().targets("ekk_Latn") == set()
    assert Lexicon(path, directions="both_ways").open().targets("est_Latn") == {"eng_Latn"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [("est_Latn", "ekk_Latn"), ("ekk_Latn", "ekk_Latn"), ("ber_Latn", "ber_Latn"), ("mul", "mul"), ("und", "und")],
)
def test_folded(code: str, expected: str) -> None:
    assert folded(code) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The old town hall is open.", "eng_Latn", ["old", "town hall"]),
        ("The Town\n hall!", "eng_Latn", ["Town\n hall"]),
        ("town", "eng_Latn", ["town"]),
        ("town hall", "deu_Latn", []),
        ("", "eng_Latn", []),
        ("ISPARTA ışık IŞIK", "tur_Latn", ["ışık", "IŞIK"]),
        ("ฉันไปโรงเรียน", "tha_Thai", ["โรงเรียน"]),
    ],
)
def test_find(tmp_path: Path, text: str, language: str, expected: list[str]) -> None:
    lexicon = Lexicon(
        written(
            tmp_path,
            entry("town", ["linn"]),
            entry("town hall", ["raekoda"]),
            entry("old", ["vana"]),
            entry("ışık", ["valgus"], src_lang="tur_Latn"),
            entry("โรงเรียน", ["kool"], src_lang="tha_Thai"),
        )
    ).open()
    hits = list(lexicon.find(text, word_spans(text), language))
    assert [text[hit.start : hit.end] for hit in hits] == expected


@pytest.mark.parametrize(
    ("translation", "original", "code", "expected"),
    [
        ("maja", "house", "ekk_Latn", "maja"),
        ("maja", "House", "ekk_Latn", "Maja"),
        ("maja", "HOUSE", "ekk_Latn", "MAJA"),
        ("Haus", "house", "deu_Latn", "Haus"),
        ("ışık", "LIGHT", "tur_Latn", "IŞIK"),
        ("iyi", "Good", "tur_Latn", "İyi"),
        ("mina", "I", "ekk_Latn", "Mina"),
        ("घर", "House", "hin_Deva", "घर"),
    ],
)
def test_recased(translation: str, original: str, code: str, expected: str) -> None:
    assert recased(translation, original, code) == expected


def test_sentence_starts_and_replacements() -> None:
    assert sentence_starts("One. Two.\nThree") == [0, 5, 10]
    assert with_replacements("a b c", [(4, 5, "C"), (0, 1, "AA")]) == "AA b C"


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, entry("house", ["maja"]), {"src": "x"})
    with pytest.raises(ConfigError, match="line 2 needs src, tgt, src_lang and tgt_lang"):
        Lexicon(path).open()
