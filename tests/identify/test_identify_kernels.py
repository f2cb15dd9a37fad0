"""The fastText kernels against fastText itself and against their plain reference, for every kind of model."""

import gzip
import itertools
import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.models import get_model
from stages.errors import StorageError
from stages.identify import scratch
from stages.identify.fasttext import Identifier
from stages.identify.model_file import ModelFile, read_model
from stages.identify.predict_plain import predict_plain
from stages.identify.strings import Texts, chunks

WORDS = {
    "et": "tere kuidas läheb täna õhtul maja õde ümber köök",
    "ru": "привет как дела сегодня вечером дом сестра вокруг кухня",
    "hi": "नमस्ते आप कैसे हैं आज शाम घर बहन रसोई",
    "zh": "你好 今天 晚上 房子 姐妹 厨房 天气很好我们去公园吧",
    "en": "hello how are you this evening house sister around kitchen",
}
MODELS: dict[str, dict[str, Any]] = {
    "softmax": {"loss": "softmax", "dim": 16, "minn": 2, "maxn": 4, "bucket": 5000},
    "hierarchical": {"loss": "hs", "dim": 16, "minn": 2, "maxn": 4, "bucket": 5000},
    "words only": {"loss": "softmax", "dim": 10},
    "one word": {"loss": "softmax", "dim": 16, "minn": 2, "maxn": 4, "bucket": 50, "words": {"et": "tere"}},
    "single characters": {"loss": "hs", "dim": 5, "minn": 0, "maxn": 3, "bucket": 777},
    "word n-grams": {"loss": "softmax", "dim": 33, "minn": 1, "maxn": 2, "wordNgrams": 2, "bucket": 1024},
    "longer word n-grams": {"loss": "hs", "dim": 16, "wordNgrams": 4, "bucket": 4096},
    "one against all": {"loss": "ova", "dim": 16, "minn": 2, "maxn": 3, "bucket": 3000},
    "negative sampling": {"loss": "ns", "dim": 8, "minn": 3, "maxn": 3, "bucket": 1},
    "quantised": {"loss": "softmax", "dim": 16, "minn": 2, "maxn": 4, "bucket": 3000, "quantize": {}},
    "pruned": {
        "loss": "hs", "dim": 16, "minn": 2, "maxn": 4, "bucket": 5000, "quantize": {"cutoff": 400, "qnorm": True},
    },
    "pruned word n-grams": {
        "loss": "softmax", "dim": 12, "minn": 2, "maxn": 3, "wordNgrams": 3, "bucket": 5000,
        "quantize": {"cutoff": 700, "dsub": 5},
    },
    "quantised output": {
        "loss": "softmax", "dim": 6, "minn": 2, "maxn": 3, "bucket": 900, "labels": 300,
        "quantize": {"qout": True, "qnorm": True, "dsub": 4},
    },
}  # fmt: skip

TEXTS = [
    "",
    " \n\t",
    "tere",
    "kuidas läheb? täna\nõhtul \x0b\x0c\r\0 maja",
    "привет, как дела",
    "नमस्ते आप कैसे हैं",
    "天气很好我们去公园吧",
    "x" * 5000 + " " + "õ" * 3000,
    "hello </s> привет как дела",
    "__label__et __label__nonsense hello __label__",
    "a\u0301 \u200d😀👨‍👩‍👧‍👦 Ünïcödé <tere> tere> <",
    "hello " * 400,
    "ﷺ \u2028 tere\u00a0kuidas",
]


def train(folder: Path, name: str, options: dict[str, Any]) -> Path:
    draw = random.Random(name)
    count = options.get("labels", 0)
    words = {f"l{i}": f"w{i} v{i % 17} u{i % 5}" for i in range(count)} if count else options.get("words", WORDS)
    lines = []
    for label, text in words.items():
        for _ in range(3 if count else 40):
            lines.append(f"__label__{label} {' '.join(draw.choices(text.split(), k=5))}")
    draw.shuffle(lines)
    (folder / "train.txt").write_text("\n".join(lines) + "\n", "utf-8")
    given = {key: value for key, value in options.items() if key not in ("quantize", "labels", "words")}
    model = _train(str(folder / "train.txt"), given)
    path = folder / "model.bin"
    if "quantize" in options:
        model.quantize(input=str(folder / "train.txt"), retrain=False, **options["quantize"])
        path = folder / "model.ftz"
    model.save_model(str(path))
    return path


