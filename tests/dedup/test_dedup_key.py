"""Dedup words: what is the same and what is not, in every script."""

import gzip
import json
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.dedup.exact import Exact, exact
from stages.dedup.key import dedup_word, dedup_words, word_hashes, word_hashes_plain
from stages.text.batch import TextBatch
from stages.text.language import LanguageText
from stages.text.segmentation import find_words, segment


def key(text: str) -> list[str]:
    return dedup_words(segment(text, LanguageText()))


def text_hash(text: str) -> str:
    rows = pa.RecordBatch.from_pydict({"text": pa.array([text], pa.large_string())})
    return str(exact(TextBatch(rows, LanguageText()), Exact()).column(0)[0].as_py())


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Tere", "tere"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("don’t", "don't"),
        ("oʻzbek", "o'zbek"),
        ("well‑known", "well-known"),
        ("EU꞉n", "eu:n"),
        ("soft\u00adhyphen", "softhyphen"),
        ("e\u0301", "é"),
        ("Α\u0313", "ἀ"),
        ("मूल", "मूल"),
        ("3,14", "3,14"),
        ("…", ""),
        ("😀", ""),
    ],
)
def test_dedup_word(word: str, expected: str) -> None:
    assert dedup_word(word) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tere, maailm!", "tere maailm"),
        ("Don't stop", "DON’T stop."),
        ("caf\u00e9 noir", "cafe\u0301 noir"),
        ("a\n\nb", "a b"),
        ("天气很好。", "天气很好"),
    ],
)
def test_the_same_text(one: str, other: str) -> None:
    assert key(one) == key(other)
    assert text_hash(one) == text_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("मेल", "मूल"),
        ("मूल", "मुल"),
        ("má mà", "ma ma"),
        ("version 1.2", "version 1.3"),
        ("ɓata", "bata"),
        ("ko'd", "kod"),
        ("…", "!"),
        ("", " "),
    ],
)
def test_not_the_same_text(one: str, other: str) -> None:
    assert text_hash(one) != text_hash(other)


@pytest.mark.realdata
def test_few_word_types_collide_in_any_language(data_root: Path) -> None:
    """Of types distinct after NFC, case folding and with one kind of apostrophe at most 1 % share a dedup word."""
    worst = {}
    with gzip.open(data_root / "mono" / "udhr" / "udhr_preamble_art1-20.jsonl.gz", "rt") as lines:
        for record in map(json.loads, lines):
            words = find_words(unicodedata.normalize("NFC", record["text"]).translate(str.maketrans("’‘ʼʻ", "''''")))
            types = {folded for word in words if dedup_word(folded := unicodedata.normalize("NFC", word.casefold()))}
            share = 1 - len({dedup_word(word) for word in types}) / len(types)
            if share > 0.01:
                worst[record["lang"]] = share
    assert worst == {}


VIETNAMESE = "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi."
KOREAN = "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."
YORUBA = "Gbogbo ènìyàn ni a bí ní òmìnira; iyì àti ẹ̀tọ́ kọ̀ọ̀kan sì dọ́gba."
DECOMPOSED = [unicodedata.normalize("NFD", text) for text in (VIETNAMESE, KOREAN, YORUBA, "ὈΔΥΣΣΕΎΣ", "ক্ষয় ड़")]
UNORDERED = ["e\u0301\u0323to\u0301\u0323", "a\u0302\u0323 a\u0323\u0302", "q\u0307\u0323", "\u212b \u2126 \u0958"]
"""Accents before dots below: the other way round than canonical order has them."""

RECUT = ["col\u0387leccio", "a\u1fefb c\u1ffdd", "x ==\u0338 y =\u0338= z", "\uf90a\uf96e今天\ufa10天气"]
"""NFC has other words: a joining dot or accent in the place of a symbol, a sign of its own, other characters."""

MARKS = "\u0301\u0300\u0302\u0323\u0307\u0338\u1161\u11a8\u09c7\u09be"
BASES = "aeoẹọ=\u0387\u1fef\u1ffd\uf90a今\u1100\u0958\u212b -"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from([*MARKS, *BASES]), max_size=40)


@given(st.lists(TEXTS, max_size=5))
@example(DECOMPOSED)
@example(UNORDERED)
@example(RECUT)
@example([VIETNAMESE, *UNORDERED, KOREAN, "", *DECOMPOSED, YORUBA])
@settings(deadline=None)  # the kernels are compiled on their first call
def test_word_hashes_equal_their_reference(texts: list[str]) -> None:
    column = pa.array(["Don’t stop—", *texts, "今天天气 ก็ดี"], pa.large_string())
    for rows in (pa.record_batch([column], names=["text"]), pa.record_batch([column.slice(1)], names=["text"])):
        batch = TextBatch(rows, LanguageText())
        found, expected = word_hashes(batch), word_hashes_plain(batch)
        assert found.hashes.tolist() == expected.hashes.tolist()
        assert found.offsets.tolist() == expected.offsets.tolist()


@pytest.mark.parametrize("text", [VIETNAMESE, KOREAN, YORUBA, *UNORDERED, *RECUT])
def test_hashes_do_not_depend_on_the_normal_form(text: str) -> None:
    assert len({text_hash(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")} | {text_hash(text)}) == 1
