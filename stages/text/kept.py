"""Tables that take long to make, kept on disk beside the compiled kernels."""

import hashlib
import inspect
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import icu
import numpy as np
import regex

from stages.text.compiled import KERNEL_FOLDER

_VERSIONS = f"{sys.version} {np.__version__} {regex.__version__} {icu.ICU_VERSION} {unicodedata.unidata_version}"


def kept(make: Callable[[], tuple[np.ndarray, ...]]) -> tuple[np.ndarray, ...]:
    """The arrays that a function makes, read where another process made them before.

    The function may depend on the sources of its folder and on Unicode's tables: a change of either makes them anew,
    and so does a damaged file.
    """
    if KERNEL_FOLDER is None:
        return make()
    path = KERNEL_FOLDER / f"{make.__module__}.{make.__name__}-{_digest(make)}.npz"
    try:
        with np.load(path) as found:
            return tuple(found[name] for name in sorted(found.files, key=lambda name: int(name[4:])))
    except (OSError, ValueError, EOFError, BadZipFile):
        arrays = make()
        _write(path, arrays)
        return arrays


def _digest(make: Callable[[], object]) -> str:
    sources = sorted(Path(inspect.getfile(make)).parent.glob("*.py"))
    parts = [_VERSIONS.encode(), *(source.read_bytes() for source in sources)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _write(path: Path, arrays: tuple[np.ndarray, ...]) -> None:
    """Write under a name of its own first; a full disk is no reason to fail."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            whole = Path(folder) / path.name
            np.savez(whole, *arrays)
            whole.replace(path)
    except OSError:
        return
