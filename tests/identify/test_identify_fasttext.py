"""identify.fasttext: labels, scripts, scores, on a small model trained here and on lid.176 where the cache has it."""

import gzip
import json
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
import pytest

from pipelines.models import get_model
from stages.columns import IDENTIFICATION
from stages.errors import ConfigError, StorageError
from stages.identify.codes import same_language
from stages.identify.fasttext import (
    FasttextModel,
    Identifier,
    IdentifyFasttext,
    identify_lines,
    identify_texts,
)
from stages.identify.fit import fit_scripts, label_codes
from stages.identify.labels import codes_of_labels
from stages.identify.strings import chunks

CONFIG = IdentifyFasttext()


def rows(text: str, *labels: tuple[float, str]) -> dict[str, Any]:
    """What is made of these labels of a model."""
    names = [label for _, label in labels]
    codes = codes_of_labels(names, "model.bin")
    (texts,) = chunks(pa.array([text]))
    scores = np.array([[score for score, _ in labels]], np.float32)
    found = fit_scripts(
        texts, np.arange(len(labels))[None].astype(np.int32), scores, label_codes([codes[n] for n in names])
    )
    (row,) = found.to_pylist()
    return dict(row)


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


def test_labels_that_mean_the_same_are_no_runner_up() -> None:
    row = rows("Tere", (0.6, "__label__ekk_Latn"), (0.2, "__label__et"), (0.1, "__label__fi"))
    assert (row["language"], row["language_second"]) == ("ekk_Latn", "fin_Latn")


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
    batch = identify_texts(pa.array(["tere kuidas läheb", "buy cheap now"]), IdentifyFasttext(top_k=1), resource.open())
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


TEXTS = ["tere\nkuidas\0läheb", "", "buy cheap now", "tere kuidas läheb", None, "😀"]


@pytest.mark.parametrize(
    "texts",
    [
        pa.array(TEXTS),
        pa.array(TEXTS, pa.large_string()),
        pa.array(["buy", *TEXTS, "x"]).slice(1, 6),
        pa.chunked_array([TEXTS[:2], [], TEXTS[2:]], pa.string()),
    ],
)
def test_every_form_of_an_array_gives_the_same(trained: Path, texts: pa.Array) -> None:
    model = FasttextModel(str(trained / "own.bin"), str(trained / "labels.tsv")).open()
    batch = identify_texts(texts, CONFIG, model)
    alone = [identify_texts(pa.array([text], pa.string()), CONFIG, model).to_pylist()[0] for text in TEXTS]
    assert batch.schema == IDENTIFICATION
    assert batch.to_pylist() == alone
    assert [row["language"] for row in alone] == ["ekk_Latn", "und", "ekk_Latn", "ekk_Latn", "und", "und"]
    assert alone[0]["language_score"] == alone[3]["language_score"]


@pytest.mark.parametrize("texts", [pa.array([], pa.string()), pa.chunked_array([], pa.string())])
def test_no_texts_give_the_same_schema(trained: Path, texts: pa.Array) -> None:
    model = FasttextModel(str(trained / "own.bin"), str(trained / "labels.tsv")).open()
    assert identify_texts(texts, CONFIG, model).schema == IDENTIFICATION
    assert len(identify_texts(texts, CONFIG, model)) == len(identify_lines(texts, CONFIG, model)) == 0


def test_lines_are_identified_as_texts_of_their_own(trained: Path) -> None:
    model = FasttextModel(str(trained / "own.bin"), str(trained / "labels.tsv")).open()
    texts = ["tere kuidas läheb\nbuy cheap now", "", None, "\ntere", "üks\n"]
    found = identify_lines(pa.array(texts), CONFIG, model)
    assert found.to_pylist() == [
        identify_texts(pa.array((text or "").split("\n")), CONFIG, model).to_pylist() for text in texts
    ]


def test_other_arrays_are_refused(trained: Path) -> None:
    model = FasttextModel(str(trained / "own.bin"), str(trained / "labels.tsv")).open()
    with pytest.raises(TypeError, match="texts are of type int64"):
        identify_texts(pa.array([1]), CONFIG, model)


@pytest.mark.parametrize("offsets", [[0, 9, 4], [0, 4, 99], [-1, 2, 4]])
def test_offsets_outside_of_their_buffer_are_refused(trained: Path, offsets: list[int]) -> None:
    model = FasttextModel(str(trained / "own.bin"), str(trained / "labels.tsv")).open()
    buffers = [None, pa.py_buffer(np.array(offsets, np.int32).tobytes()), pa.py_buffer(b"tere")]
    with pytest.raises(ValueError, match="offsets"):
        identify_texts(pa.Array.from_buffers(pa.string(), 2, buffers), CONFIG, model)


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
    assert identify_texts(pa.array([text]), CONFIG, lid176).column("language").to_pylist() == [language]


@pytest.mark.realdata
def test_agreement_on_real_text(lid176: Identifier, data_root: Path) -> None:
    with gzip.open(data_root / "bench" / "part-00000.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for number, line in enumerate(lines) if number % 20 == 0]
    records = [record for record in records if record["lang"] not in ("mul_Zxxx", "und")]
    batch: pa.RecordBatch = identify_texts(pa.array([record["text"] for record in records]), CONFIG, lid176)
    pairs = zip(records, batch.to_pylist(), strict=True)
    agreed = [same_language(record["lang"], row["language"]) for record, row in pairs if row["language_score"] >= 0.5]
    assert sum(agreed) / len(agreed) > 0.95
