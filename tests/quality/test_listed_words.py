"""Words that are looked up in sets against the plain rules, in spellings that are easily taken for each other."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.key import dedup_word
from stages.quality.blocklist import BlockList
from stages.quality.gopher import Gopher, gopher, gopher_plain
from stages.quality.lists import Lists, lists, lists_plain
from stages.text.batch import TextBatch
from stages.text.casing import word_set
from stages.text.language import LanguageText

ENTRIES = ["strasse", "straße", "don't", "dont", "ſo", "so", "σας", "σασ", "i̇", "i", "的", "été", "ok", "'tis", "tis"]
SPELLINGS = sorted({form for word in ENTRIES for form in (word, word.upper(), word.capitalize(), dedup_word(word))})
OTHERS = ["STRAẞE", "Straſſe", "DON’T", "DON`T", "İ", "I", "ΣΑΣ", "K", "1", "...", "☕", "e\u0301te\u0301", "E\u0301"]


@settings(deadline=None, max_examples=200)
@given(st.frozensets(st.sampled_from(ENTRIES)), st.lists(st.lists(st.sampled_from(SPELLINGS + OTHERS), max_size=40)))
def test_equal_to_the_reference(listed: frozenset[str], documents: list[list[str]]) -> None:
    language = LanguageText(stop_words=listed, frequent_words=listed, flagged_words=frozenset({"so", "tis"}))
    texts = pa.array(map(" ".join, documents), pa.large_string())
    rows = pa.RecordBatch.from_pydict({"text": texts, "url": pa.nulls(len(documents), pa.string())})
    batch = TextBatch(rows, language)
    assert gopher(batch, Gopher()).to_pylist() == gopher_plain(batch, Gopher()).to_pylist()
    blocked = BlockList(frozenset(), frozenset())
    assert lists(batch, Lists(), blocked).to_pylist() == lists_plain(batch, Lists(), blocked).to_pylist()


@pytest.mark.parametrize(
    ("words", "distinct", "symbols"),
    [
        ({"the", "and"}, True, False),
        ({"strasse", "straße"}, False, False),
        ({"straße"}, True, False),
        ({"the", "…"}, True, True),
    ],
)
def test_what_is_known_of_a_set(words: set[str], distinct: bool, symbols: bool) -> None:
    known = word_set(frozenset(words))
    assert (known.size, known.distinct, known.symbols) == (len(words), distinct, symbols)
