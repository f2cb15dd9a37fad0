"""Profiles of n-grams: the kernel against plain Python, and what is familiar to a language."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.identify.familiarity import LONG, MOST_NGRAMS, SHORT, Profiles
from stages.identify.script import script_shares_plain
from stages.identify.strings import chunks

ESTONIAN = "Täna on ilus ilm ja lapsed mängivad õues, sest koolis on vaheaeg. Õhtul tulevad külalised."
FINNISH = "Tänään on kaunis ilma ja lapset leikkivät ulkona, koska koulussa on loma. Illalla tulee vieraita."
PROFILES = Profiles.of({"ekk_Latn": [ESTONIAN.encode()], "fin_Latn": [FINNISH.encode()]})


def shares(text: str, profiles: Profiles = PROFILES) -> tuple[list[list[float]], int]:
    """Shares of short and long n-grams by language, and how many short ones there are."""
    (texts,) = chunks(pa.array([text], pa.large_string()))
    found, counts = profiles.shares(texts, np.arange(len(profiles.codes))[None])
    return found[0].tolist(), int(counts[0])


def plain_ngrams(text: str, size: int, unspaced: int) -> Iterator[str]:
    """The reference: so many characters of a word and its spaces, fewer where the last is of an unspaced script."""

    def letter(character: str) -> bool:
        return bool(script_shares_plain(character)) or character in "'’ʼ" or "\u0300" <= character <= "\u036f"

    words = "".join(character if letter(character) else " " for character in text).split()
    for word in words:
        spelled = f" {word} "
        for end in range(2, len(spelled) + 1):
            last, before = spelled[end - 1], spelled[end - 2]
            ngram = spelled[max(end - size, 0) : end]
            if last >= "\u2e80":
                parts = spelled[max(end - unspaced, 0) : end]
                if (
                    len(parts) == unspaced
                    and " " not in parts
                    and all(part >= "\u2e80" for part in parts[1 if unspaced == 2 else 0 :])
                ):
                    yield parts
            elif len(ngram) == size and before < "\u2e80":
                yield ngram


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("1234 !?", 0),
        ("a", 0),
        ("is", 1),
        ("the", 2),
        ("the is", 3),
        ("don't", 4),
        ("今天天气", 3),
        ("คนไทย", 4),
    ],
)
def test_ngrams_are_within_words(text: str, count: int) -> None:
    assert shares(text)[1] == count
    assert len(list(plain_ngrams(text, 4, 2))) == count


@settings(deadline=None)
@given(st.text(alphabet="aäb '’n̄1.,\u0301дж天気कि ไ\n", max_size=40))
def test_the_kernel_lists_what_the_reference_lists(text: str) -> None:
    short, long = list(plain_ngrams(text, SHORT, 2)), list(plain_ngrams(text, LONG, 3))
    profiles = Profiles.of({"eng_Latn": [text.encode()]})
    found, count = shares(text, profiles)
    assert count == len(short)
    assert profiles.sizes[0] == len(set(short) | set(long))
    assert found[0][0] == (1.0 if short else 0.0)


def test_a_language_knows_its_own_text_best() -> None:
    (own, other), _ = shares(ESTONIAN)
    assert own == [1.0, 1.0]
    assert other[0] < 0.35
    assert other[1] < 0.2
    (estonian, finnish), _ = shares("Lapset leikkivät illalla ulkona")
    assert finnish[0] > 0.8 > 0.5 > estonian[0]


def test_a_language_without_a_profile_shares_nothing() -> None:
    (texts,) = chunks(pa.array([ESTONIAN]))
    assert PROFILES.shares(texts, np.array([[-1, 0]]))[0].tolist() == [[[0.0, 0.0], [1.0, 1.0]]]


def test_long_texts_are_looked_at_in_part() -> None:
    assert shares("sõna " * 10_000)[1] == MOST_NGRAMS


def test_profiles_do_not_depend_on_the_order_of_texts() -> None:
    one = Profiles.of({"ekk_Latn": [b"tere", b"maailm"], "fin_Latn": [b"hei"]})
    two = Profiles.of({"fin_Latn": [b"hei"], "ekk_Latn": [b"maailm", b"tere"]})
    assert one.codes == two.codes
    assert one.bits.tolist() == two.bits.tolist()
