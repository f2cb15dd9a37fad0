"""normalize.unicode: what changes, what must not, and that the second time changes nothing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stages.normalize.mojibake import repair_mojibake
from stages.normalize.unicode import NormalizeUnicode, normalize_text

CONFIG = NormalizeUnicode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a\r\nb\rc\u2028d\u2029e\x0bf\x0cg\x85h", "a\nb\nc\nd\ne\nf\ng\nh"),
        ("tab\tstays\x00\x07\x1b[0m", "tab\tstays[0m"),
        ("spaces  \nand\u3000\nand\xa0\n", "spaces\nand\nand"),
        ("  indented\n\tcode", "  indented\n\tcode"),
        ("a\n\n\n\n\n\nb\n\n\n", "a\n\n\nb"),
        ("a\n \n \n \n \nb", "a\n\n\nb"),
        ("\ufeffbom", "bom"),
        ("soft\u00adhyphen", "softhyphen"),
        ("zero\u200bwidth \u200edirection\u202e", "zerowidth direction"),
        ("lone \ud800 surrogate", "lone \ufffd surrogate"),
        ("pair \ud83d\ude00", "pair 😀"),
        ("cafe\u0301", "caf\u00e9"),
        ("한국어", "한국어"),  # decomposed Hangul
        ("Tiếng Việt", "Tiếng Việt"),
    ],
)
def test_what_changes(text: str, expected: str) -> None:
    assert normalize_text(text, CONFIG) == expected


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم به خانه\u200cها بروم",  # Persian ZWNJ
        "هـ\u200d",  # Arabic letter in its initial form
        "ශ්\u200dරී ලංකාව",  # Sinhala conjunct
        "क्\u200dष और क्\u200cष",  # Devanagari half form and visible virama
        "र्\u200dया",  # Marathi eyelash ra
        "അവന്\u200d",  # Malayalam chillu at the end of a word
        "র\u200d্যাব",  # Bengali ya-phalaa after ra
        "ខ្ញុំ\u200bទៅ\u200bផ្សារ",  # Khmer word breaks
        "ภาษา\u200bไทย",
        "👨\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈 👩🏽\u200d🚀 ❤️\u200d🔥",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # flag of England
        "ᠮᠣᠩᠭᠣᠯ\u180e\u1820",  # Mongolian vowel separator
        "葛\U000e0100城",  # variation selector of an ideograph
        "العَرَبِيَّةُ لُغَةٌ",
        "שָׁלוֹם עוֹלָם",
        "Olá, à «maison» où l'on dîne… “así” – naïve façade",
        "Größe, Übermaß, «ë» é… Île",
        "Příliš žluťoučký kůň; Łódź; ţară; İstanbul'da ığdır",
        "Это обычный русский текст, и РСФСР — аббревиатура.",
        "Αθήνα, ΟΗΕ και ΞΕΝΟΙ",
        "አማርኛ፡ ቋንቋ። 漢字とかな。 བོད་སྐད།",
        "10 µm ± 5 % ©®™ €20 ½ 3×4 ÷ 2 °C",
        "SÃO PAULO e MAÇÃ; NÃO! «SÃO»",
    ],
)
def test_what_must_not_change(text: str) -> None:
    assert normalize_text(text, CONFIG) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("naÃ¯ve cafÃ©", "naïve café"),
        ("itâ€™s", "it’s"),
        ("itâ\x80\x99s", "it’s"),
        ("РџСЂРёРІРµС‚, РјРёСЂ", "Привет, мир"),
        ("good line: à la carte\nbad line: crÃ¨me brÃ»lÃ©e", "good line: à la carte\nbad line: crème brûlée"),
        ("El gat dormÃ\xada al sol", "El gat dormía al sol"),
        ("Ð\xadÑ\x82Ð¾ Ð´Ð¾Ð¼", "Это дом"),
        ("Ver\xadbin\xaddung über Straße", "Verbindung über Straße"),
        ("Ã©tÃ© then \U0001f600".replace("then ", "then "), "été then 😀"),
    ],
)
def test_mojibake_is_repaired(text: str, expected: str) -> None:
    assert normalize_text(text, CONFIG) == expected


def test_mojibake_repair_can_be_switched_off() -> None:
    assert normalize_text("naÃ¯ve", NormalizeUnicode(repair_mojibake=False)) == "naÃ¯ve"


def test_text_without_signs_is_the_same_object() -> None:
    text = "Größe und Übermaß " * 10
    assert repair_mojibake(text) is text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u200cb", "ab"),
        ("word \u200d", "word"),
        ("می\u200c\u200cخواهم", "می\u200cخواهم"),
        ("😀\u200dx", "😀x"),
        ("hidden\U000e0041\U000e0042", "hidden"),
        ("ក\u200b latin", "ក latin"),
    ],
)
def test_misplaced_joiners_go(text: str, expected: str) -> None:
    assert normalize_text(text, CONFIG) == expected


NASTY = (
    "aé\u0301\u0303Ã©¯â€™\x80\x99\x85РСџЂ"
    + "\u200b\u200c\u200d\u00ad\ufeff\ud83d\ude00\n\r\t \u3000\x00क्षម្می😀❤️👩🏽🏴\U000e0067"
)


@given(st.text(alphabet=st.one_of(st.sampled_from(NASTY), st.characters())))
@example("Ã\x01©")
@example("Ã\u200b©")
@example("A\u0303©")
@example("Â¤Ä\xa0")
@example("\ud83d\r\ude00")
def test_second_time_changes_nothing(text: str) -> None:
    once = normalize_text(text, CONFIG)
    assert normalize_text(once, CONFIG) == once
    once.encode()


def test_enormous_line_is_linear() -> None:
    text = "x" + " " * 2_000_000 + "é" + "\u200c" * 1000 + "y" * 1_000_000
    assert normalize_text(text, CONFIG).endswith("y")
