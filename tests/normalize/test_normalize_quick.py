"""The quick look never misses a text that normalization changes."""

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.normalize.quick import (
    _LOOKED_AT,
    COMPOSES,
    MISREAD,
    TRIM,
    UNCLEAN,
    _kind,
    normalize_texts,
    suspect_plain,
    suspects,
)
from stages.normalize.unicode import NormalizeUnicode, normalize_text, trim

CONFIG = NormalizeUnicode()
ODD = st.text(
    alphabet=st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from(" \t\n\n\n\r\u00a0\u2028\u200b\u200c\u200d\ufeff\u0301\u0303eaÃ©â€™Ð°Ñ\u1161\u11a8\u0e33ក្កفی"),
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("", 0),
        ("plain text\nof two lines", 0),
        ("naïve Übergröße, žluťoučký kůň", 0),
        ("мама мыла раму", 0),
        ("語言", 0),
        ("한국어", 0),
        ("trailing \nspace", TRIM),
        ("trailing space ", TRIM),
        ("\nleading", TRIM),
        ("final\n", TRIM),
        ("a\n\n\nb", 0),
        ("a\n\n\n\nb", TRIM),
        ("bell\x07", UNCLEAN),
        ("cr\r\nlf", UNCLEAN | TRIM),
        ("c1\x85", MISREAD | TRIM),
        ("e\u0301", COMPOSES),
        ("हिन्दी", 0),
        ("ড়", 0),
        ("בָּ", 0),
        ("ב\u05bc\u05b8", COMPOSES),
        ("কা", 0),
        ("\u09c7\u09be", COMPOSES),
        ("tiếng Việt", 0),
        ("\u0915\u093f\u0902", 0),
        ("a\u0327\u0315", 0),
        ("a\u0315\u0327", COMPOSES),
        ("ɛ\u0301", 0),
        ("naÃ¯ve", MISREAD),
        ("soft\u00adhyphen", UNCLEAN),
        ("a ação", 0),
        ("СЃ", 0),
        ("РјРёСЂ", MISREAD),
    ],
)
def test_what_is_flagged(text: str, flags: int) -> None:
    assert suspect_plain(text) == flags
    assert suspects(pa.array([text], pa.large_string())).tolist() == [flags]


@given(st.lists(ODD, max_size=6))
def test_the_kernel_equals_its_reference(texts: list[str]) -> None:
    column = pa.array(["", *texts], pa.large_string()).slice(1)
    assert suspects(column).tolist() == [suspect_plain(text) for text in texts]


@pytest.mark.parametrize("text", ["caf Ã\u00ad b", "Ð\u00ad", "aÃ\u00adb Ã© c", "soft\u00adhy\u00adphen \u0301a"])
def test_half_of_a_pair_is_no_soft_hyphen(text: str) -> None:
    assert normalize_texts([text], CONFIG) == [normalize_text(text, CONFIG)]


@settings(deadline=None)  # the first example waits for kernels to be compiled
@given(st.lists(ODD, max_size=6))
def test_quick_normalization_equals_the_careful_one(texts: list[str]) -> None:
    assert normalize_texts(texts, CONFIG) == [normalize_text(text, CONFIG) for text in texts]


@settings(deadline=None)  # the first example waits for kernels to be compiled
@given(st.lists(st.text(" \n\ta\u3000\u00a0語é", max_size=30), max_size=6))
def test_trimming_equals_its_reference(texts: list[str]) -> None:
    assert normalize_texts(texts, CONFIG) == [trim(text) for text in texts]


MARKS = st.text(
    st.one_of(
        st.characters(categories=["Mn", "Mc", "Me"]),
        st.sampled_from("aeoưकडনறකሀ가ᄀ\u0301\u0323\u093c\u094d\u09be\u0bd7\u1161\u11a8\u3099か"),
    ),
    max_size=8,
)


@given(MARKS)
def test_what_is_not_flagged_is_composed(text: str) -> None:
    assert suspect_plain(text) & COMPOSES or unicodedata.is_normalized("NFC", text)


def test_a_lone_surrogate_is_no_obstacle() -> None:
    assert normalize_texts(["a\ud800b", "c "], CONFIG) == ["a\ufffdb", "c"]


def test_the_characters_that_the_table_leaves_out_are_of_no_kind() -> None:
    looked_at = [code for start, end in _LOOKED_AT for code in range(start, end)]
    left_out = sorted(set(range(0x3400, 0x110000)) - set(looked_at))
    assert not any(_kind(chr(code)) for code in left_out[::7])


@pytest.mark.realdata
def test_real_pages(data_root: object) -> None:
    import gzip
    import json
    from pathlib import Path

    with gzip.open(Path(str(data_root)) / "bench" / "part-00003.jsonl.gz") as lines:
        texts = [json.loads(next(lines))["text"] for _ in range(1500)]
    assert normalize_texts(texts, CONFIG) == [normalize_text(text, CONFIG) for text in texts]
