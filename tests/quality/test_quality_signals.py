"""Composition, lists and the stop word rule, as tables."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.languages import load_language
from stages.errors import ConfigError
from stages.quality.blocklist import BlockList, BlockListFiles
from stages.quality.c4 import C4, c4, c4_plain, line_words
from stages.quality.composition import Composition, composition
from stages.quality.gopher import Gopher, gopher
from stages.quality.lists import Lists, lists, lists_plain
from stages.text.batch import TextBatch
from stages.text.language import LanguageText


def batch(
    text: str,
    url: str | None = None,
    code: str = "und",
    stop_words: frozenset[str] = frozenset(),
    flagged_words: frozenset[str] = frozenset(),
    frequent_words: frozenset[str] = frozenset(),
) -> TextBatch:
    rows = pa.RecordBatch.from_pydict(
        {"text": pa.array([text], pa.large_string()), "url": pa.array([url], pa.string())}
    )
    language = LanguageText(
        code=code, stop_words=stop_words, flagged_words=flagged_words, frequent_words=frequent_words
    )
    return TextBatch(rows, language)


@pytest.mark.parametrize(
    ("text", "code", "column", "value"),
    [
        ("ab12", "eng_Latn", "digit_ratio", 0.5),
        ("a١٢b", "ara_Arab", "digit_ratio", 0.5),
        ("ABcd", "eng_Latn", "uppercase_ratio", 0.5),
        ("नमस्ते", "hin_Deva", "uppercase_ratio", 0.0),
        ("a,b。", "eng_Latn", "punctuation_ratio", 0.5),
        ("a😀", "eng_Latn", "symbol_char_ratio", 0.5),
        ("see https://a.org", "eng_Latn", "url_ratio", 13 / 17),
        ("абab", "rus_Cyrl", "script_ratio", 0.5),
        ("漢字カナーひら", "jpn_Jpan", "script_ratio", 1.0),
        ("한국漢", "kor_Kore", "script_ratio", 1.0),
        ("天气a好", "zho_Hans", "script_ratio", 0.75),
        ("天气a好", "und", "script_ratio", 1.0),
        ("天气a好", "mul_Zxxx", "script_ratio", 1.0),
        ("123", "eng_Latn", "script_ratio", 1.0),
        ("", "eng_Latn", "digit_ratio", 0.0),
    ],
)
def test_composition(text: str, code: str, column: str, value: float) -> None:
    assert composition(batch(text, code=code), Composition()).to_pylist()[0][column] == pytest.approx(value)


def test_stop_words_are_counted_once_each_and_in_any_case() -> None:
    known = frozenset({"the", "and", "ja"})
    assert gopher(batch("The cat AND the dog and", stop_words=known), Gopher()).to_pylist()[0]["stop_word_count"] == 2
    assert gopher(batch("one two three"), Gopher()).to_pylist()[0]["stop_word_count"] == 3


@pytest.mark.parametrize(
    ("text", "flagged", "count"),
    [
        ("Bad bad badge", {"bad"}, 2),
        ("a very bad thing, very badly", {"very bad"}, 1),
        ("今天坏词好", {"坏词"}, 1),
        ("fine", set(), 0),
    ],
)
def test_flagged_words(text: str, flagged: set[str], count: int) -> None:
    row = lists(batch(text, flagged_words=frozenset(flagged)), Lists(), BlockList.parse([])).to_pylist()[0]
    assert row["flagged_word_count"] == count
    assert (row["flagged_word_ratio"] > 0) == (count > 0)


@pytest.mark.parametrize(
    ("text", "frequent", "ratio"),
    [
        ("Ja see on, see!", {"see", "on"}, 0.75),
        ("Nothing of it here", {"see", "on"}, 0.0),
        ("ΤΗΣ ΟΔΟΣ 1", {"της", "οδός"}, 1 / 3),
        ("DON'T Don`t DON’T don't", {"don't"}, 0.5),
        ("THE Thé THÉ The", {"the"}, 0.5),
        ("King King", {"king"}, 1.0),
        ("今天天气。", {"天气"}, 0.5),
        ("", {"see"}, 0.0),
        ("no list", set(), 1.0),
        ("", set(), 1.0),
    ],
)
def test_frequent_words(text: str, frequent: set[str], ratio: float) -> None:
    given = batch(text, frequent_words=frozenset(frequent))
    for measure in (lists, lists_plain):
        assert measure(given, Lists(), BlockList.parse([])).to_pylist()[0]["frequent_word_ratio"] == pytest.approx(
            ratio
        )


@pytest.mark.parametrize(
    ("url", "blocked"),
    [
        ("https://bad.example/page", True),
        ("http://WWW.Bad.example:8080/", True),
        ("https://notbad.example/", False),
        ("https://good.example/bad/page/", True),
        ("https://good.example/bad/other", False),
        ("https://good.example/?q=bad.example", False),
        ("http://[broken", False),
        ("", False),
        (None, False),
    ],
)
def test_block_lists(url: str | None, blocked: bool, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("# unwanted\nbad.example\n\nhttps://good.example/bad/page\n", "utf-8")
    opened = BlockListFiles((str(path),)).open()
    assert lists(batch("x", url), Lists(), opened).to_pylist()[0]["url_blocked"] == int(blocked)


def test_a_block_list_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        BlockListFiles((str(tmp_path / "none.txt"),)).fingerprint()


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("One line is here. And one more.\nshort", "sentence_count", 2),
        ("ሰላም፡ለዓለም፡ሁሉ።", "sentence_count", 1),
        ("ภาษาไทยไม่มีช่องว่างระหว่างคำ", "sentence_count", 1),
        ("please enable JavaScript to go on", "javascript_line_count", 1),
        ("see our Privacy Policy for more", "policy_line_count", 1),
        ("Lorem ipsum dolor sit", "lorem_ipsum_count", 1),
        ("a function f() {\nand then }", "curly_brace_count", 1),
        ("{ see our privacy policy for more", "curly_brace_count", 1),
        ("{ see our privacy policy for more", "policy_line_count", 1),
        ("{ see our privacy policy for more", "sentence_count", 0),
        ("{ in javascript: lines of code", "curly_brace_count", 0),
        ("lorem ipsum and { and javascript", "curly_brace_count", 0),
        ("javascript and our privacy policy", "policy_line_count", 0),
        ("(This line is a sentence.)", "unterminated_line_ratio", 0.0),
        ("（这是一个句子。））", "unterminated_line_ratio", 0.0),
        ("he said so (in the house)", "unterminated_line_ratio", 1.0),
        ("x = require('house')", "unterminated_line_ratio", 1.0),
        ("it goes on (and on...)", "unterminated_line_ratio", 1.0),
        ("he said “it is a house”", "unterminated_line_ratio", 0.0),
        ("one two ))", "unterminated_line_ratio", 1.0),
        ("))", "unterminated_line_ratio", 1.0),
        ("x" * 1001 + " a b c", "long_word_line_count", 1),
        ("one two three\nfour five six.", "unterminated_line_ratio", 0.5),
        ("", "few_word_line_ratio", 0.0),
    ],
)
def test_c4(text: str, column: str, value: float) -> None:
    assert c4(batch(text), C4()).to_pylist()[0][column] == value
    assert c4_plain(batch(text), C4()).to_pylist()[0][column] == value


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("one - two, don't/do.", ["one", "-", "two,", "don't/do."]),
        ("ሰላም፡ለዓለም፡ሁሉ።", ["ሰላም", "ለዓለም", "ሁሉ።"]),
        ("今天天气，Hello, 好。 ！", ["今天", "天气", "，Hello,", "好", "！"]),
        ("กขค abc", ["กขค", "abc"]),
        ("བོད་ཡིག།", ["བོད", "ཡིག"]),
    ],
)
def test_words_of_a_line_follow_one_rule(line: str, words: list[str]) -> None:
    assert line_words(line) == words


def test_armenian_is_typed_with_the_colon_for_its_full_stop() -> None:
    text = "Տէրը Յովսէփի հետ էր: Նա ելաւ եւ գնաց 12:30։ Եւ նա ասաց նրանց:\nԱյն ժամանակ եկան:"
    rows = batch(text).rows
    row = c4(TextBatch(rows, load_language("hyw_Armn").text), C4()).to_pylist()[0]
    assert (row["sentence_count"], row["unterminated_line_ratio"]) == (4, 0.0)
