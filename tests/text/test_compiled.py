"""Where compiled code is kept, and what is said where it cannot be."""

import os
from pathlib import Path

import pytest

from stages.text import compiled


def folders(monkeypatch: pytest.MonkeyPatch, given: Path | None, cache: Path, temporary: Path) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    if given is not None:
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(given))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(temporary))


def test_the_first_folder_that_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"  # nothing can be made below a file, whoever runs this
    file.touch()
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    for given, cache, parent in (
        (one, two, one),
        (None, two, two / "babelmill" / "kernels"),
        (file, two, two / "babelmill" / "kernels"),
        (file, file, three / f"babelmill-kernels-{os.getuid()}"),
    ):
        folders(monkeypatch, given, cache, three)
        found = compiled.cache_folder()
        assert found is not None
        assert found.parent == parent
        assert list(found.iterdir()) == []


def test_without_such_a_folder_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    folders(monkeypatch, file, file, file)
    with pytest.warns(RuntimeWarning, match="set NUMBA_CACHE_DIR"):
        assert compiled._chosen() is None


def test_code_of_another_user_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled.os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    folders(monkeypatch, tmp_path, tmp_path, tmp_path)
    assert compiled.cache_folder() is None
