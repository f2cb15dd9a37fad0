"""What is derived of reference text: methods, bounds, thresholds, stop words, and the file that says it."""

import gzip
import json
import math
import tomllib
from collections.abc import Callable
from math import log2
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.lang.derive.bounds import (
    CEILINGS,
    DERIVED,
    LEAST_DOCUMENTS,
    PUBLISHED,
    any_of,
    applied,
    balanced,
    derive_bounds,
    dropped,
    exceeds,
    failing,
    sides,
)
from pipelines.lang.derive.command import derive
from pipelines.lang.derive.confusable import find_confusable
from pipelines.lang.derive.language import (
    derive_group,
    derive_language,
    derive_threshold,
    members,
    without_derived,
)
from pipelines.lang.derive.methods import (
    interval,
    language_threshold,
    mean_deviation,
    median_ratio,
    quantile,
    tail,
)
from pipelines.lang.derive.reference import Measured, Measurer, Reference, Scorer, read_references
from pipelines.lang.derive.segmenter import code_length, fit_segmenter
from pipelines.lang.derive.stop_words import derive_stop_words
from pipelines.lang.derive.write import heading_of, render
from pipelines.language_checks import cannot_bind
from pipelines.languages import Bound, LanguageFile, own_file
from stages.errors import ConfigError
from stages.text.language import LanguageText
from tests.reference_text import reference_text

VALUES = st.lists(st.floats(0, 0.5, width=32), min_size=1, max_size=60).map(np.array)


def measured(**columns: list[float]) -> Measured:
    count = len(next(iter(columns.values())))
    arrays = {name: np.array(values, np.float32) for name, values in columns.items()}
    return Measured("xxx_Latn", [str(row) for row in range(count)], ["s"] * count, arrays)


@given(VALUES, st.sampled_from([0.5, 0.1, 0.01, 0.001]))
def test_no_more_than_the_share_lies_beyond_a_quantile(values: np.ndarray, beyond: float) -> None:
    for side in ("min", "max"):
        limit = quantile(values, side, beyond)
        assert limit in values
        assert failing(values, side, limit).sum() <= beyond * len(values)


def test_methods() -> None:
    values = np.arange(1.0, 11.0)
    assert mean_deviation(values, "max") == pytest.approx(5.5 + 3 * math.sqrt(8.25))
    assert mean_deviation(values, "min") == pytest.approx(5.5 - 3 * math.sqrt(8.25))
    assert (tail(values, "min"), tail(values, "max")) == (1.0, 10.0)
    assert median_ratio(values, 0.2, 11.0) == pytest.approx(0.1)
    assert math.isnan(median_ratio(values, 0.2, 0.0))
    assert interval(values, lambda some: float(some.mean()), "a") == interval(
        values, lambda some: float(some.mean()), "a"
    )
    low, high = interval(values, lambda some: float(some.mean()), "a")
    assert 3 < low < 5.5 < high < 8


@pytest.mark.parametrize(
    ("scores", "tau"), [([1.0] * 9, 0.9), ([0.1] * 9, 0.3), ([0.5, 0.7, 0.9], 0.7 - np.std([0.5, 0.7, 0.9]))]
)
def test_threshold_of_language_identification(scores: list[float], tau: float) -> None:
    assert language_threshold(np.array(scores)) == pytest.approx(tau)


@given(st.integers(1, 60), st.integers(0, 60), st.sampled_from([0.005, 0.1, 0.5]))
def test_significance_is_the_binomial_tail(total: int, count: int, share: float) -> None:
    count = min(count, total)
    tail_share = sum(math.comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(count, total + 1))
    if abs(tail_share - 0.05) > 1e-9:
        assert exceeds(count, total, share) == (count > share * total and tail_share < 0.05)


