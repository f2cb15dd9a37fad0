"""`identify.variant`: Simplified and Traditional, Bokmål and Nynorsk; and scripts that the code already tells."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.identify.fit import fit_scripts, label_codes
from stages.identify.strings import chunks
from stages.identify.variant import BOKMAAL, NYNORSK, Variant, variant, variant_plain
from stages.text.batch import TextBatch
from stages.text.language import LanguageText


def batch(texts: list[str], code: str) -> TextBatch:
    rows = pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.large_string())})
    return TextBatch(rows, LanguageText(code=code))


@pytest.mark.parametrize(
    ("code", "text", "name", "agreement"),
    [
        ("cmn_Hani", "汉语是一种语言，这个国家的学校", "hans", 1.0),
        ("cmn_Hani", "漢語是一種語言，這個國家的學校", "hant", 1.0),
        ("yue_Hani", "佢哋嘅學校喺邊度", "hant", 1.0),
        ("cmn_Hani", "汉语 漢語", "mixed", 0.5),
        ("cmn_Hani", "天地人", None, 1.0),
        ("cmn_Hani", "后面的台子", None, 1.0),  # both have them
        ("cmn_Hani", "", None, 1.0),
        ("jpn_Jpan", "漢字と国", None, 1.0),
        ("vie_Hani", "漢語", None, 1.0),
        ("nob_Latn", "Jeg vet ikke hva hun kommer fra", "nob", 1.0),
        ("nob_Latn", "Eg veit ikkje kva ho kjem frå", "nno", 0.0),
        ("nno_Latn", "EG VEIT IKKJE", "nno", 1.0),
        ("nno_Latn", "Jeg vet ikke, eg veit ikkje", "mixed", 0.5),
        ("nob_Latn", "Han er her i dag", None, 1.0),
        ("dan_Latn", "Jeg ved ikke", None, 1.0),
        ("und", "汉语", None, 1.0),
    ],
)
def test_variants(code: str, text: str, name: str | None, agreement: float) -> None:
    for measure in (variant, variant_plain):
        assert measure(batch([text], code), Variant()).to_pylist() == [
            {"variant": name, "variant_agreement": agreement}
        ]


def test_how_much_of_the_other_variant_is_mixed() -> None:
    texts = ["汉语汉语漢"]
    assert variant(batch(texts, "cmn_Hani"), Variant()).column("variant").to_pylist() == ["hans"]
    assert variant(batch(texts, "cmn_Hani"), Variant(mixed_below=0.9)).column("variant").to_pylist() == ["mixed"]


def test_the_words_are_of_one_form_only() -> None:
    assert not BOKMAAL & NYNORSK
    assert all(word == word.lower() for word in BOKMAAL | NYNORSK)


PIECES = [*"汉漢语語后一𠀀éå,. \n", "ikke ", "IKKJE ", "eg ", "jeg ", "a"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), min_size=1, max_size=4))
@pytest.mark.parametrize("code", ["cmn_Hani", "nno_Latn"])
def test_equal_to_the_reference(code: str, texts: list[str]) -> None:
    rows = batch(["漢", *texts], code).rows.slice(1)
    sliced = TextBatch(rows, LanguageText(code=code))
    assert variant(sliced, Variant()).equals(variant_plain(sliced, Variant()))


@pytest.mark.parametrize(
    ("label", "text", "code"),
    [
        ("srp_Cyrl", "Сва људска бића рађају се слободна", "srp_Cyrl"),
        ("srp_Cyrl", "Sva ljudska bića rađaju se slobodna", "srp_Latn"),
        ("uzn_Latn", "Barcha odamlar erkin, qadr-qimmat", "uzn_Latn"),
        ("uzn_Latn", "Барча одамлар эркин, қадр-қиммат", "uzn_Cyrl"),
        ("kaz_Cyrl", "Барлық адамдар тумысынан азат", "kaz_Cyrl"),
        ("kaz_Cyrl", "Barlıq adamdar tumysynan azat", "kaz_Latn"),
        ("kaz_Cyrl", "بارلىق ادامدار تۋمىسىنان ازات", "kaz_Arab"),
        ("uzn_Latn", "بارچه انسانلر آزاد", "uzn_Arab"),
    ],
)
def test_the_script_of_the_code_is_that_of_the_text(label: str, text: str, code: str) -> None:
    labels, scores = pa.array([0]).to_numpy().reshape(1, 1).astype("int32"), pa.array([0.9]).to_numpy()
    texts = next(iter(chunks(pa.array([text], pa.large_string()))))
    found = fit_scripts(texts, labels, scores.reshape(1, 1).astype("float32"), label_codes([label]))
    assert found.column("language").to_pylist() == [code]
