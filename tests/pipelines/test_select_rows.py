"""What `select` does to whole columns is what it would do to each document."""

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.steps.select import _hashes, _may_have_spaces_around, _redacted
from stages.columns import SPANS
from stages.pii.redact import apply_spans

SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
TEXTS = st.lists(st.text(alphabet=st.sampled_from(["a", "é", "語", "😀", "\u0085", "\u200b", *SPACES]), max_size=12))
SPAN = st.fixed_dictionaries(
    {"start": st.integers(0, 9), "end": st.integers(0, 14), "kind": st.sampled_from(["cut", "email"])}
)


def column(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(["before", *texts], pa.large_string()).slice(1)


@settings(deadline=None)
@given(TEXTS)
def test_texts_that_need_no_second_look_have_no_spaces_around(texts: list[str]) -> None:
    looked_at = _may_have_spaces_around(column(texts)).tolist()
    assert all(again or text == text.strip() for text, again in zip(texts, looked_at, strict=True))


@pytest.mark.parametrize("text", ["a", "한국", "نص", ""])
def test_letters_need_no_second_look(text: str) -> None:
    assert not _may_have_spaces_around(column([text])).any()


@settings(deadline=None)
@given(TEXTS)
def test_hashes_are_those_of_the_utf8(texts: list[str]) -> None:
    assert _hashes(column(texts)) == [xxhash.xxh3_128_hexdigest(text.encode()) for text in texts]


@settings(deadline=None)
@given(TEXTS, st.data())
def test_spans_are_applied_to_the_documents_that_have_some(texts: list[str], data: st.DataObject) -> None:
    spans = [data.draw(st.none() | st.lists(SPAN, max_size=3)) for _ in texts]
    redacted, changed = _redacted(pa.chunked_array([column(texts)]), pa.chunked_array([pa.array(spans, SPANS)]), {})
    expected = [apply_spans(text, found or []) for text, found in zip(texts, spans, strict=True)]
    assert redacted.to_pylist() == expected
    assert changed.tolist() == np.flatnonzero([bool(found) for found in spans]).tolist()
