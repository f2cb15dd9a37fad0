"""Several identifiers as one: evidence, weights, `und`, and the installed calibrations."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.columns import IDENTIFICATION
from stages.errors import ConfigError
from stages.identify.calibration import Calibration, MemberCalibration, from_json, shipped
from stages.identify.cld2 import Cld2
from stages.identify.combine import Combination, band
from stages.identify.combined import CombinationModel, IdentifyCombined, identify_texts
from stages.identify.evidence import Answer, answer, fit_choice, log_evidence, normalised, outcomes, score_features
from stages.identify.familiarity import Profiles
from stages.identify.member import labels_digest

CONFIG = IdentifyCombined(members=("cld2",))

SENTENCES = {
    "ekk_Latn": "Täna on ilus ilm ja lapsed mängivad õues, sest koolis on vaheaeg ja keegi ei kiirusta.",
    "fin_Latn": "Tänään on kaunis ilma ja lapset leikkivät ulkona, koska koulussa on loma.",
    "hin_Deva": "आज मौसम अच्छा है और बच्चे बाहर खेल रहे हैं क्योंकि स्कूल में छुट्टी है।",
    "tha_Thai": "วันนี้อากาศดีและเด็กๆ เล่นอยู่ข้างนอกเพราะโรงเรียนปิดเทอม",
    "khm_Khmr": "ថ្ងៃនេះអាកាសធាតុល្អ ហើយក្មេងៗលេងនៅខាងក្រៅ",
    "jpn_Jpan": "今日は天気がよくて、子供たちは外で遊んでいます。",
    "amh_Ethi": "ዛሬ አየሩ ጥሩ ነው፤ ልጆችም ውጭ ይጫወታሉ።",
    "heb_Hebr": "היום מזג האוויר יפה והילדים משחקים בחוץ כי אין לימודים.",
}


def model() -> Combination:
    return CombinationModel(("cld2",)).open()


def rows(texts: list[str | None], opened: Combination | None = None) -> list[dict[str, Any]]:
    found = identify_texts(pa.array(texts, pa.large_string()), CONFIG, opened or model())
    assert found.schema == IDENTIFICATION
    return list(found.to_pylist())


def test_languages_of_many_scripts() -> None:
    assert [row["language"] for row in rows(list(SENTENCES.values()))] == list(SENTENCES)


@pytest.mark.parametrize("text", ["", None, "1234 !?", "😀👨‍👩‍👧‍👦", "\x00\x01"])
def test_text_without_letters_is_und(text: str | None) -> None:
    (row,) = rows([text])
    assert row == {
        "language": "und",
        "language_score": 0.0,
        "language_second": None,
        "language_second_score": 0.0,
        "script": "Zyyy",
    }


def test_a_script_that_no_member_reads_is_und_with_its_script() -> None:
    (row,) = rows(["ꆈꌠꁱꂷ ꆈꌠꉙ ꌧꃅ ꀉꂿ"])
    assert (row["language"], row["script"]) == ("und", "Yiii")


def test_no_texts() -> None:
    assert identify_texts(pa.chunked_array([], pa.string()), CONFIG, model()).schema == IDENTIFICATION
    assert rows([]) == []


MIXED = st.lists(st.text(max_size=40) | st.sampled_from(sorted(SENTENCES.values())) | st.none(), min_size=1, max_size=6)


@settings(deadline=None, max_examples=40)
@given(MIXED)
def test_rows_do_not_depend_on_each_other(texts: list[str | None]) -> None:
    opened = model()
    together = rows(texts, opened)
    assert together == [row for text in texts for row in rows([text], opened)]
    assert all(0 <= row["language_score"] <= 1 and 0 <= row["language_second_score"] <= 1 for row in together)


def test_chunks_of_a_column_are_one_column() -> None:
    texts = list(SENTENCES.values())
    chunked = pa.chunked_array([pa.array(texts[:3]), pa.array(texts[3:])])
    assert identify_texts(chunked, CONFIG, model()).to_pylist() == rows(list(texts))


def test_the_resource_survives_pickling() -> None:
    copy = pickle.loads(pickle.dumps(CombinationModel(("cld2",))))
    assert copy == CombinationModel(("cld2",))
    assert copy.fingerprint() == CombinationModel(("cld2",)).fingerprint()


def test_no_members_is_an_error() -> None:
    with pytest.raises(ValueError, match="members is empty"):
        IdentifyCombined(members=())


def test_other_members_need_a_calibration_of_their_own() -> None:
    with pytest.raises(ConfigError, match="no calibration is installed for these members"):
        CombinationModel(("cld2", "cld2")).open()


@pytest.mark.parametrize("members", [["cld2"], ["lid.176", "cld2"]])
def test_installed_calibrations_are_in_order(members: list[str]) -> None:
    calibration = shipped(members)
    assert [member.name for member in calibration.members] == members
    assert from_json(calibration.to_json(), "again").to_json() == calibration.to_json()
    assert calibration.members[-1].labels == labels_digest(Cld2())


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path) -> None:
    profiles = Profiles.of({"ekk_Latn": [b"tere maailm"]})
    member = MemberCalibration("cld2", labels_digest(Cld2()), 0.5, np.arange(24.0).reshape(3, 8))
    made = Calibration((member,), np.ones(8), np.ones(21), (1.0, 2.0, 3.0, 1e9), profiles, np.ones((1, 2)), {"a": 1})
    path = tmp_path / "c.json"
    path.write_text(made.to_json())
    read = from_json(path.read_text(), str(path))
    assert read.to_json() == made.to_json()
    assert read.profiles is not None
    assert read.profiles.bits.tolist() == profiles.bits.tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no calibration"),
        ("{}", "no calibration"),
        ("[]", "no calibration"),
        ('{"version": 99}', "calibration of version 99, and 1 is used"),
        ('{"version": 1, "members": [{}], "profiles": null}', "no calibration"),
    ],
)
def test_what_is_no_calibration_is_an_error(content: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_json(content, "x.json")


def test_damaged_profiles_are_an_error() -> None:
    content = json.loads(shipped(["cld2"]).to_json())
    content["profiles"] = {"codes": ["ekk_Latn"], "expected": [0.0], "bits": "AAAA"}
    with pytest.raises(ConfigError, match="no calibration"):
        from_json(json.dumps(content), "x.json")


def test_labels_of_one_code_are_added_up() -> None:
    said = answer(np.array([[3, 1, 3, -1]]), np.array([[0.5, 0.3, 0.1, 0.9]]))
    assert said.codes.tolist() == [[3, 1, -1, -1]]
    assert said.scores[0].tolist() == pytest.approx([0.6, 0.3, 0.0, 0.0])


def test_a_member_has_no_voice_about_what_it_does_not_know() -> None:
    """Codes 0 and 1 it knows, 2 and 3 it does not: these get equal evidence whatever it says."""
    said = Answer(np.array([[0, -1]]), np.array([[0.9, 0.0]]))
    outcome = np.log(np.array([[0.6, 0.1, 0.3]]))
    knows = np.array([True, True, False, False])
    found = np.exp(log_evidence(said, outcome, np.array([[0, 1, 2, 3]]), knows, 1.0))[0]
    assert found.tolist() == pytest.approx([0.6, 0.05, 0.15, 0.15])


def test_outcomes_are_probabilities_and_a_silent_member_names_nothing() -> None:
    said = Answer(np.array([[0, -1], [-1, -1]]), np.array([[0.9, 0.0], [0.0, 0.0]]))
    member = MemberCalibration("m", "", 1.0, np.random.default_rng(0).normal(size=(3, 8)))
    found = np.exp(outcomes(said, np.array([100, 0]), member))
    assert found.sum(axis=1).tolist() == pytest.approx([1.0, 1.0])
    assert found[1, 0] == 0.0
    assert score_features(said, np.array([100, 0])).shape == (2, 8)


def test_choices_are_fitted() -> None:
    """Of data that a known model made, the weights are found again."""
    draw = np.random.default_rng(1)
    features, true = draw.normal(size=(4000, 3, 2)), np.array([1.5, -0.7])
    shares = np.exp(normalised(features @ true))
    chosen = (shares.cumsum(axis=1) > draw.random((4000, 1))).argmax(axis=1)
    assert fit_choice(features, chosen, np.ones(4000)).tolist() == pytest.approx([1.5, -0.7], abs=0.1)


def test_alternatives_that_are_none_are_never_chosen() -> None:
    features = np.array([[[1.0], [np.nan]], [[2.0], [0.0]]])
    assert np.isfinite(fit_choice(features, np.array([0, 0]), np.ones(2))).all()


def test_bands_of_length() -> None:
    assert band(np.array([0, 39, 40, 139, 140, 599, 600, 10_000])).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
