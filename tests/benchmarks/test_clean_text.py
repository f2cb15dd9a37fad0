"""How clean text is judged: halves, shares, the figures, and FineWeb-2's rules beside them."""

import tarfile
from pathlib import Path

import pytest
import yaml

from infra.benchmarks.clean_text import Shared, few, half, half_words, judged, with_words
from infra.benchmarks.fates import Fate, Share, passes, shares, summary
from infra.benchmarks.fineweb2_rules import fineweb2, read_configurations, rival
from pipelines.lang.derive.bounds import Finding
from pipelines.lang.derive.reference import Measurer, Reference
from pipelines.lang.words import COLUMN, FrequentWords
from pipelines.languages import Bound
from tests.reference_text import reference_text

CONFIGURATION = {
    "dup_line_frac": 0.3,
    "top_n_grams": [[2, 0.2], [3, 0.18], [4, 0.16]],
    "dup_n_grams": [[5, 0.15], [6, 0.14]],
    "line_punct_thr": 0.12,
    "new_line_ratio": 0.3,
    "max_avg_word_length": 10,
    "min_avg_word_length": 2,
    "max_non_alpha_words_ratio": 0.7,
    "stopwords": ["ja", "on"],
}
CLEAN = (
    "Täna hommikul sadas vihma ja kõik istusid toas. Ema keetis putru, isa luges ajalehte. Väike tüdruk vaatas aknast "
    "välja, kuidas tilgad mööda klaasi alla jooksid. Kass magas ahju ees, sest põrand on seal soe. Pärast lõunat tuli "
    "päike pilve tagant välja. Lapsed panid saapad jalga ja läksid õue lompidesse hüppama. Vanaema naeris neid trepilt "
    "vaadates ja tuletas meelde oma noorust. Õhtul süüdati lamp, räägiti vanu lugusid ning heideti vara magama."
)


def reference(*texts: str, code: str = "vro_Latn") -> Reference:
    return Reference(code, [reference_text(str(number), text, "stories") for number, text in enumerate(texts)])


def test_halves_are_complete_and_apart() -> None:
    whole = reference(*"abcdefghij")
    ids = [{text.id for text in half(whole, number).texts} for number in (0, 1)]
    assert not ids[0] & ids[1]
    assert ids[0] | ids[1] == {str(number) for number in range(10)}
    assert all(ids)


def test_each_document_is_judged_once() -> None:
    repeated = "Ütle mulle seda nüüd kohe.\n" * 20
    texts = reference(*[CLEAN.replace("Täna", f"Täna{number}") for number in range(5)], repeated, "too short")
    fates = judged({"vro_Latn": texts}, {}, Measurer())
    assert [fate.id for fate in fates] == ["0", "1", "2", "3", "4", "5"]
    assert [fate.id for fate in fates if fate.reasons] == ["5"]
    assert "duplicate_line_ratio" in fates[5].reasons


def test_a_shipped_bound_on_frequent_words_gives_way_to_that_of_the_half() -> None:
    shipped = {COLUMN: Bound(COLUMN, 0.5), "digit_ratio": Bound("digit_ratio", None, 0.3)}
    assert set(with_words(shipped, None)) == {"digit_ratio"}
    half_list = FrequentWords("yor_Latn", ("ni",), 0.25, 40, ("x",), 2, 0.0, {})
    assert with_words(shipped, half_list)[COLUMN].minimum == 0.25
    assert shipped[COLUMN].minimum == 0.5


def test_lists_are_of_one_half_and_of_languages_that_ship_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def derive(wanted: list[str], found: dict[str, Reference]) -> list[str]:
        asked.update({code: [text.id for text in found[code].texts] for code in wanted})
        return ["yor_Latn: no list"]

    monkeypatch.setattr("infra.benchmarks.clean_text.derive_words", derive)
    texts = {code: reference(*"abcdefgh", code=code) for code in ("yor_Latn", "vro_Latn")}
    assert half_words(texts, 1) == {}
    assert asked == {"yor_Latn": [text.id for text in half(texts["yor_Latn"], 1).texts]}


def test_groups_lie_between_what_every_language_has_and_its_own() -> None:
    finding = Finding("digit_ratio", "max", 0.2, 0.25, 300, ("x",), 9, 0, (0.2, 0.3), {})
    shared = Shared({"digit_ratio": Bound("digit_ratio", None, 0.2)}, {"_bnt": [finding]})
    assert shared.under("zul_Latn")["digit_ratio"].maximum == 0.25
    assert shared.under("ekk_Latn")["digit_ratio"].maximum == 0.2


FATES = [
    Fate("a", "ekk_Latn", "x", ()),
    Fate("b", "ekk_Latn", "x", ("url_ratio", "digit_ratio")),
    Fate("c", "fin_Latn", "y", ()),
]


def test_shares_and_summary() -> None:
    assert shares(FATES, "language") == [
        Share("ekk_Latn", 2, 1, {"url_ratio": 1, "digit_ratio": 1}),
        Share("fin_Latn", 1, 0, {}),
    ]
    found = summary(FATES)
    assert (found.documents, found.languages, found.dropped, found.above_1_percent) == (3, 2, 1, 1)
    assert (found.overall, found.mean_of_languages, found.worst_of_many) == (1 / 3, 0.25, 0.0)
    assert not passes(found)
    assert passes(summary([FATES[0], FATES[2]]))
    many = [Fate(str(number), "ekk_Latn", "x", ("url_ratio",) if number < 3 else ()) for number in range(50)]
    others = [Fate(f"o{number}", f"l{number}", "x", ()) for number in range(1000)]
    assert summary(many).worst_of_many == pytest.approx(0.06)
    assert not passes(summary([*many, *others])), "one language with many documents loses too much"


def test_the_same_few_documents_are_taken() -> None:
    references = {"vro_Latn": reference(*"abcdefgh")}
    fates = [Fate(text.id, "vro_Latn", "stories", ()) for text in references["vro_Latn"].texts]
    chosen = few(fates, references, 3)
    assert len(chosen) == 3
    assert chosen == few(list(reversed(fates)), references, 3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (CLEAN, None),
        ("Ütle mulle seda nüüd kohe.\n" * 20, "dup_line_frac"),
        (CLEAN.replace(" on ", " x ").replace(" ja ", " y "), "gopher_enough_stop_words"),
        (CLEAN.replace(".", ":"), "line_punct_ratio"),
        ("", "empty"),
    ],
)
def test_fineweb2_rules(text: str, reason: str | None) -> None:
    assert rival("vro_Latn", CONFIGURATION).reason(text) == reason


def test_languages_without_a_configuration_are_counted() -> None:
    texts = [("vro_Latn", reference_text("a", CLEAN, "x")), ("xxx_Latn", reference_text("b", CLEAN, "x"))]
    fates, words = fineweb2(texts, {"vro_Latn": CONFIGURATION})
    assert fates == [Fate("a", "vro_Latn", "x", ())]
    assert words == {"our words": 1, "no configuration": 1}


def test_configurations_are_read_from_a_folder_or_an_archive(tmp_path: Path) -> None:
    folder = tmp_path / "configs"
    folder.mkdir()
    (folder / "vro_Latn.yml").write_text(yaml.safe_dump(CONFIGURATION), "utf-8")
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        archive.add(folder, "configs")
    assert read_configurations(folder) == read_configurations(tmp_path / "c.tar.gz") == {"vro_Latn": CONFIGURATION}
