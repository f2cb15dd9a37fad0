"""The arrays of a batch are what the readable segmentation finds, on random and on real text."""

import mmap
import unicodedata
from typing import get_args

import numpy as np
import pyarrow as pa
import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.dedup.key import dedup_word
from stages.errors import ShardError
from stages.text import arrays
from stages.text.arrays import Segments, buffers
from stages.text.characters import JOINERS, SEPARATORS, TERMINATORS
from stages.text.code_points import word_hash
from stages.text.ideographs import NO_DICTIONARY
from stages.text.language import DICTIONARY, Segmenter
from stages.text.scan import find_words as find_word_arrays
from stages.text.segmentation import find_words
from stages.text.tables import every_character, tables
from stages.text.word_arrays import HAS_DIGIT, HAS_LETTER, IS_WORD, list_words

PIECES = [
    *JOINERS,
    *SEPARATORS,
    *TERMINATORS[:40],
    *"\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029\u00a0 .,:\"'-_=*#~…0123٣१〇Ⅷ²",
    *"aBcÅéßẞİIıΣσςǅﬁŉαΩЖжआलमूािनาบกข今天気カーひらがな한국កខမာབོདאבהعلم𞤀𞤢𠮷Ꮿᏹა",
    *"\u0301\u0308\u0323\u0331\u094d\u0e31\u200b\u200c\u200d\ufe0f\ufeff\u00ad\u061c\u2060\U000e0001\u0345\u0327\u1161\u11a8",
    *"😀👨❤🇪",
    "e\u0301",
    "a\u0323\u0302",
    "a\u0302\u0323",
    "H\u0331",
    "ha\u2019b",
]
COMPOSING = [
    *(c for c in every_character() if unicodedata.combining(c)),
    *(c for c in every_character() if unicodedata.decomposition(c)[:1] not in ("", "<") and not "가" <= c <= "힣"),
    *"aeoαωиকওযതே=<>~.# \u1100\u1161\u11a8각가\u09be\u09d7\u0bbe\u200d\u00ad",
]
"""Marks of every class, what decomposes, and what they may compose with, across the edges of words, too."""
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(exclude_categories=["Cs"]), max_size=30).map("".join)


def column(texts: list[str | None]) -> pa.Array:
    return pa.array(texts, pa.large_string())


def words_of(segments: Segments) -> list[list[str]]:
    words, first = segments.words, segments.first_words
    found = [segments.data[start:end].tobytes().decode() for start, end in zip(words.starts, words.ends, strict=True)]
    return [found[first[number] : first[number + 1]] for number in range(len(segments))]


def check(texts: list[str], segmenter: Segmenter = DICTIONARY) -> None:
    segments = Segments(column(texts), segmenter)
    expected = [find_words(text, segmenter) for text in texts]
    assert words_of(segments) == expected
    words = [word for part in expected for word in part]
    found = segments.words
    assert found.lengths.tolist() == [len(word) for word in words]
    assert found.raw_hashes.tolist() == [word_hash(word) for word in words]
    assert found.dedup_hashes.tolist() == [word_hash(dedup_word(word)) for word in words]
    for flag, pattern in ((HAS_LETTER, r"\p{L}"), (IS_WORD, r"[\p{L}\p{M}\p{N}]"), (HAS_DIGIT, r"\p{N}")):
        assert (found.classes & flag > 0).tolist() == [regex.search(pattern, word) is not None for word in words]
    assert segments.code_points.tolist() == [len(text) for text in texts]
    assert segments.not_nfc.tolist() == [not unicodedata.is_normalized("NFC", text) for text in texts]
    for (lines, first), splits in (
        (segments.lines, [text.split("\n") if text else [] for text in texts]),
        (segments.split_lines, [text.splitlines() for text in texts]),
    ):
        assert np.diff(first).tolist() == [len(split) for split in splits]
        flat = [line for split in splits for line in split]
        spans = zip(lines.starts, lines.ends, strict=True)
        assert [segments.data[start:end].tobytes().decode() for start, end in spans] == flat
        assert lines.lengths.tolist() == [len(line) for line in flat]
        assert lines.blank.tolist() == [not line.strip() for line in flat]
        assert len(set(lines.hashes.tolist())) == len(set(flat))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(COMPOSING), max_size=6).map("".join), max_size=40))
@example(["a\u0302\u0323", "â\u0323", "ẹ\u0302", "=\u0338", "\u09c7\u09be", "가\u11a8", " \u0344", "\u0387"])
def test_what_nfc_might_change_is_not_missed(texts: list[str]) -> None:
    texts += [unicodedata.normalize("NFC", text) for text in texts]
    segments = Segments(column(texts))
    assert segments.not_nfc.tolist() == [not unicodedata.is_normalized("NFC", text) for text in texts]


def test_marks_that_compose_with_nothing_here_are_no_reason_to_look_closer() -> None:
    texts = ["ẹ\u0301 ọ\u0300", "কাজ য\u09bcা", "நா", "क\u093c", "مُ\u0654"]
    assert [unicodedata.is_normalized("NFC", text) for text in texts] == [True] * len(texts)
    _, _, unsure = find_word_arrays(*buffers(column(texts)), tables(), NO_DICTIONARY)
    assert unsure.tolist() == [False, False, False, False, True]