def test_a_bound_is_widened_to_the_quantile() -> None:
    ratios = [0.1] * 380 + [0.3] * 20
    findings = derive_bounds(measured(digit_ratio=ratios), {"digit_ratio": Bound("digit_ratio", None, 0.25)})
    assert [(f.column, f.side, f.value, f.dropped_before, f.dropped_after) for f in findings] == [
        ("digit_ratio", "max", 0.3, 20, 0)
    ]
    assert findings[0].why().startswith(f"{DERIVED}0.25 drops 20 of 400 documents of s; 0.3 drops 0")
    assert applied({"digit_ratio": Bound("digit_ratio", None, 0.25)}, findings)["digit_ratio"].maximum == 0.3


@pytest.mark.parametrize(
    ("columns", "fixed", "why"),
    [
        ({"digit_ratio": [0.1] * 200 + [0.3] * 20}, (), "too few documents"),
        ({"digit_ratio": [0.1] * 999 + [0.3]}, (), "hardly any is dropped"),
        ({"digit_ratio": [0.1] * 380 + [0.3] * 20}, ("digit_ratio",), "a person set it"),
        ({"flagged_word_ratio": [0.1] * 380 + [0.3] * 20}, (), "a sign of bad text"),
    ],
)
def test_what_is_not_widened(columns: dict[str, list[float]], fixed: tuple[str, ...], why: str) -> None:
    column = next(iter(columns))
    findings = derive_bounds(measured(**columns), {column: Bound(column, None, 0.25)}, fixed)
    assert not any(finding.changed for finding in findings), why


def test_a_bound_that_cannot_bind_is_refused() -> None:
    ratios = [0.1] * 300 + [1.0] * 30
    (finding,) = derive_bounds(measured(own_ratio=ratios), {"own_ratio": Bound("own_ratio", None, 0.5)})
    assert (finding.value, finding.changed) == (0.5, False)
    assert (
        finding.refused == "bounds.own_ratio: max 1 drops nothing: a ratio is at most 1; lower it, or write off = true"
    )


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.floats(0, 0.75, width=32), st.floats(0, 0.75, width=32)), min_size=1, max_size=40).map(
        lambda rows: rows * (LEAST_DOCUMENTS // len(rows) + 1)
    )
)
def test_bounds_only_widen_and_never_beyond_their_ceilings(rows: list[tuple[float, float]]) -> None:
    reference = measured(top_2gram_char_ratio=[row[0] for row in rows], alphabetic_word_ratio=[row[1] for row in rows])
    before = {
        "top_2gram_char_ratio": Bound("top_2gram_char_ratio", None, 0.2),
        "alphabetic_word_ratio": Bound("alphabetic_word_ratio", 0.4, None),
    }
    findings = derive_bounds(reference, before)
    for finding in findings:
        ceiling = CEILINGS[finding.column, finding.side]
        assert finding.dropped_after <= finding.dropped_before
        if finding.side == "max":
            assert finding.inherited <= finding.value <= ceiling
        else:
            assert finding.inherited >= finding.value >= ceiling
    after = any_of(dropped(reference, applied(before, findings)).values(), len(reference)).sum()
    assert after <= any_of(dropped(reference, before).values(), len(reference)).sum()


def test_published_bounds_can_bind_and_have_ceilings() -> None:
    for column, side, limit in sides(PUBLISHED.values()):
        assert side == "max"
        assert limit <= CEILINGS[column, "max"]
        assert cannot_bind(PUBLISHED[column]) is None


def test_documents_are_balanced() -> None:
    parts = balanced([measured(digit_ratio=[0.1] * 7), measured(digit_ratio=[0.2] * 2)], 3)
    assert [len(part) for part in parts] == [3, 2]


def reference(texts: list[str], licence: str = "CC0-1.0", whole: bool = True, code: str = "ekk_Latn") -> Reference:
    return Reference(
        code, [reference_text(f"{number}", text, "s", licence, whole) for number, text in enumerate(texts)]
    )


def many(make: Callable[[int], str], count: int) -> list[str]:
    return [make(number) for number in range(count)]


WORDS = ["ja", "on", "ei", "et", "ka", "see", "kui", "ta", "mis", "või"]