def _train(path: str, options: dict[str, Any]) -> Any:
    """fastText fills a matrix by tenths, one for each thread, and only an eleventh thread fills what remains."""
    model = fasttext.train_supervised(path, epoch=8, thread=11, verbose=0, **options)
    assert np.abs(model.get_input_matrix()).max() < 10, "fastText left memory as it found it"
    return model


@pytest.fixture(scope="module", params=MODELS, ids=lambda name: name.replace(" ", "-"))
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, ModelFile]:
    path = train(tmp_path_factory.mktemp("model"), request.param, MODELS[request.param])
    return fasttext.load_model(str(path)).f, read_model(str(path))


def predicted(model: ModelFile, texts: Texts, top_k: int) -> list[list[tuple[str, float]]]:
    identifier = Identifier.of(model, dict.fromkeys(model.labels, "und"))
    labels, scores = identifier.predict(texts, top_k)
    return [
        [(model.labels[label], score) for label, score in zip(row, of_row, strict=True) if label >= 0]
        for row, of_row in zip(labels.tolist(), scores.tolist(), strict=True)
    ]


def oracle(model: Any, text: str, top_k: int) -> list[tuple[str, float]]:
    return [(label, score) for score, label in model.predict(text.replace("\n", " ") + "\n", top_k, 0.0, "strict")]


def check(found: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    """The same labels in the same order, but for those whose scores are within rounding."""
    assert len(found) == len(expected)
    for (label, score), (other, other_score) in zip(found, expected, strict=True):
        assert score == pytest.approx(other_score, abs=1e-4)
        if label != other:
            assert any(name == label and value == pytest.approx(score, abs=1e-6) for name, value in expected) or (
                score == pytest.approx(expected[-1][1], abs=1e-6)
            )


def check_best(found: list[tuple[str, float]], expected: list[tuple[str, float]]) -> None:
    """The same score of the best label, and the same label where the second best is not as good."""
    assert [score for _, score in found] == pytest.approx([score for _, score in expected[:1]], abs=1e-4)
    if len(expected) > 1 and expected[0][1] > expected[1][1] + 1e-5:
        assert found[0][0] == expected[0][0]


@pytest.mark.parametrize("top_k", [1, 3, 100])
def test_as_fasttext(trained: tuple[Any, ModelFile], top_k: int) -> None:
    model, file = trained
    texts = [*TEXTS, *WORDS.values(), *(f"{a} {b}" for a, b in itertools.combinations(WORDS.values(), 2))]
    (chunk,) = chunks(pa.array(texts))
    for text, found in zip(texts, predicted(file, chunk, top_k), strict=True):
        expected = oracle(model, text, top_k)
        check(found, expected)
        if top_k == 1 or (len(expected) > 1 and expected[0][1] > expected[1][1] + 1e-5):
            assert found[:1] == [(label, pytest.approx(score, abs=1e-4)) for label, score in expected[:1]]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(TEXTS)), min_size=1, max_size=6))
def test_as_fasttext_on_any_text(trained: tuple[Any, ModelFile], texts: list[str]) -> None:
    model, file = trained
    (chunk,) = chunks(pa.array(texts, pa.string()))
    for text, found in zip(texts, predicted(file, chunk, 2), strict=True):
        check(found, oracle(model, text, 2))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.one_of(st.binary(max_size=30), st.text(max_size=30).map(str.encode)), min_size=1, max_size=4))
def test_as_the_reference_on_any_bytes(trained: tuple[Any, ModelFile], texts: list[bytes]) -> None:
    _, file = trained
    ends = np.cumsum([len(text) for text in texts]).astype(np.int64)
    starts = ends - [len(text) for text in texts]
    data = np.frombuffer(b"".join(texts) or b"\0", np.uint8)
    for text, found in zip(texts, predicted(file, Texts(data, starts, ends), 1), strict=True):
        check_best(found, predict_plain(text, file, 2))


def test_words_of_every_length(trained: tuple[Any, ModelFile]) -> None:
    """Also as the last bytes of their buffer, where no more can be read at once."""
    model, file = trained
    words = [(letters * 70)[:size] for letters in ("tere", "õhtu", "кухня", "天气") for size in range(1, 70)]
    for text in [" ".join(words), "\n".join(reversed(words)), *words]:
        (chunk,) = chunks(pa.array([text]))
        check(predicted(file, chunk, 1)[0], oracle(model, text, 1))


