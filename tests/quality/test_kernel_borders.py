"""What kernels look for is found at every place of the bytes that they look at together."""

import sys
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.quality.c4 import C4, c4, c4_plain
from stages.registry import Stage, configure, load_stages
from stages.text.batch import TextBatch
from stages.text.language import LanguageText

NAMES = ("quality.gopher", "quality.fineweb", "quality.c4", "quality.lists", "quality.composition", "pii.find")
SIGNS = [
    *(
        "#",
        "...",
        "…",
        "-",
        "•",
        ".",
        "!",
        "٣",
        "\u00a0",
        "\u200b",
        "\u3000",
        "今天",
        "É",
        "😀",
        "\x7f",
        "\x1c",
        "`",
        "\n",
    ),
    *("[1]", "[]", "[edit]", "[12] [citation needed]", "[x]", "{", "a.", "a...", "a)", "a.)", "a！", "a！）"),
    *("JavaScript", "lorem Ipsum", "terms of use", "Privacy Policy", "uses cookies", "use coo\u212aies", "coo", "f us"),
    *(" | ", " › ", " · ", " / ", "|", " |", "» ", "http://a", "https://a b", "www.b", "www.", "http:"),
    *("a@b.cd", "@b.cd", "+372 5555 1234", "0044 5555 1234", "x0044 5555 1234", "é0044 5555 123", "00445 555 1234"),
    *("00 5555 1234", "0044-", "004455551234 ", "tel. 555 1234", "(555) 123-4567", "8.8.8.8", "1.2.3"),
    *("2001:4860:4860::8888", "EE38 2200 2210 2014 5685", "EE382200221020145685", "XX382200221020145685"),
]
FILLERS = ["a", "é", "今", "x ", "é ", "1", " ", "\n"]
WORDS = frozenset({"a", "x", "é", "今", "the"})
LANGUAGES = [LanguageText(), LanguageText(stop_words=WORDS, frequent_words=WORDS, flagged_words=frozenset({"x", "É"}))]


def batch(texts: list[str], language: LanguageText) -> TextBatch:
    columns = {"text": pa.array(texts, pa.large_string()), "url": pa.nulls(len(texts), pa.string())}
    return TextBatch(pa.RecordBatch.from_pydict(columns), language)


def check(found: Stage, texts: list[str]) -> None:
    reference: Any = getattr(sys.modules[found.function.__module__], f"{found.function.__name__}_plain")
    config = configure(found, {}, "test")
    resources = {name: resource.open() for name, resource in found.resources(config).items()}
    for language in LANGUAGES:
        expected = reference(batch(texts, language), config, **resources).to_pylist()
        assert found.function(batch(texts, language), config, **resources).to_pylist() == expected


@pytest.mark.parametrize("name", NAMES)
def test_signs_at_every_place(name: str) -> None:
    for filler in FILLERS:
        places = range(0, 68, 1 if filler == "a" else 5)
        check(load_stages()[name], [filler * before + sign + filler * 2 for sign in SIGNS for before in places])


@pytest.mark.parametrize("name", NAMES)
def test_texts_of_every_length(name: str) -> None:
    whole = "One | two [1] of 3 é. Ünd — 今天。 " * 3
    check(load_stages()[name], [whole[start : start + size] for start in (0, 7) for size in range(71)])


@pytest.mark.parametrize("name", NAMES)
def test_texts_of_many_equal_characters(name: str) -> None:
    check(
        load_stages()[name], [sign * number for sign in ("É", "今", "😀", "٣", "é。", "¬ ") for number in (127, 1000)]
    )


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.text("aaaaé今\u0e01 \u00a0\u200b\n-", max_size=40), max_size=4), st.integers(1, 12), st.integers(0, 4)
)
def test_words_that_are_too_long(texts: list[str], longest: int, fewest: int) -> None:
    config = C4(max_word_length=longest, min_words_per_line=fewest)
    expected = c4_plain(batch(texts, LANGUAGES[0]), config).to_pylist()
    assert c4(batch(texts, LANGUAGES[0]), config).to_pylist() == expected


PHRASES = (
    *("privacy policy", "Use of Cookies", "uses coo\u212aies", "terms of use", "Lorem ipsum", "JavaScript"),
    *(
        "cool",
        "police",
        "public",
        "java",
        "fus ",
        "m ips",
        "p l c ",
        "[1]",
        "[edit]",
        "{",
        "é",
        "x" * 30,
        " ",
        ". ",
        "\n",
    ),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PHRASES), max_size=12).map("".join), max_size=3))
def test_phrases_among_what_looks_like_them(texts: list[str]) -> None:
    expected = c4_plain(batch(texts, LANGUAGES[0]), C4()).to_pylist()
    assert c4(batch(texts, LANGUAGES[0]), C4()).to_pylist() == expected
