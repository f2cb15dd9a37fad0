"""The script of a text."""

import pytest

from stages.identify.script import dominant_script, script_shares


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
