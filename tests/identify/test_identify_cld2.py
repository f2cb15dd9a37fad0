"""CLD2 as a member: any bytes are answered, labels are codes."""

import pyarrow as pa
import pycld2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.identify.cld2 import LOOKED_AT, Cld2, Cld2Model
from stages.identify.codes import is_code, same_language
from stages.identify.fit import fit_scripts
from stages.identify.labels import label_table
from stages.identify.strings import Strings, chunks

MODEL = Cld2Model().open()


def best(texts: Strings, model: Cld2 = MODEL) -> list[str]:
    (found,) = chunks(texts)
    return list(fit_scripts(found, *model.predict(found, 3), model.codes).column("language").to_pylist())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Täna on ilus ilm ja lapsed mängivad õues.", "ekk_Latn"),
        ("Sutra putujemo vlakom u Zagreb, a u tjednu poslije toga idemo na more.", "hrv_Latn"),
        ("Данас је леп дан и деца се играју напољу испред куће.", "srp_Cyrl"),
        ("היום יום יפה והילדים משחקים בחוץ", "heb_Hebr"),
        ("今天天气很好，孩子们在外面玩。", "cmn_Hani"),
        ("今天天氣很好，孩子們在外面玩。", "cmn_Hani"),
        ("វាយប្រហារ ប្រទេសកម្ពុជា", "khm_Khmr"),
        ("Jeg vet ikke hvor mye det koster, men vi får se etter i morgen tidlig.", "nob_Latn"),
        ("", "und"),
        ("1234 !?", "und"),
    ],
)
def test_labels_are_codes(text: str, code: str) -> None:
    (found,) = best(pa.array([text]))
    assert same_language(found, code)


def test_every_language_that_cld2_detects_has_a_code() -> None:
    codes = {label for name, label in pycld2.LANGUAGES if name in pycld2.DETECTED_LANGUAGES}
    table = label_table("cld2")
    assert codes <= set(table)
    assert all(map(is_code, table.values()))


@pytest.mark.parametrize("dirt", ["\x00", "\x1b[31m", "\x85", "\ufffe", "\ufdd0", "\U0001fffe", "\U0010ffff", "\x7f"])
def test_characters_that_cld2_refuses_do_not_hide_the_language(dirt: str) -> None:
    assert best(pa.array([f"Täna on ilus ilm {dirt} ja lapsed mängivad õues."])) == ["ekk_Latn"]


@settings(deadline=None)
@given(st.lists(st.text(max_size=60) | st.none(), max_size=5))
def test_any_text_is_answered_and_alone_as_in_a_batch(texts: list[str | None]) -> None:
    if not texts:
        return
    together = best(pa.array(texts, pa.large_string()))
    assert together == [best(pa.array([text], pa.large_string()))[0] for text in texts]


@pytest.mark.parametrize("shift", range(5))
def test_long_texts_are_cut_between_characters(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    def detect(text: bytes, **_: bool) -> tuple[bool, int, tuple[()]]:
        seen.append(text)
        return False, 0, ()

    monkeypatch.setattr(pycld2, "detect", detect)
    best(pa.array(["a" * shift + "𐌰" * LOOKED_AT]))
    assert LOOKED_AT - 4 < len(seen[0]) <= LOOKED_AT
    assert seen[0].decode().startswith("a" * shift + "𐌰")


def test_the_beginning_counts() -> None:
    estonian = "Täna on ilus ilm ja lapsed mängivad õues. " * 200
    assert best(pa.array([estonian + "Danas je lijep dan i djeca se igraju. " * 2000])) == ["ekk_Latn"]


def test_the_fingerprint_names_the_version() -> None:
    assert Cld2Model().fingerprint().startswith("pycld2-0.")
