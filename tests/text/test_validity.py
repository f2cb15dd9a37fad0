"""UTF-8 that Python decodes, and no other, is valid."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.text.validity import are_valid

LEADS = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF)
EDGES = (*LEADS, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF)
"""First and last bytes of every range of RFC 3629."""


def valid(*texts: bytes, before: bytes = b"") -> bool:
    """What the kernel says of texts behind some bytes that are of no text."""
    offsets = len(before) + np.cumsum([0, *map(len, texts)])
    return bool(are_valid(np.frombuffer(before + b"".join(texts) + b"\xff", np.uint8), offsets.astype(np.int64)))


def decodes(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("place", [0, 61, 62, 63, 64, 125])
def test_every_beginning_of_a_character_at_the_edges_of_blocks(place: int) -> None:
    found, expected = [], []
    for size in (1, 2):
        for pair in np.ndindex(*[len(EDGES)] * size):
            for tail in (b"", b"\x80", b"\xbf\xbf", b"\x80\x80\x80"):
                text = b"a" * place + bytes(EDGES[number] for number in pair) + tail + b"b" * 70
                found.append(valid(text))
                expected.append(decodes(text))
    assert found == expected


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.text(max_size=90).map(str.encode)
        | st.binary(max_size=9)
        | st.text(st.characters(min_codepoint=0x80, codec="utf-8"), max_size=60).map(str.encode),
        max_size=5,
    ),
    st.binary(max_size=3),
)
@example([b"a\xc3", b"\xa9"], b"")
@example(["é".encode() * 40, b"\x80"], b"\xff")
def test_texts_are_valid_each_by_itself(texts: list[bytes], before: bytes) -> None:
    assert valid(*texts, before=before) == all(map(decodes, texts))


def test_offsets_that_lead_out_of_the_data_or_back() -> None:
    data = np.frombuffer(b"abcd", np.uint8)
    for offsets in ([0, 5], [-1, 2], [2, 1], [0, 3, 2, 4]):
        assert not are_valid(data, np.array(offsets, np.int64))
    assert are_valid(data, np.array([0, 4, 4], np.int64))
    assert are_valid(data, np.array([4], np.int64))
