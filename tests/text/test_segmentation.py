"""Words, sentences, lines and paragraphs, as tables of real scripts."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from stages.text.characters import TERMINATORS
from stages.text.language import LanguageText, Segmenter
from stages.text.segmentation import find_sentences, find_words, run_words, segment

UND = LanguageText()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n\t ", []),
        ("Don't stop!", ["Don't", "stop", "!"]),
        ("well-known col·lecció EU:n", ["well-known", "col·lecció", "EU:n"]),
        ("3.14 and 1,000.", ["3.14", "and", "1,000", "."]),
        ("end.Start U.S.", ["end", ".", "Start", "U", ".", "S", "."]),
        ("snake_case __init__", ["snake_case", "__", "init", "__"]),
        ("wait... === #tag", ["wait", "...", "===", "#", "tag"]),
        ("a\u0e31b ก\u0301", ["a\u0e31b", "ก\u0301"]),
        ("e\u0301te\u0301 a\u0308", ["e\u0301te\u0301", "a\u0308"]),
        ("oʻzbek o‘zbek o'zbek", ["oʻzbek", "o‘zbek", "o'zbek"]),
        ("हिन्दी में मूल।", ["हिन्दी", "में", "मूल", "।"]),
        ("می‌خواهم بروم؟", ["می‌خواهم", "بروم", "؟"]),
        ('צה"ל צה״ל', ['צה"ל', "צה״ל"]),
        ("ሰላም፡ለዓለም።", ["ሰላም", "ለዓለም", "።"]),
        ("안녕하세요 세계!", ["안녕하세요", "세계", "!"]),
        ("今天天气很好。", ["今天", "天气", "很好", "。"]),
        ("สวัสดีชาวโลก", ["สวัสดี", "ชาว", "โลก"]),
        ("ภาษา Thai 3 คำ", ["ภาษา", "Thai", "3", "คำ"]),
        ("សួស្តីពិភពលោក។", ["សួស្តី", "ពិភពលោក", "។"]),
        ("မင်္ဂလာပါ", ["မင်္ဂလာ", "ပါ"]),
        ("བོད་ཀྱི་སྐད།", ["བོད", "ཀྱི", "སྐད", "།"]),
        ("𠮷野家で", ["𠮷", "野家", "で"]),
        ("𞤀𞤣𞤤𞤢𞤥 ok", ["𞤀𞤣𞤤𞤢𞤥", "ok"]),
        ("😀 👨‍👩 ❤️", ["😀", "👨", "👩", "❤️"]),
        ("zero\u200bwidth soft\u00adhyphen", ["zero", "width", "soft\u00adhyphen"]),
        ("nul\x00l", ["nul", "l"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert find_words(text) == words


@given(st.text(max_size=200))
def test_words_lie_in_the_text_in_order(text: str) -> None:
    parts = segment(text, UND)
    assert [text[start:end] for start, end in parts.word_spans] == parts.words
    assert all(word and not regex.search(r"\s", word) for word in parts.words)


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Lo", "Mn", "Mc", "Nd", "Zs"]), max_size=80))
def test_a_mark_never_begins_a_word_after_a_letter(text: str) -> None:
    parts = segment(text, UND)
    starts = {start for start, _ in parts.word_spans}
    for place in range(1, len(text)):
        if regex.match(r"\p{M}", text[place]) and regex.match(r"[\p{L}\p{M}]", text[place - 1]):
            assert place not in starts


@given(st.lists(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=40), max_size=5))
def test_words_do_not_depend_on_what_stands_beside_them(texts: list[str]) -> None:
    assert find_words("\n".join(texts)) == [word for text in texts for word in find_words(text)]


@pytest.mark.parametrize(
    ("segmenter", "words"),
    [
        ("dictionary", ["ภาษา", "ไทย", "and", "今天", "天气"]),
        ("clusters", ["ภ", "า", "ษ", "า", "ไ", "ท", "ย", "and", "今", "天", "天", "气"]),
        ("spaces", ["ภาษาไทย", "and", "今天天气"]),
    ],
)
def test_a_segmenter_cuts_runs_of_scripts_without_spaces_alone(segmenter: Segmenter, words: list[str]) -> None:
    text = "ภาษาไทย and 今天天气"
    assert find_words(text, segmenter) == words
    assert segment(text, LanguageText(segmenter=segmenter)).words == words


def test_run_words_keep_runs_apart() -> None:
    assert run_words(["今天天气", "𠮷野家", "คำ"]) == [["今天", "天气"], ["𠮷", "野家"], ["คำ"]]
    assert run_words(["ก็ดี", "မြန်မာ"], "clusters") == [["ก็", "ดี"], ["မြ", "န်", "မာ"]]
    assert run_words(["今天 "], "spaces") == [["今天 "]]
    assert run_words([]) == []


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        ("", []),
        ("No end", ["No end"]),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("J. R. Tolkien wrote it.", ["J. R. Tolkien wrote it."]),
        ("Costs 3.50 e.g. here. Next.", ["Costs 3.50 e.g. here.", "Next."]),
        ('He said "Hi." Then left.', ['He said "Hi."', "Then left."]),
        ("यह है। वह है।", ["यह है।", "वह है।"]),
        ("天气很好。我们走吧！", ["天气很好。", "我们走吧！"]),
        ("他说：“好。”他走了。（他走了。）", ["他说：“好。”", "他走了。", "（他走了。）"]),
        ("走吧！！", ["走吧！！"]),
        ("He left (at last?!).", ["He left (at last?!)."]),
        ("هل أنت هنا؟ نعم.", ["هل أنت هنا؟", "نعم."]),
        ("ሰላም። ሌላ።", ["ሰላም።", "ሌላ።"]),
        ("བོད། ཡིག །", ["བོད།", "ཡིག །"]),
    ],
)
def test_sentences(line: str, sentences: list[str]) -> None:
    assert find_sentences(line, TERMINATORS) == sentences


def test_a_language_may_have_its_own_terminators() -> None:
    greek = LanguageText(code="ell_Grek", terminators=".!;")
    assert segment("Τι είναι; Αυτό.", greek).sentences == ["Τι είναι;", "Αυτό."]
    assert segment("Τι είναι; Αυτό.", LanguageText(terminators="")).sentences == ["Τι είναι; Αυτό."]


def test_lines_and_paragraphs() -> None:
    parts = segment("\na b\nc\n\n\nd\n", UND)
    assert parts.lines == ["", "a b", "c", "", "", "d"]
    assert parts.paragraphs == ["a b\nc", "d"]
    assert segment("", UND).paragraphs == []
