"""The quick look never misses a text that normalization changes."""

import unicodedata

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.normalize.kinds import COMPOSES, LOOKED_AT, MISREAD, TRIM, UNCLEAN, kind_of
from stages.normalize.quick import normalize_texts, suspect_plain, suspects
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


ODDITIES = [
    *"\n \t\r\x00\x7f\x85\u00a0\u00ad\u0301\u0323\u0344\u1161\u200b\u200d\u2028\u3000\ufeff",
    *(" \n", "\n\n\n\n", "\n\n\n", "e\u0301", "e\u0323\u0301", "\u0301\u0323", "Ã©", "âˆ", "РјРё", "Р° м", "в„–"),
    *("語", "한", "😀", "\U000e0020", "é"),
]


@pytest.mark.parametrize("filler", ["a", "é", "ж", "क", "語", "가", "😀", "\n", " "])
def test_what_is_odd_is_seen_at_every_place_of_a_window(filler: str) -> None:
    texts = [filler * before + odd + filler * after for odd in ODDITIES for before in range(36) for after in (0, 1, 35)]
    assert suspects(pa.array(texts, pa.large_string())).tolist() == [suspect_plain(text) for text in texts]


def test_texts_of_every_length() -> None:
    texts = [text[:size] for text in ("a\u0301bé жЖ語 " * 20, "plain " * 20, "\n" * 70) for size in range(71)]
    for rest in (0, 1, 40):  # bytes behind the last text
        column = pa.array([*texts, "x" * rest], pa.large_string())[: len(texts)]
        assert suspects(column).tolist() == [suspect_plain(text) for text in texts]
        assert normalize_texts(texts, CONFIG) == [normalize_text(text, CONFIG) for text in texts]


INVISIBLE = st.text(
    st.sampled_from(
        "\u200b\u200b\u200c\u200c\u200d\u200d\u00ad\ufeff\r\n\x0b\x1f\x7f\u2029 a,1កក្ไคက"
        "فیक्\u094d\u0651क്ක❤\ufe0f👩💻\U0001f3fd\U0001f3f4\U0001f3f4\U000e0067\U000e0062\U000e007f"
    ),
    max_size=24,
)


@settings(max_examples=1000, deadline=None)  # the first example waits for kernels to be compiled
@given(st.lists(INVISIBLE, max_size=4))
def test_invisible_characters_go_as_in_the_reference(texts: list[str]) -> None:
    assert normalize_texts(texts, CONFIG) == [normalize_text(text, CONFIG) for text in texts]


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


def test_the_characters_that_the_table_leaves_out_are_of_nokind_of() -> None:
    looked_at = [code for start, end in LOOKED_AT for code in range(start, end)]
    left_out = sorted(set(range(0x3400, 0x110000)) - set(looked_at))
    assert not any(kind_of(chr(code)) for code in left_out[::7])


@pytest.mark.realdata
def test_real_pages(data_root: object) -> None:
    import gzip
    import json
    from pathlib import Path

    with gzip.open(Path(str(data_root)) / "bench" / "part-00003.jsonl.gz") as lines:
        texts = [json.loads(next(lines))["text"] for _ in range(1500)]
    assert normalize_texts(texts, CONFIG) == [normalize_text(text, CONFIG) for text in texts]