def test_stop_words_are_the_words_of_most_documents() -> None:
    texts = many(lambda number: f"Sõna{number} " + " ".join(WORDS) + f" Jüri word{number % 7}.", 60)
    found = derive_stop_words(reference(texts))
    assert found is not None
    assert set(found.words) == set(WORDS), "no name, nothing that is rare"
    assert found.why == "derived: in most of 60 documents of s, from 100% of them for the first to 100% for the last"


@pytest.mark.parametrize(
    ("texts", "licence", "whole"),
    [
        (many(lambda number: " ".join(WORDS * 2), 49), "CC0-1.0", True),
        (many(lambda number: " ".join(WORDS * 2), 199), "CC0-1.0", False),
        (many(lambda number: " ".join(WORDS * 2), 60), "CC BY-NC", True),
        (many(lambda number: " ".join(WORDS * 2), 60), "UNVERIFIED: no licence", True),
        (many(lambda number: " ".join(WORDS[:9] * 2), 60), "CC0-1.0", True),
        (many(lambda number: f"w{number} v{number} x{number}", 60), "CC0-1.0", True),
    ],
)
def test_no_list_of_too_little_text_or_without_permission(texts: list[str], licence: str, whole: bool) -> None:
    assert derive_stop_words(reference(texts, licence, whole)) is None


def test_stock_names_of_sentences_are_no_stop_words() -> None:
    words = " ".join(WORDS)
    pairs = [reference_text(f"{n}", f"{words} טאם", "tatoeba", "", False, "Tom is here.") for n in range(100)]
    pairs += [reference_text(f"x{n}", f"{words} דא", "tatoeba", "", False, "He is here.") for n in range(200)]
    found = derive_stop_words(Reference("ydd_Hebr", pairs))
    assert found is not None
    assert "טאם" not in found.words
    assert "דא" in found.words


def test_a_script_of_capitals_has_no_names() -> None:
    words = ["ᎠᏎᏃ", "ᎾᏍᎩ", "ᎯᎠ", "ᎨᏒᎢ", "ᎾᏍᏉ", "ᎢᏳᏍᏗ", "ᎤᏩᏒ", "ᏂᎦᏓ", "ᎠᏴ", "ᎤᎾ"]
    found = derive_stop_words(reference([" ".join(["ᎣᏏᏲ", *words])] * 60, code="chr_Cher"))
    assert found is not None
    assert {word.lower() for word in words} == set(found.words)


class Fixed:
    """A scorer that gives the scores it was made with."""

    model = "fixed"

    def __init__(self, *scores: float) -> None:
        self.scores = np.array(scores, np.float32)

    def __call__(self, reference: Reference) -> np.ndarray:
        return self.scores


@pytest.mark.parametrize(
    ("scores", "value"),
    [([0.99] * 100, 0.5), ([0.47] * 100, 0.45), ([0.4] * 1 + [0.99] * 99, 0.4), ([0.99] * 99, None)],
)
def test_the_threshold_that_is_written(scores: list[float], value: float | None) -> None:
    found = derive_threshold(reference([]), Fixed(*scores), None)  # type: ignore[arg-type]
    assert (found.value if found else None) == value


def test_a_language_with_little_text_falls_back_and_says_so() -> None:
    derived = derive_language(reference(["Tere tulemast siia."], code="vro_Latn"), None, Measurer(), None)
    assert derived.file == LanguageFile(
        name="Võro",
        backoff="0.0 kB of reference text (1 document of s), below 100 kB: the settings of its script, Latn",
    )
    assert derived.differences() == [f"back-off: {derived.file.backoff}"]


def test_what_a_person_set_stays_and_what_was_derived_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "vro_Latn.toml").write_text(
        '[text]\nstop_words = ["ja", "om"]\nstop_words_why = "derived: once"\n'
        '[bounds.digit_ratio]\nmax = 0.2\nwhy = "derived: once"\n'
        '[bounds.url_ratio]\nmax = 0.1\nwhy = "mine"\n',
        "utf-8",
    )
    assert set(without_derived(own_file("vro_Latn", tmp_path)).bounds) == {"url_ratio"}
    words = reference(many(lambda number: "Sõna " + " ".join(WORDS), 60), code="vro_Latn")
    derived = derive_language(words, words, Measurer(), None, None, str(tmp_path))
    assert derived.file.text.stop_words == tuple(sorted(WORDS))
    assert {column: bound.why for column, bound in derived.file.bounds.items()} == {"url_ratio": "mine"}


