"""identify.fasttext: labels, scripts, scores, on a small model trained here and on lid.176 where the cache has it."""

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fasttext
import pyarrow as pa
import pytest

from pipelines.models import get_model
from stages.columns import IDENTIFICATION
from stages.errors import ConfigError, StorageError
from stages.identify.codes import same_language
from stages.identify.fasttext import FasttextModel, Identifier, IdentifyFasttext, identify_texts
from stages.identify.labels import codes_of_labels

CONFIG = IdentifyFasttext()


@dataclass
class Predictions:
    """Stands for a model: gives the labels it was made with and remembers what it was asked."""

    labels: list[tuple[float, str]]
    asked: list[str] = field(default_factory=list)

    @property
    def f(self) -> Any:
        return SimpleNamespace(predict=self._predict)

    def _predict(self, text: str, top_k: int, threshold: float, errors: str) -> list[tuple[float, str]]:
        text.encode() if "\ud800" not in text else self._refuse()
        self.asked.append(text)
        return self.labels[:top_k]

    def _refuse(self) -> None:
        raise TypeError("incompatible function arguments")


def rows(text: str, *labels: tuple[float, str]) -> dict[str, Any]:
    model = Identifier(Predictions(list(labels)), codes_of_labels([label for _, label in labels], "model.bin"))
    (row,) = identify_texts([text], CONFIG, model).to_pylist()
    return row


@pytest.mark.parametrize(
    ("text", "labels", "language", "second", "script"),
    [
        ("Tere", [(0.9, "__label__et"), (0.1, "__label__fi")], "ekk_Latn", "fin_Latn", "Latn"),
        ("Dobar dan", [(0.6, "__label__srp_Cyrl"), (0.3, "__label__hr")], "srp_Latn", "hrv_Latn", "Latn"),
        ("Добар дан", [(0.6, "__label__srp_Cyrl"), (0.3, "__label__mk")], "srp_Cyrl", "mkd_Cyrl", "Cyrl"),
        ("Сәлем әлем", [(0.6, "__label__kk")], "kaz_Cyrl", None, "Cyrl"),
        ("Sälem älem", [(0.6, "__label__kk")], "kaz_Latn", None, "Latn"),
        ("Оʻзбекистон", [(0.6, "__label__uz")], "uzn_Cyrl", None, "Cyrl"),
        ("namaste", [(0.6, "__label__ne"), (0.3, "__label__id")], "ind_Latn", None, "Latn"),
        ("ᏣᎳᎩ", [(0.6, "__label__en"), (0.3, "__label__ru")], "und", "eng_Latn", "Cher"),
        ("使用 Linux 的用户", [(0.6, "__label__zh")], "cmn_Hani", None, "Hani"),
        ("1234 !?", [(0.6, "__label__en")], "und", None, "Zyyy"),
        ("", [(0.6, "__label__en")], "und", None, "Zyyy"),
        ("what", [(0.6, "__label__und"), (0.4, "__label__en")], "eng_Latn", None, "Latn"),
    ],
)
def test_the_best_label_that_fits_the_script(
    text: str, labels: list[tuple[float, str]], language: str, second: str | None, script: str
) -> None:
    row = rows(text, *labels)
    assert (row["language"], row["language_second"], row["script"]) == (language, second, script)
    assert (row["language_score"] == 0.0) is (language == "und")


def test_scores_stay_within_one() -> None:
    assert rows("Tere", (1.00004, "__label__et"))["language_score"] == 1.0


def test_the_model_sees_one_line() -> None:
    model = Predictions([(0.9, "__label__et")])
    identify_texts(["üks\nkaks\0kolm"], CONFIG, Identifier(model, {"__label__et": "ekk_Latn"}))
    assert model.asked == ["üks kaks kolm\n"]


def test_lone_surrogates_are_replaced() -> None:
    model = Predictions([(0.9, "__label__et")])
    identify_texts(["tere \ud800"], CONFIG, Identifier(model, {"__label__et": "ekk_Latn"}))
    assert model.asked == ["tere ?\n"]


