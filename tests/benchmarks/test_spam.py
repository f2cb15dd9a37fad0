"""The bad pages that bounds are tried on: made of real text, the same each time, judged by the reason."""

from pathlib import Path

import pytest

from infra.benchmarks.documents import Document
from infra.benchmarks.spam import Fate, choose, is_right, shares
from infra.benchmarks.spam_pages import (
    DAMAGED,
    KINDS,
    RIGHT,
    UNTOUCHED,
    Material,
    Page,
    damage,
    gather,
    gather_menus,
    make_pages,
)
from stages.normalize.unicode import NormalizeUnicode, normalize_text

RUSSIAN = (
    "утро вечер город дорога река лес поле дом окно дверь стол книга письмо слово время год день ночь человек женщина "
    "ребёнок друг учитель школа работа рука голова глаз лицо сердце вода хлеб земля небо солнце ветер снег дождь гора"
)
SPANISH = (
    "mañana tarde ciudad camino río bosque campo casa ventana puerta mesa libro carta palabra tiempo año día noche "
    "mujer niño amigo maestro escuela trabajo mano cabeza ojo cara corazón agua pan tierra cielo sol viento nieve"
)
TURKISH = (
    "sabah akşam şehir yol ırmak orman tarla ev pencere kapı masa kitap mektup sözcük zaman yıl gün gece insan kadın "
    "arkadaş öğretmen okul iş el baş göz yüz yürek su ekmek toprak gök güneş rüzgâr kar yağmur dağ"
)


def documents(language: str, words: str, count: int = 40) -> list[Document]:
    """Texts of sentences in which no two are alike, under a heading."""
    known = words.split()
    texts = []
    for number in range(count):
        sentences = []
        for place in range(12):
            turned = [known[(number * 7 + place * 11 + step * (number + 3)) % len(known)] for step in range(9)]
            sentences.append(" ".join(turned).capitalize() + ".")
        texts.append(f"# {known[number % len(known)]} {known[place]}\n\n" + "\n".join(sentences))
    return [Document(f"{language}/{number}", text, language) for number, text in enumerate(texts)]


@pytest.fixture(scope="module")
def materials() -> dict[str, Material]:
    found = {"rus_Cyrl": RUSSIAN, "spa_Latn": SPANISH, "tur_Latn": TURKISH, "qqq_Latn": TURKISH[::-1]}
    materials = gather(document for code, words in found.items() for document in documents(code, words))
    for material in materials.values():
        material.keywords = sorted({word for sentence in material.sentences for word in sentence[:-1].lower().split()})
    return materials


def test_pages_are_of_every_kind_and_the_same_each_time(materials: dict[str, Material]) -> None:
    languages = ["rus_Cyrl", "spa_Latn", "tur_Latn"]
    pages = make_pages(materials, languages, ["qqq_Latn"], 10)
    assert pages == make_pages(materials, languages, ["qqq_Latn"], 10)
    for code in languages:
        assert {page.kind for page in pages if page.language == code} == {*RIGHT, UNTOUCHED}
    assert {page.variant for page in pages if page.language == "qqq_Latn"} == {"unknown"}
    assert len({page.id for page in pages}) == len(pages) == len({page.text for page in pages})


def test_every_kind_has_right_reasons() -> None:
    assert {*KINDS, "wrong language"} == set(RIGHT)


def test_misread_text_is_spoilt_until_normalization_repairs_it(materials: dict[str, Material]) -> None:
    pages = make_pages(materials, ["rus_Cyrl", "spa_Latn", "tur_Latn"], [], 18)
    spoilt = [page for page in pages if page.kind == "mojibake"]
    assert spoilt
    assert all(page.original is not None and damage(page.original, page.text) >= DAMAGED for page in spoilt)
    misread = next(page for page in spoilt if page.variant == "cp1252" and page.language == "rus_Cyrl")
    assert damage(misread.original or "", normalize_text(misread.text, NormalizeUnicode())) < DAMAGED


@pytest.mark.parametrize(
    ("kind", "variant", "reason", "right"),
    [
        ("navigation", "bars", "quality.fineweb.line_punctuation_ratio", True),
        ("navigation", "bars", "identify.fasttext.language_score", False),
        ("repetition", "glued", "quality.repetition.top_3gram_char_ratio", True),
        ("repetition", "lines", "dedup.minhash", False),
        ("mojibake", "replaced", "quality.gopher.word_count", True),
        ("mojibake", "latin-1", "quality.gopher.word_count", False),
        ("wrong language", "mixed", "quality.composition.script_ratio", True),
        (UNTOUCHED, UNTOUCHED, "quality.gopher.word_count", False),
    ],
)
def test_a_reason_is_right_when_it_names_the_fault(kind: str, variant: str, reason: str, right: bool) -> None:
    assert is_right(Page("1", "spa_Latn", kind, variant, "text"), reason) is right


def test_repaired_pages_count_as_right_and_kept_ones_do_not() -> None:
    page = Page("1", "spa_Latn", "mojibake", "cp1252", "Ã±", "ñ")
    found = [
        Fate(page, "a", "spa_Latn", None, True),
        Fate(page, "b", "spa_Latn", None, False),
        Fate(page, "c", "spa_Latn", "quality.gopher.word_count", False),
        Fate(page, "d", "spa_Latn", "quality.composition.symbol_char_ratio", False),
    ]
    assert shares(found, lambda page: page.kind) == {"mojibake": (4, 0.5, 0.25, 0.5)}


def test_languages_come_from_every_script_before_a_second_of_one(materials: dict[str, Material]) -> None:
    chosen, unknown = choose(materials, 2)
    assert len({code.partition("_")[2] for code in chosen}) == 2
    assert unknown == ["qqq_Latn"]


def test_menus_are_the_links_of_pages_in_the_language_they_state(
    materials: dict[str, Material], tmp_path: Path
) -> None:
    links = "".join(f"<li><a href='/{number}'>Sección  <b>{number}</b></a>" for number in range(45))
    (tmp_path / "page.html").write_text(f"<html lang='es-MX'><ul>{links}</ul>", "utf-8")
    gather_menus(materials, [str(tmp_path / "page.html")])
    assert materials["spa_Latn"].menus[0][:2] == ["Sección 0", "Sección 1"]
    assert not materials["rus_Cyrl"].menus