def lines(words: list[str], between: str) -> str:
    """Lines of eight words, drawn at random."""
    draw = Random(7)
    return "\n".join(between.join(draw.choices(words, k=8)) for _ in range(600))


def test_the_segmenter_of_fewest_bits_is_found() -> None:
    """Thai has no spaces between words, Karen has; Estonian needs no segmenter."""
    thai = lines(["ภาษา", "ไทย", "เป็น", "ที่", "ใช้", "ใน", "ประเทศ", "และ", "ราชการ", "ของ", "คน", "บ้าน", "เมือง"], "")
    karen = lines(["ပှၤကညီ", "ကျိာ်", "တၢ်မၤ", "ဒီးလၢ", "အကျိၤ", "ထံဖိ", "ကီၢ်ဖိ", "တၢ်ခွဲး", "တၢ်ယာ်"], " ")
    best = {}
    for code, text in (("tha_Thai", thai), ("ksw_Mymr", karen)):
        fit = fit_segmenter(reference([text], code=code))
        assert fit is not None
        best[code] = fit.best
    assert best == {"tha_Thai": "dictionary", "ksw_Mymr": "spaces"}
    assert fit_segmenter(reference(["Tere tulemast siia. " * 500])) is None
    assert fit_segmenter(reference([thai[:4000]])) is None, "too little text"


def test_the_code_length_is_that_of_the_frequencies() -> None:
    """Two words and the end, each a third of all, a little less for what may be new."""
    known = ["ab"] * 300
    bits = code_length(known, ["ab"], "clusters")
    assert bits == pytest.approx(3 * log2(3), abs=0.01)
    assert code_length(known, ["xy"], "clusters") > 2 * 21


@pytest.mark.realdata
def test_confusable_languages_are_those_that_the_model_takes_it_for(data_root: Path) -> None:
    found = read_references([str(data_root / "mono" / "udhr")])
    scorer = Scorer()
    bosnian = find_confusable(found["bos_Latn"], scorer, 0.15)
    assert bosnian is not None
    assert {"hrv_Latn", "srp_Latn"} & {*bosnian.codes}
    assert find_confusable(found["ell_Grek"], scorer, 0.15).codes == ()  # type: ignore[union-attr]
    assert find_confusable(found["fuf_Latn"], scorer, 0.15) is None, "the model does not know it"


def test_a_group_is_derived_of_its_languages(tmp_path: Path) -> None:
    repeating = " ".join(f"{word} kuimba" for word in WORDS) + " "
    parts = [
        Measurer()(reference([f"{repeating * 3} Nr {n}. {n} a. {n} b." for n in range(100)], code=code), LanguageText())
        for code in ("zul_Latn", "xho_Latn", "swh_Latn", "sna_Latn", "lug_Latn", "ekk_Latn")
    ]
    assert [part.code for part in members("_bnt", parts)] == [part.code for part in parts[:-1]]
    derived = derive_group("_bnt", parts)
    assert derived.described == "text of 5 languages"
    assert derived.file.bounds["duplicate_5gram_char_ratio"].max == CEILINGS["duplicate_5gram_char_ratio", "max"]
    assert derive_group("_bnt", parts[:2]).file.bounds == {}, "two languages are no group"
    set_by_hand = '[identification]\nconfusable = ["eng_Latn"]\nconfusable_why = "mine"\n'
    (tmp_path / "_bnt.toml").write_text(set_by_hand, "utf-8")
    assert derive_group("_bnt", parts, str(tmp_path)).file.identification.confusable == ("eng_Latn",)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXTS, st.lists(TEXTS.filter(bool), max_size=40), st.floats(0.001, 0.9), TEXTS.filter(bool))
