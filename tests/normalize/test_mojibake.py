"""Bad places are looked for where ftfy can find them, and nowhere else."""

import re

import pytest
from ftfy import badness
from ftfy.badness import BADNESS_RE, MOJIBAKE_CATEGORIES
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.normalize.mojibake import is_bad

CATEGORIES = {name: re.compile(f"[{characters}]") for name, characters in MOJIBAKE_CATEGORIES.items()}
MEMBERS = sorted({chr(code) for code in range(0x10000) if any(c.match(chr(code)) for c in CATEGORIES.values())})
TEXT = st.text(
    st.one_of(st.sampled_from(MEMBERS), st.sampled_from("aZ .,?_1é°ŒœÂÃÎÐ×²³ØÙà√≈‚ÄвЂГўВРСβ€ΒΓΞΟā\u00a0\u00ad´ø")),
    max_size=16,
)
PLAIN = st.text("aZ .Жщ", max_size=9)


@settings(max_examples=2000)
@given(TEXT)
def test_it_equals_its_reference(text: str) -> None:
    assert is_bad(text) == badness.is_bad(text)


@settings(max_examples=2000, deadline=None)
@given(PLAIN, st.from_regex(BADNESS_RE, fullmatch=True), PLAIN)
def test_no_bad_place_is_missed(before: str, bad: str, after: str) -> None:
    text = before + bad + after
    assert is_bad(text) == badness.is_bad(text)


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("naÃ¯ve", True),
        ("Â«Ð¿ÑÐ¸Ð²ÐµÑ»", True),
        ("ГўВЂВ™ a", True),
        ("Ã is the first word", True),
        ("a Ã in the middle", True),
        ("« déjà », naïve, Übergröße: 20 °C", False),
        ("вода — «жизнь»", False),
    ],
)
def test_examples(text: str, bad: bool) -> None:
    assert (is_bad(text), badness.is_bad(text)) == (bad, bad)
