"""The script of a text."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stages.identify.script import (
    count_scripts,
    dominant_script,
    script_names,
    script_shares,
    script_shares_plain,
    scripts,
)
from stages.text.windows import WINDOW


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", "Zyyy"),
        ("12 345 … !?", "Zyyy"),
        ("😀👍", "Zyyy"),
        ("Tere, maailm", "Latn"),
        ("Привет, world", "Cyrl"),
        ("Καλημέρα", "Grek"),
        ("مرحبا بالعالم", "Arab"),
        ("नमस्ते दुनिया", "Deva"),
        ("สวัสดีชาวโลก", "Thai"),
        ("សួស្តីពិភពលោក", "Khmr"),
        ("ሰላም ለዓለም", "Ethi"),
        ("བོད་སྐད་", "Tibt"),
        ("안녕하세요", "Hang"),
        ("大韓民國은 民主共和國이다. 모든 국민은", "Hang"),
        ("世界人权宣言", "Hani"),
        ("世界人権宣言は、すべての人民", "Jpan"),
        ("カタカナ", "Jpan"),
        ("使用 Linux 的用户", "Hani"),
        ("‘0’ " * 3000 + "ok", "Latn"),  # letters that a sample misses
    ],
)
def test_dominant_script(text: str, script: str) -> None:
    assert dominant_script(text) == script


def test_shares_add_up_to_one_the_largest_first() -> None:
    shares = script_shares("Serbia Србија Σ")
    assert list(shares) == ["Cyrl", "Latn", "Grek"]
    assert sum(shares.values()) == pytest.approx(1.0)


@settings(deadline=None)
@given(st.one_of(st.text(), st.text("aZ[`{éЖ가漢あア1 👍\u0301\U0002a6df")))
def test_the_kernel_equals_its_reference(text: str) -> None:
    assert script_shares(text) == script_shares_plain(text)


@settings(deadline=None)
@given(st.lists(st.text("aZ[`{éЖ가漢あア1 👍\u0301"), max_size=8), st.integers(0, 40))
def test_the_kernel_equals_its_reference_across_blocks(parts: list[str], size: int) -> None:
    text = ("Tere, maailm! " * 3)[:size].join(parts)
    assert script_shares(text) == script_shares_plain(text)


PIECES = [b"\x80", b"\xbf", b"\xc1", b"\xc3", b"\xe4\xb8", b"\xf0\x9f", b"\xf4\x90\x80", b"\xf8\x84\x80\x81", b"a"]
"""Of characters that are cut, or that there are none of."""


@settings(deadline=None)
@given(
    st.one_of(
        st.binary(max_size=12), st.lists(st.sampled_from([*PIECES, "漢字".encode(), "é".encode()])).map(b"".join)
    ),
    st.integers(0, 60),
    st.sampled_from([0, 2 * WINDOW]),
)
@example(b"\xf8\x84\x80\x81", 4, 2 * WINDOW)
@example(b"\xf4\x90\x80\x80", 4, 2 * WINDOW)
@example(b"\xe4\xb8", 2, 2 * WINDOW)
def test_bytes_that_are_no_utf8_count_as_nothing(data: bytes, end: int, spaces: int) -> None:
    counts = np.zeros(len(script_names()), np.int64)
    data = data[:end] + b" " * spaces if spaces else data
    end = len(data) if spaces else min(end, len(data))
    found = count_scripts(np.frombuffer(data + b"\0", np.uint8), 0, end, scripts(), counts)
    assert found == counts.sum()
    try:
        text = data[:end].decode()
    except UnicodeDecodeError:
        text = data[:end].decode("utf-8", "ignore")
    assert {name for name, count in zip(script_names(), counts, strict=True) if count} == set(script_shares_plain(text))
