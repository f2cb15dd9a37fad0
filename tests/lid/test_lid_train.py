"""`lid train`, `calibrate` and `evaluate` on invented languages: models, calibrations, tables."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from pipelines import cli
from pipelines.lid.evaluate import COMBINATION, evaluate
from pipelines.lid.measures import Said, confusable_groups, confusions, folded, quality
from pipelines.lid.settings import Split
from pipelines.lid.train import Trained, train
from stages.errors import ConfigError
from stages.identify.combined import CombinationModel, IdentifyCombined, identify_texts
from stages.identify.fasttext import FasttextModel, IdentifyFasttext
from stages.identify.fasttext import identify_texts as identify_by_one

Text = Callable[..., str]


def combination(trained: Trained) -> CombinationModel:
    return CombinationModel(("cld2", str(trained.model)), str(trained.calibration))


def test_the_model_is_usable_at_once(trained: Trained, codes: tuple[str, ...], text: Text) -> None:
    known = [code for code in codes if code not in trained.held_out]
    texts = pa.array([text(code, 1000) for code in known])
    config = IdentifyFasttext(model=str(trained.model))
    found = identify_by_one(texts, config, FasttextModel(config.model).open())
    assert found.column("language").to_pylist() == known


def test_the_combination_names_what_it_knows_and_calls_the_rest_und(
    trained: Trained, codes: tuple[str, ...], text: Text
) -> None:
    known = [code for code in codes if code not in trained.held_out]
    truth = [code for code in codes for _ in range(10)]
    texts = [text(code, 1000 + number) for number, code in enumerate(truth)]
    found = identify_texts(pa.array(texts), IdentifyCombined(), combination(trained).open())
    languages = found.column("language").to_pylist()
    named = [code == language for code, language in zip(truth, languages, strict=True) if code in known]
    lost = [language == "und" for code, language in zip(truth, languages, strict=True) if code not in known]
    assert sum(named) >= 0.75 * len(named), languages
    assert sum(lost) >= 0.75 * len(lost), languages


def test_training_twice_gives_the_same_bytes(labelled: str, tmp_path: Path) -> None:
    from pipelines.lid.settings import Balance, Training

    small = Training(dimension=16, buckets=600_000, epochs=2, balance=Balance(characters=20_000))
    made = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        made.append(train([labelled], str(tmp_path / folder / "m.bin"), training=small, others=("cld2",)))
    assert made[0].model.read_bytes() == made[1].model.read_bytes()
    assert made[0].calibration.read_bytes() == made[1].calibration.read_bytes()


def test_held_out_languages_are_none_that_a_member_knows(trained: Trained, codes: tuple[str, ...]) -> None:
    about = json.loads(trained.calibration.read_text())["about"]
    assert set(trained.held_out) <= {*codes, "pps_Latn"}
    assert len(trained.held_out) == 2
    assert not set(about["codes"]) & set(trained.held_out)


def test_an_evaluation_uses_what_was_held_out(trained: Trained, labelled: str) -> None:
    found = evaluate([labelled], str(trained.model), others=("cld2",))
    assert found.note == "text held out of training"
    for level in ("sentences", "documents"):
        by_name = found.levels[level]
        assert set(by_name) == {"cld2", "tiny.bin", COMBINATION}
        assert by_name["cld2"].macro_f1 == 0.0
        assert by_name[COMBINATION].macro_f1 > 0.9
        assert len(by_name[COMBINATION].f1) == 7
    assert found.unknown is not None
    assert found.unknown.languages == 2
    assert found.unknown.undetermined > 0.75
    assert found.known_text.undetermined < 0.1
    assert set(found.sources) == {"invented", "alone"} - ({"alone"} if "pps_Latn" in trained.held_out else set())


def test_other_text_is_evaluated_as_a_whole(
    trained: Trained, text: Text, write: Callable[..., str], codes: tuple[str, ...], tmp_path: Path
) -> None:
    rows = [{"text": text(code, 2000), "lang": code} for code in codes]
    found = evaluate([write(tmp_path / "other.jsonl", rows)], str(trained.model), others=("cld2",))
    assert "not what the model was trained on" in found.note
    assert found.levels["documents"][COMBINATION].texts == len(codes) - len(set(codes) & set(trained.held_out))


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> SimpleNamespace:
    monkeypatch.setattr("sys.argv", ["babelmill", *arguments])
    status = cli.command()
    written = capsys.readouterr()
    return SimpleNamespace(status=status, out=written.out, err=written.err)


def test_commands(
    labelled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(tmp_path / "m.ftz")
    tiny = ("--dimension", "16", "--buckets", "600000", "--epochs", "3", "--characters", "50000", "--member", "cld2")
    made = run("lid", "train", labelled, "-o", model, *tiny, monkeypatch=monkeypatch, capsys=capsys)
    assert made.status == 0, made.err
    assert "9 languages" in made.out
    assert 'stage = "identify.combined"' in made.out
    output = tmp_path / "evaluation.json"
    arguments = ("lid", "evaluate", labelled, "-m", model, "--member", "cld2", "--json", str(output))
    shown = run(*arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert shown.status == 0, shown.err
    for title in ("sentences", "documents", "accuracy by source", "confusable groups", "abstention"):
        assert title in shown.out
    assert json.loads(output.read_text())["levels"]["documents"]["combination"]["texts"] > 0
    other = str(tmp_path / "cld2.json")
    made = run("lid", "calibrate", labelled, "-o", other, "--member", "cld2", monkeypatch=monkeypatch, capsys=capsys)
    assert made.status == 0, made.err
    assert CombinationModel(("cld2",), other).open().names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "{data}", "-o", "{folder}/m.txt"), "give a file name that ends in .bin"),
        (("train", "{data}", "-o", "{folder}/none/m.bin"), "there is no folder"),
        (("train", "{data}", "-o", "{folder}/m.bin", "--field", "language"), "give NAME=COLUMN"),
        (("train", "{data}", "-o", "{folder}/m.bin", "--buckets", "2000"), "of dimension 32 give at least 270337"),
        (("train", "{folder}/none*.jsonl", "-o", "{folder}/m.bin"), "no file matches"),
        (("train", "{data}", "-o", "{folder}/m.bin", "--member", "cld2", "--hold-out", "50"), "only 9 languages"),
        (("train", "{data}", "-o", "{folder}/m.bin", "--member", "lid.17"), "lid.17: no such file"),
        (("evaluate", "{data}", "-m", "{folder}/none.bin"), "none.json: no such file; `babelmill lid train`"),
        (("calibrate", "{data}", "-o", "{folder}/none/x.json"), "there is no folder"),
    ],
)
def test_mistakes_are_one_line(
    arguments: tuple[str, ...],
    message: str,
    labelled: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled = [argument.format(data=labelled, folder=tmp_path) for argument in arguments]
    done = run("lid", *filled, monkeypatch=monkeypatch, capsys=capsys)
    assert done.status == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_too_little_text_to_train_on_is_an_error(write: Callable[..., str], tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [{"text": "one", "lang": "en"}])
    with pytest.raises(ConfigError):
        train([path], str(tmp_path / "m.bin"), split=Split(), others=("cld2",))


def test_members_must_be_those_of_the_calibration(trained: Trained) -> None:
    model = CombinationModel((str(trained.model), "cld2"), str(trained.calibration))
    with pytest.raises(ConfigError, match=r"the calibration is for 2 members \(cld2, tiny.bin\)"):
        model.open()


def test_macro_codes_and_their_members_are_one_language() -> None:
    assert folded(["ekk_Latn", "arz_Arab", "nno_Latn"], ["est_Latn", "arb_Arab", "nob_Latn"]) == [
        "ekk_Latn",
        "arb_Arab",
        "nob_Latn",
    ]


def test_measures() -> None:
    truth = ["ekk_Latn"] * 4 + ["fin_Latn"] * 2
    said = Said(
        ("ekk_Latn", "ekk_Latn", "fin_Latn", "und", "fin_Latn", "fin_Latn"), np.array([0.9, 0.9, 0.9, 0.0, 0.9, 0.9])
    )
    found = quality(truth, said)
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.f1 == {"ekk_Latn": pytest.approx(2 / 3), "fin_Latn": pytest.approx(0.8)}
    assert found.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert found.answered == pytest.approx(5 / 6)
    assert found.calibration_error == pytest.approx(abs(0.9 - 4 / 5))
    assert confusions(truth, said.codes)[0] == ("ekk_Latn", "fin_Latn", 1, 0.25)


def test_confusable_groups_are_languages_that_are_taken_for_each_other() -> None:
    truth = ["hrv_Latn"] * 10 + ["bos_Latn"] * 10 + ["fin_Latn"] * 10
    codes = ["hrv_Latn"] * 7 + ["bos_Latn"] * 3 + ["bos_Latn"] * 10 + ["fin_Latn"] * 9 + ["ekk_Latn"]
    (group,) = confusable_groups(truth, codes)
    assert group.codes == ("bos_Latn", "hrv_Latn")
    assert (group.accuracy, group.accuracy_of_group) == (0.85, 1.0)