@settings(max_examples=400, deadline=None)
@given(st.lists(TEXTS, max_size=4), st.sampled_from(get_args(Segmenter)))
@example([""], DICTIONARY)
@example(["", "a", ""], DICTIONARY)
@example(
    ["a-", "a\u200d", "-a\u200d\u200d b", "3.", "3.5,", "a:b", "1:2", 'ה"ה', "...", "a...b", "☀\u0301"], DICTIONARY
)
def test_arrays_equal_the_reference(texts: list[str], segmenter: Segmenter) -> None:
    check(texts, segmenter)


def test_every_character_alone_and_between_letters() -> None:
    known = [c for c in every_character() if c != "\uffff" and unicodedata.category(c) not in ("Cn", "Co")]
    alike = [
        c for c in known if unicodedata.name(c, "").startswith(("CJK UNIFIED", "HANGUL SYLLABLE", "TANGUT", "NUSHU"))
    ]
    known = sorted({*known} - {*alike}) + alike[::97]
    for pattern in ("{}", "a{}b", "A{}\u0301", "ก{}ข", "7{}7"):
        check([pattern.format(character) for character in known])


def test_slices_nulls_and_other_types() -> None:
    texts: list[str | None] = ["zero", "one two", None, "three, four", "", "fünf"]
    whole = column(texts)
    for array in (whole, whole.cast(pa.string()), pa.chunked_array([whole.slice(0, 2), whole.slice(2)])):
        assert words_of(Segments(array)) == [find_words(text or "") for text in texts]
        assert words_of(Segments(array.slice(1, 3))) == [find_words(text or "") for text in texts[1:4]]
    assert words_of(Segments(whole.slice(6))) == []
    assert words_of(Segments(column([]))) == []
    assert words_of(Segments(column([None, None]))) == [[], []]


def test_only_texts_that_are_not_normal_are_normalized() -> None:
    texts: list[str | None] = ["plain", "e\u0301", None, "\u1112\u1161\u11ab", "한", "a\u0302\u0323"]
    normal = Segments(column(texts).slice(1)).nfc
    assert words_of(normal) == [["é"], [], ["한"], ["한"], ["ậ"]]
    assert normal.nfc is normal
    same = Segments(column(["é", "한", None, ""]))
    assert same.nfc is same


def test_a_null_with_bytes_reads_as_empty() -> None:
    offsets = np.array([0, 3, 6], np.int64)
    made = pa.Array.from_buffers(
        pa.large_string(), 2, [pa.py_buffer(b"\x02"), pa.py_buffer(offsets), pa.py_buffer(b"abcdef")]
    )
    assert words_of(Segments(made)) == [[], ["def"]]


@pytest.mark.parametrize(
    ("data", "offsets"),
    [
        (b"\xff", [0, 1]),
        (b"a\xe2\x82", [0, 3]),
        (b"\xed\xa0\x80", [0, 3]),
        (b"\xf4\x90\x80\x80", [0, 4]),
        (b"\xc0\x80", [0, 2]),
        ("é".encode() * 2, [0, 1, 4]),
        (b"abc", [0, 9]),
        (b"abc", [0, 3, 1]),
        (b"abc", [-5, 3]),
    ],
)
def test_damaged_columns_never_reach_a_kernel(data: bytes, offsets: list[int]) -> None:
    buffers = [None, pa.py_buffer(np.array(offsets, np.int64)), pa.py_buffer(data)]
    with pytest.raises((ShardError, pa.ArrowInvalid)):  # Arrow itself refuses some
        Segments(pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers))


def test_offsets_beyond_four_gigabytes() -> None:
    """The text lies at the end of a buffer of which only that page is ever touched."""
    size = 5 << 30
    memory = mmap.mmap(-1, size)
    text = "far away ก กา, 今天"
    raw = text.encode()
    memory[size - len(raw) : size] = raw
    offsets = np.array([size - len(raw), size], np.int64)
    far = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(offsets), pa.py_buffer(memory)])
    segments = Segments.__new__(Segments)
    segments.texts, (segments.data, segments.offsets) = far, arrays.buffers(far)
    segments.segmenter = DICTIONARY
    assert words_of(segments) == [find_words(text)]


@pytest.mark.parametrize("unit", ["x", "a b. ", "今天", ",", "\n", "ก", "\u0301"])
def test_one_enormous_line(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    segments = Segments(column([text]))
    assert words_of(segments) == [find_words(text)]
    assert segments.lines[0].starts.size == text.count("\n") + 1


@given(st.lists(st.lists(st.sampled_from([0, 1, 3, 16, 17, 32, 48]), max_size=30), max_size=5), st.data())
def test_words_are_listed_by_the_flags_wanted_in_their_document(
    documents: list[list[int]], data: st.DataObject
) -> None:
    size = len(documents)
    wanted = data.draw(st.lists(st.sampled_from([16, 32, 48]), min_size=size, max_size=size))
    classes = np.array([kind for document in documents for kind in document], np.uint8)
    first = np.cumsum([0, *map(len, documents)]).astype(np.int64)
    found = np.empty(len(classes) + 8, np.int64)
    count = list_words(classes, first, np.array(wanted, np.uint8), found)
    expected = np.repeat(np.array(wanted, np.uint8), np.diff(first)) & classes
    assert found[:count].tolist() == np.flatnonzero(expected).tolist()