def test_long_words_side_by_side(trained: tuple[Any, ModelFile]) -> None:
    """Words that are listed in several rounds, good ones and those with a byte that is no UTF-8, between others."""
    _, file = trained
    draw = random.Random(7)
    for _ in range(40):
        words = ["".join(draw.choices("teõ天😀", k=draw.randint(1, 300))).encode() for _ in range(draw.randint(1, 12))]
        for _ in range(draw.randint(0, 2)):
            number = draw.randrange(len(words))
            cut = draw.randrange(len(words[number]))
            words[number] = (
                words[number][:cut] + draw.choice([b"", b"\x80", b"\xf0", b"\xff"]) + words[number][cut + 1 :]
            )
        text = b" ".join(words)
        data = np.frombuffer(text or b"\0", np.uint8)
        found = predicted(file, Texts(data, np.zeros(1, np.int64), np.array([len(text)])), 1)[0]
        check_best(found, predict_plain(text, file, 2))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(TEXTS)), min_size=2, max_size=8))
def test_what_is_remembered_changes_nothing(trained: tuple[Any, ModelFile], texts: list[str]) -> None:
    """Scores are the same to the last bit, whatever came before, in whichever batches."""
    _, file = trained
    codes = dict.fromkeys(file.labels, "und")
    used = Identifier.of(file, codes)
    (chunk,) = chunks(pa.array([*texts, *TEXTS]))
    labels, scores = used.predict(chunk, 3)
    used.predict(chunk, 1)
    again = used.predict(chunk, 3)
    assert np.array_equal(labels, again[0])
    assert np.array_equal(scores, again[1])
    for place, text in enumerate(texts):
        (alone,) = chunks(pa.array([text]))
        found = Identifier.of(file, codes).predict(alone, 3)
        assert np.array_equal(labels[place], found[0][0])
        assert np.array_equal(scores[place], found[1][0])


def test_memory_that_grows_changes_nothing(trained: tuple[Any, ModelFile], monkeypatch: pytest.MonkeyPatch) -> None:
    _, file = trained
    monkeypatch.setattr(scratch, "MUCH_TEXT", 4 * sum(len(text.encode()) for text in TEXTS))
    identifier = Identifier.of(file, dict.fromkeys(file.labels, "und"))
    (chunk,) = chunks(pa.array(TEXTS))
    found, sizes = [], []
    for _ in range(6):
        found.append(identifier.predict(chunk, 3))
        sizes.append(identifier.idle[0].scratch(3, 0).sums.nbytes)
    assert all(np.array_equal(one, other) for answer in found for one, other in zip(answer, found[0], strict=True))
    assert sizes[:3] == sizes[:1] * 3
    assert sizes[3:] == sizes[-1:] * 3
    assert 0 < sizes[0] <= scratch.FIRST_CACHE_BYTES < sizes[-1] <= scratch.CACHE_BYTES + scratch.FIRST_CACHE_BYTES


def test_threads_share_a_model(trained: tuple[Any, ModelFile]) -> None:
    _, file = trained
    identifier = Identifier.of(file, dict.fromkeys(file.labels, "und"))
    (chunk,) = chunks(pa.array([text[:4000] for text in TEXTS] * 20))
    expected = identifier.predict(chunk, 3)
    with ThreadPoolExecutor(4) as pool:
        for labels, scores in pool.map(lambda _: identifier.predict(chunk, 3), range(16)):
            assert np.array_equal(labels, expected[0])
            assert np.array_equal(scores, expected[1])


def test_a_word_of_megabytes(trained: tuple[Any, ModelFile]) -> None:
    model, file = trained
    text = "天气" * 400_000
    (chunk,) = chunks(pa.array([text]))
    check(predicted(file, chunk, 1)[0], oracle(model, text, 1))


@pytest.mark.realdata
def test_lid176_on_real_text(data_root: Path) -> None:
    """Labels equal fastText's, scores within 1e-3; `infra/benchmarks/identify.py` does it for all of bench."""
    try:
        path = str(get_model("lid.176"))
    except StorageError as error:
        pytest.skip(str(error))
    with gzip.open(data_root / "bench" / "part-00001.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for number, line in enumerate(lines) if number % 40 == 0]
    model, file = fasttext.load_model(path).f, read_model(path)
    (chunk,) = chunks(pa.array(texts))
    for text, found in zip(texts, predicted(file, chunk, 1), strict=True):
        ((label, score),) = oracle(model, text, 1)
        assert found == [(label, pytest.approx(score, abs=1e-3))]
