"""The fast count of repeated n-grams against the plain one and datatrove's."""

import numpy as np
import pytest
from datatrove.pipeline.filters.gopher_repetition_filter import find_all_duplicate, find_top_duplicate, get_n_grams
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.quality.ngrams import DUPLICATE_SIZES, TOP_SIZES, repeated_characters_plain
from stages.quality.repetition_kernel import SIZES, Scratch, next_base, repeat_words, repeated_characters
from stages.text.code_points import word_hash
from stages.text.word_arrays import WordArrays

words = st.lists(st.sampled_from(["a", "bb", "ccc", "मूल", "।", "天", "x1"]), max_size=120)


@settings(deadline=None)  # the first example waits for kernels to be compiled
@given(words)
def test_equal_to_the_reference(words: list[str]) -> None:
    assert repeated_characters(words) == repeated_characters_plain(words)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30)), max_size=24))
def test_parts_that_stand_again(cuts: list[tuple[int, int]]) -> None:
    source = [f"w{number * number % 29}" for number in range(80)]
    words = [word for start, size in cuts for word in source[start : start + size]]
    assert repeated_characters(words) == repeated_characters_plain(words)


@settings(deadline=None)
@given(st.lists(words, max_size=6))
def test_documents_one_after_the_other(documents: list[list[str]]) -> None:
    together = [word for document in documents for word in document]
    arrays = WordArrays.of_size(len(together))
    arrays.raw_hashes[:], arrays.lengths[:] = list(map(word_hash, together)), list(map(len, together))
    first = np.cumsum([0, *map(len, documents)])
    found = np.empty((SIZES, len(documents)), np.int64)
    repeat_words(arrays, first, Scratch.for_words(max(map(len, documents), default=0)), found)
    assert found.T.tolist() == [repeated_characters_plain(document) for document in documents]


def test_the_table_is_emptied_before_its_numbers_run_out() -> None:
    scratch = Scratch.for_words(100)
    scratch.table[:] = 7
    assert next_base(7, 93, scratch) == 100
    assert (scratch.table == 7).all()
    assert next_base((1 << 31) - 150, 90, scratch) == 0
    assert (scratch.table == 0).all()


@settings(deadline=None)
@given(words.map(lambda found: [f"{word}{len(word)}_" for word in found]))  # no two sequences run together alike
def test_equal_to_datatrove(words: list[str]) -> None:
    top = [find_top_duplicate(ngrams) if (ngrams := get_n_grams(words, size)) else 0 for size in TOP_SIZES]
    assert repeated_characters(words) == top + [find_all_duplicate(words, size) for size in DUPLICATE_SIZES]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("a", [0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("a b c d", [3, 5, 7, 0, 0, 0, 0, 0, 0]),
        ("a b a b", [6, 5, 7, 0, 0, 0, 0, 0, 0]),
        ("a b c d e a b c d e", [6, 10, 14, 5, 0, 0, 0, 0, 0]),
    ],
)
def test_by_hand(text: str, expected: list[int]) -> None:
    assert repeated_characters(text.split()) == expected
