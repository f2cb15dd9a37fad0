"""Damaged model files: an error that says what and where, never a crash."""

import random
import struct
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pytest

from stages.errors import ConfigError
from stages.identify.fasttext import Identifier
from stages.identify.model_file import Loss, read_model
from stages.identify.strings import chunks


@pytest.fixture(scope="module", params=["bin", "ftz"])
def content(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("model")
    lines = ["__label__et tere kuidas läheb", "__label__en hello how are you", "__label__ru привет как дела"] * 40
    (folder / "train.txt").write_text("\n".join(lines) + "\n", "utf-8")
    path = str(folder / f"model.{request.param}")
    options = {"minn": 2, "maxn": 3, "bucket": 1000, "dim": 4, "loss": "hs"}
    # a tenth of the matrix is filled by each thread, the rest only by an eleventh one
    model = fasttext.train_supervised(str(folder / "train.txt"), thread=11, verbose=0, **options)
    if request.param == "ftz":
        model.quantize(input=str(folder / "train.txt"), cutoff=300, qnorm=True)
    model.save_model(path)
    return Path(path).read_bytes()


def use(path: Path, content: bytes) -> None:
    """Read a model and predict with it."""
    path.write_bytes(content)
    model = read_model(str(path))
    (texts,) = chunks(pa.array(["tere kuidas läheb", "привет hello", ""]))
    Identifier.of(model, dict.fromkeys(model.labels, "und")).predict(texts, 3)


def test_the_whole_file(content: bytes, tmp_path: Path) -> None:
    use(tmp_path / "whole.bin", content)
    model = read_model(str(tmp_path / "whole.bin"))
    assert (model.loss, model.dimension, model.minn, model.maxn) == (Loss.HIERARCHICAL, 4, 2, 3)
    assert set(model.labels) == {"__label__et", "__label__en", "__label__ru"}


def test_a_file_that_is_cut_off(content: bytes, tmp_path: Path) -> None:
    places = [0, 1, 7, 8, 63, 64, 91, 92, *random.Random(1).sample(range(len(content)), 60), len(content) - 1]
    for place in places:
        with pytest.raises(ConfigError, match=r"cut\.bin: byte \d+: .*`model` is lid.176, or a fastText .bin or .ftz"):
            use(tmp_path / "cut.bin", content[:place])


def test_damage_anywhere_is_an_error_or_another_model(content: bytes, tmp_path: Path) -> None:
    draw = random.Random(2)
    damages = 0
    for _ in range(300):
        changed = bytearray(content)
        for place in draw.sample(range(min(400, len(content)) if draw.random() < 0.8 else len(content)), 3):
            changed[place] = draw.choice([0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)])
        try:
            use(tmp_path / "damaged.bin", bytes(changed))
        except ConfigError:
            damages += 1
    assert damages > 50


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, 1, "byte 0: no fastText model"),
        (4, 13, "format version 13"),
        (8, 0, "dimension 0"),
        (8, 2**31 - 1, r"the input matrix is|cut off"),
        (28, 2**31 - 1, "n-grams of 3 characters and 2147483647 words"),
        (32, 9, "loss 9"),
        (36, 1, "a model of kind 1, not a supervised one"),
        (40, -5, "-5 buckets"),
        (40, 0, "n-grams without buckets"),
        (48, 2**30, "n-grams of 1073741824 characters"),
        (64, 2**31 - 1, "2147483647 entries"),
        (68, -1, "-1 words"),
    ],
)
def test_sizes_that_cannot_be(content: bytes, tmp_path: Path, place: int, value: int, message: str) -> None:
    changed = content[:place] + struct.pack("<i", value) + content[place + 4 :]
    with pytest.raises(ConfigError, match=message):
        use(tmp_path / "wrong.bin", changed)


def test_numbers_that_are_none(content: bytes, tmp_path: Path) -> None:
    changed = content[:-4] + np.array([np.nan], np.float32).tobytes()
    with pytest.raises(ConfigError, match="not finite"):
        use(tmp_path / "nan.bin", changed)


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        read_model(str(tmp_path))
