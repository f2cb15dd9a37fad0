"""Every stage that has a plain reference beside its kernel writes the same as it, to the last bit."""

import mmap
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.quality.c4 import C4
from stages.registry import Stage, configure, load_stages
from stages.text.batch import TextBatch
from stages.text.characters import CLOSERS, TERMINATORS
from stages.text.language import LanguageText

PIECES = [
    *"\n\n\n \t\r\v\x1c\x85\u2028\u00a0.!?…:;\"'”»)-•#{}[]/@+=0123٣Ⅷ",
    *CLOSERS[:6],
    *TERMINATORS[:24],
    *"aBİΣσКжǅსᲐاम今カ한ก។་\u0301\u200b\u200d\ufeffſ\u212a😀",
    "...",
    "\n\n",
    "- ",
    "the ",
    "The",
    "straße STRASSE ",
    "ὈΔΥΣΣΕΎΣ ὀδυσσεύς ΣΑΣ' Σ",
    "İstanbul i\u0307stanbul",
    "very bad ",
    "one two three four five six seven eight nine ten eleven ",
    "a b a b a b ",
    "A. ",
    "J. Smith ",
    "e.g. here. Next ",
    "今天天气很好。我们去。”",
    "[1]",
    "[]",
    "[edit]",
    " | ",
    " › ",
    "one · two » three • four / five ",
    "[citation needed]",
    "[१२]",
    "Lorem Ipsum",
    "JavaScript",
    "privacy policy",
    "use coo\u212aies",
    "Use of Cookies",
    "https://a.org/x",
    "HTTP://",
    "www.b.de",
    "http://",
    "xhttps://www.c",
    "name@example.org",
    "+372 5555 1234",
    "tel. 5551234567",
    "(555) 123-4567",
    "8.8.8.8",
    "2001:4860:4860::8888",
    "EE38 2200 2210 2014 5685",
    "EE382200221020145685",
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(exclude_categories=["Cs"]), max_size=40).map("".join)
STOP_WORDS = frozenset({"the", "a", "straße", "ὀδυσσεύς", "σας", "σ", "i̇stanbul", "ж", "今天", "b"})
FLAGGED = frozenset({"bad", "strasse", "very bad", "天气", "😀", "e"})
LANGUAGES = [
    LanguageText(),
    LanguageText(code="jpn_Jpan", stop_words=STOP_WORDS, flagged_words=FLAGGED, frequent_words=STOP_WORDS),
    LanguageText(
        code="ell_Grek",
        terminators=".!;",
        segmenter="clusters",
        stop_words=STOP_WORDS,
        flagged_words=FLAGGED - {"very bad", "天气"},
    ),
    LanguageText(code="rus_Cyrl", terminators="", segmenter="spaces", stop_words=frozenset({"ж"})),
    LanguageText(terminators="-x.", stop_words=frozenset(f"{word}" for word in range(300))),  # within words, too
]
CONFIGS: dict[str, list[Any]] = {
    "quality.c4": [
        C4(),
        C4(terminated_lines_only=True, min_words_per_line=1),
        C4(max_word_length=4, min_words_per_line=2),
    ],
}


def plain(found: Stage) -> Any:
    module = sys.modules[found.function.__module__]
    return getattr(module, f"{found.function.__name__}_plain", None)


STAGES = [found for found in load_stages().values() if found.kind == "annotate" and plain(found)]


def batch(texts: list[str], language: LanguageText) -> TextBatch:
    columns = {"text": pa.array(texts, pa.large_string()), "url": pa.nulls(len(texts), pa.string())}
    return TextBatch(pa.RecordBatch.from_pydict(columns), language)


def check(found: Stage, texts: list[str]) -> None:
    for config in CONFIGS.get(found.name, [configure(found, {}, "test")]):
        resources = {name: resource.open() for name, resource in found.resources(config).items()}
        for language in LANGUAGES:
            compiled = found.function(batch(texts, language), config, **resources).to_pylist()
            expected = plain(found)(batch(texts, language), config, **resources).to_pylist()
            assert compiled == expected


def test_the_signals_have_kernels() -> None:
    assert {"quality.gopher", "quality.repetition", "quality.fineweb", "quality.c4"} <= {s.name for s in STAGES}


@pytest.mark.parametrize("found", STAGES, ids=lambda found: found.name)
def test_offsets_beyond_four_gigabytes(found: Stage) -> None:
    """The texts lie at the end of a buffer of which only those pages are ever touched."""
    texts = ["".join(PIECES), "", "One line is here.\n\nOne line is here. (And {more})\n今天天气很好。"]
    raw = [text.encode() for text in texts]
    size = 5 << 30
    start = size - sum(map(len, raw))
    memory = mmap.mmap(-1, size)
    memory[start:size] = b"".join(raw)
    offsets = pa.py_buffer(np.cumsum([start, *map(len, raw)], dtype=np.int64))
    far = pa.Array.from_buffers(pa.large_string(), len(raw), [None, offsets, pa.py_buffer(memory)])
    for config in CONFIGS.get(found.name, [configure(found, {}, "test")]):
        resources = {name: resource.open() for name, resource in found.resources(config).items()}
        near = batch(texts, LANGUAGES[1])
        columns = {"text": far, "url": near.rows.column("url")}
        beyond = TextBatch(pa.RecordBatch.from_pydict(columns), LANGUAGES[1])
        expected = plain(found)(near, config, **resources).to_pylist()
        assert found.function(beyond, config, **resources).to_pylist() == expected


@pytest.mark.parametrize("found", STAGES, ids=lambda found: found.name)
def test_equal_to_the_reference(found: Stage) -> None:
    @settings(max_examples=200, deadline=None, database=None)
    @given(st.lists(TEXTS, min_size=1, max_size=3))
    @example(["", "\n", "\n\n", " ", "a", "\na\n", "\n\na\n\na\n\n"])
    @example(["好。”", "好。。", 'Hi."', 'Hi. "', "A. B", "x. b", 'x." B', "…"])
    @example(["one two three. " * 50 + "\n" + "one two three. " * 50])
    def equal(texts: list[str]) -> None:
        check(found, texts)

    equal()