def test_a_written_file_reads_the_same(name: str, words: list[str], limit: float, why: str) -> None:
    limit = float(f"{limit:g}")
    file = LanguageFile.model_validate(
        {
            "name": name,
            "text": {"stop_words": tuple(words), "stop_words_why": why},
            "bounds": {"digit_ratio": {"max": limit, "why": why}, "url_ratio": {"off": True, "why": why}},
        }
    )
    assert LanguageFile.model_validate(tomllib.loads(render(file, ["# heading"]))) == file


def test_the_heading_of_a_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "ekk_Latn.toml"
    assert heading_of(path) == []
    path.write_text("# one\n# two\n\nname = 'x'\n", "utf-8")
    assert heading_of(path) == ["# one", "# two"]


def jsonl(path: Path, records: list[dict[str, str]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return path


def test_references_go_to_their_languages(tmp_path: Path) -> None:
    records = [
        {"text": "Tere", "lang": "est_Latn", "id": "a", "source": "x"},
        {"text": "Rimaykullayki", "lang": "que_Latn", "id": "b"},
        {"text": "?", "lang": "tlh_Zzzzz", "id": "c"},
        {"text": "nimetu", "id": "d"},
        {"src": "Hello", "tgt": "Tere", "src_lang": "eng_Latn", "tgt_lang": "ekk_Latn", "id": "e"},
    ]
    path = jsonl(tmp_path / "r.jsonl.gz", records)
    found = read_references([str(path)])
    assert {code: [text.text for text in r.texts] for code, r in found.items()} == {
        "ekk_Latn": ["Tere", "Tere"],
        "eng_Latn": ["Hello"],
        "que_Latn": ["Rimaykullayki"],
    }
    assert [text.text for text in found["ekk_Latn"].documents] == ["Tere"]
    assert "nimetu" in [text.text for text in read_references([str(path)], "ekk_Latn")["ekk_Latn"].texts]


def test_the_command_shows_and_writes(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "r.jsonl.gz", [{"text": " ".join(WORDS * 6), "lang": "vro_Latn"}] * 60)
    arguments = ["lang", "derive", "vro", "--reference", str(path), "--words", str(path), "--model", ""]
    shown = CliRunner().invoke(app, [*arguments, "--write", str(tmp_path / "out")])
    assert shown.exit_code == 0, shown.output
    assert "stop words: ei et ja ka kui mis on see ta või" in shown.output
    written = tomllib.loads((tmp_path / "out" / "vro_Latn.toml").read_text("utf-8"))
    assert written["text"]["stop_words"] == sorted(WORDS)
    assert CliRunner().invoke(app, ["lang", "check", "--lang-configs", str(tmp_path / "out")]).exit_code == 0


def test_a_language_without_text_is_an_error(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "r.jsonl.gz", [{"text": "Tere", "lang": "ekk_Latn"}])
    with pytest.raises(ConfigError, match=r"fin_Latn: no text of it in .*; check `lang` of the records"):
        list(derive(["fi"], [str(path)], [], model=None))


@pytest.mark.parametrize("codes", [["yor"], ["_default"], []])
def test_without_text_the_option_that_gives_it_is_named(codes: list[str]) -> None:
    with pytest.raises(ConfigError, match="no text to derive anything from; give --reference URI"):
        list(derive(codes, [], [], model=None))


def test_every_bound_of_every_language_is_derived_together(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "r.jsonl.gz", [{"text": " ".join(WORDS * 6), "lang": "ekk_Latn"}] * 2)
    (derived,) = derive(["_default"], [str(path)], [], model=None)
    assert set(derived.file.bounds) == set(own_file("_default").bounds)
    assert derived.file.bounds["duplicate_5gram_char_ratio"].max == PUBLISHED["duplicate_5gram_char_ratio"].maximum


def test_every_language_of_the_references_is_derived(tmp_path: Path) -> None:
    records = [{"text": "Tere", "lang": "ekk_Latn"}, {"text": "Moi", "lang": "fi"}, {"text": "?", "lang": "und_Latn"}]
    path = jsonl(tmp_path / "r.jsonl.gz", records)
    found = [derived.code for derived in derive([], [str(path)], [], model=None)]
    assert found == ["ekk_Latn", "fin_Latn"]