def test_no_texts_give_the_same_schema() -> None:
    batch = identify_texts([], CONFIG, Identifier(Predictions([]), {}))
    assert batch.num_rows == 0
    assert batch.schema == IDENTIFICATION


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fastText model of two labels, `spam` no language among them."""
    folder = tmp_path_factory.mktemp("model")
    sentences = {"et": "tere kuidas läheb", "spam": "buy cheap now"}
    lines = [f"__label__{label} {text}" for label, text in sentences.items()] * 50
    (folder / "train.txt").write_text("\n".join(lines) + "\n", "utf-8")
    model = fasttext.train_supervised(str(folder / "train.txt"), epoch=20, minn=2, maxn=3, dim=8, thread=1, verbose=0)
    model.save_model(str(folder / "own.bin"))
    (folder / "labels.tsv").write_text("et\tekk_Latn\nspam\tund\n", "utf-8")
    return folder


def test_an_own_model_with_its_labels(trained: Path) -> None:
    resource = FasttextModel(str(trained / "own.bin"), str(trained / "labels.tsv"))
    batch = identify_texts(["tere kuidas läheb", "buy cheap now"], IdentifyFasttext(top_k=1), resource.open())
    assert batch.column("language").to_pylist() == ["ekk_Latn", "und"]
    assert resource.fingerprint() != FasttextModel(str(trained / "own.bin")).fingerprint()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, r"own.bin: 'spam' is not a language code.*give `labels`"),
        ("et\tekk_Latn\n", r"no line for label 'spam'"),
        ("et ekk\n", r"line 1: 'et ekk' is not a label, a tab and a code"),
    ],
)
def test_labels_that_mean_nothing(trained: Path, tmp_path: Path, labels: str | None, message: str) -> None:
    table = tmp_path / "labels.tsv"
    table.write_text(labels or "", "utf-8")
    with pytest.raises(ConfigError, match=message):
        FasttextModel(str(trained / "own.bin"), str(table) if labels else None).open()


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"no model")
    with pytest.raises(ConfigError, match=r"x.bin.*wrong file format.*a fastText .bin or .ftz file"):
        FasttextModel(str(tmp_path / "x.bin")).open()


def test_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.bin"):
        FasttextModel(str(tmp_path / "none.bin")).open()


@pytest.fixture(scope="module")
def lid176() -> Identifier:
    try:
        path = get_model("lid.176")
    except StorageError as error:
        pytest.skip(str(error))
    return FasttextModel(str(path)).open()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Kõik inimesed sünnivad vabadena ja võrdsetena oma väärikuselt ja õigustelt.", "ekk_Latn"),
        ("Всі люди народжуються вільними і рівними у своїй гідності та правах.", "ukr_Cyrl"),
        ("Të gjithë njerëzit lindin të lirë dhe të barabartë në dinjitet e në të drejta.", "als_Latn"),
        ("人人生而自由，在尊严和权利上一律平等。", "cmn_Hani"),
        ("すべての人間は、生まれながらにして自由であり、平等である。", "jpn_Jpan"),
        ("모든 인간은 태어날 때부터 자유로우며 평등하다.", "kor_Hang"),
        ("सभी मनुष्य जन्म से स्वतंत्र और समान होते हैं।", "hin_Deva"),
        ("มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกัน", "tha_Thai"),
    ],
)
def test_lid176(lid176: Identifier, text: str, language: str) -> None:
    assert identify_texts([text], CONFIG, lid176).column("language").to_pylist() == [language]


@pytest.mark.realdata
def test_agreement_on_real_text(lid176: Identifier, data_root: Path) -> None:
    with gzip.open(data_root / "bench" / "part-00000.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for number, line in enumerate(lines) if number % 20 == 0]
    records = [record for record in records if record["lang"] not in ("mul_Zxxx", "und")]
    batch: pa.RecordBatch = identify_texts([record["text"] for record in records], CONFIG, lid176)
    pairs = zip(records, batch.to_pylist(), strict=True)
    agreed = [same_language(record["lang"], row["language"]) for record, row in pairs if row["language_score"] >= 0.5]
    assert sum(agreed) / len(agreed) > 0.95
