"""Chinese and Japanese words are ICU's words, wherever the kernel cuts them."""

import random
from functools import cache

import icu
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.text import ideographs
from stages.text.arrays import Segments
from stages.text.icu_trie import icu_words
from stages.text.ideographs import KATAKANA, NO_DICTIONARY, PLAIN, UNKNOWN, Dictionary, dictionary
from stages.text.segmentation import find_words


def our_words(runs: list[str]) -> list[str]:
    segments = Segments(pa.array(["\n".join(runs)]))
    spans = zip(segments.words.starts.tolist(), segments.words.ends.tolist(), strict=True)
    return [segments.data[start:end].tobytes().decode() for start, end in spans]


def icus_words(runs: list[str]) -> list[str]:
    return find_words("\n".join(runs))


@cache
def words() -> Dictionary:
    found = dictionary()
    assert found is not NO_DICTIONARY, "this ICU does not hand out its dictionary"
    return found


def characters(kind: int) -> list[str]:
    return [chr(point) for point in np.flatnonzero(words().kinds & kind)]


@cache
def entries() -> dict[str, int]:
    """Prefixes of two characters or more and their costs, read from the table."""
    found: dict[str, int] = {}
    spelled: dict[int, str] = {}
    left = [(int(place), int(words().prefixes[place])) for place in np.flatnonzero(words().prefixes)]
    while left:
        missing = []
        for place, entry in left:
            node, unit = entry >> 24, entry >> 8 & 0xFFFF
            before = chr(node) if node < 1 << 16 else spelled.get(node)
            if before is None:
                missing.append((place, entry))
                continue
            spelled[(1 << 16) + place] = before + chr(unit)
            found[before + chr(unit)] = entry & 0xFF
        assert len(missing) < len(left), "prefixes that hang on none"
        left = missing
    return found


@cache
def prefixes() -> list[str]:
    return sorted(entries())


def a_word(chance: random.Random) -> str:
    """A word of the dictionary, or the beginning of one."""
    return chance.choice(prefixes())


def test_the_dictionary_is_icus() -> None:
    wanted = {word: cost for word, cost in icu_words("cjdict").items() if max(word) <= "\uffff"}
    assert len(wanted) > 300_000
    found = {word: cost for word, cost in entries().items() if cost != UNKNOWN}
    found |= {chr(unit): int(words().costs[unit]) for unit in np.flatnonzero(words().costs != UNKNOWN)}
    assert found == wanted


@pytest.mark.parametrize("kind", [PLAIN, KATAKANA], ids=["plain", "katakana"])
def test_each_character_alone_and_doubled(kind: int) -> None:
    runs = [character * count for character in characters(kind) for count in (1, 2)]
    assert our_words(runs) == icus_words(runs)


def test_words_in_random_order() -> None:
    chance = random.Random(0)
    plain, katakana = characters(PLAIN), characters(KATAKANA)
    hiragana = [chr(point) for point in range(0x3041, 0x3097)]
    parts = [
        *[lambda: a_word(chance)] * 4,
        lambda: chance.choice(plain),
        lambda: "".join(chance.choices(katakana, k=chance.choice([1, 2, 3, 8, 9, 19, 20, 21, 25]))),
        lambda: "".join(chance.choices(hiragana, k=chance.randrange(1, 6))),
    ]
    runs = ["".join(chance.choice(parts)() for _ in range(chance.randrange(1, 12))) for _ in range(5000)]
    assert our_words(runs) == icus_words(runs)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(st.sampled_from("中国語の日本カメラー々〇〆ヶゟヿ㍿ｶﾞがか゛豈\U00020000㐀ไทยဪខ"), min_size=1), min_size=1
    )
)
def test_what_is_not_plain_is_left_to_icu(runs: list[str]) -> None:
    assert our_words(runs) == icus_words(runs)


def test_without_the_dictionary_icu_cuts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = ["中国語の日本", "カメラ", "ไทย"]
    cut = our_words(runs)
    monkeypatch.setattr("stages.text.arrays.dictionary", lambda: NO_DICTIONARY)
    assert our_words(runs) == cut == icus_words(runs)


def test_a_dictionary_that_icu_does_not_have() -> None:
    assert icu_words("no-such-dictionary") == {}


def test_an_icu_that_does_not_hand_out_its_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icu, "ICU_VERSION", "1.0")
    assert icu_words("cjdict") == {}
    monkeypatch.setattr(ideographs, "kept", lambda make: make())
    assert dictionary.__wrapped__() is NO_DICTIONARY


@pytest.mark.parametrize("cost", [0, UNKNOWN, 300])
def test_an_icu_with_other_costs_cuts_all(cost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ideographs, "kept", lambda make: make())
    monkeypatch.setattr(ideographs, "icu_words", lambda name: {"中国": 51, "日本": cost})
    assert dictionary.__wrapped__() is NO_DICTIONARY
