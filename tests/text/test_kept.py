"""Tables kept on disk: equal to those that are made, and made anew where the file is no good."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stages.normalize.kinds import make_kinds
from stages.text import kept as module
from stages.text.kept import kept
from stages.text.tables import make_tables

CALLS: list[int] = []


def made() -> tuple[np.ndarray, ...]:
    CALLS.append(1)
    return np.arange(3, dtype=np.uint16), np.array([[1, -2]], np.int32)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "KERNEL_FOLDER", tmp_path)
    CALLS.clear()
    return tmp_path


def same(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...]) -> bool:
    return len(one) == len(other) and all(
        a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(one, other, strict=True)
    )


def test_what_was_made_is_read() -> None:
    assert same(kept(made), made())
    assert same(kept(made), kept(made))
    assert len(CALLS) == 2  # once by `kept`, once by the test


@pytest.mark.parametrize("damage", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_made_anew(folder: Path, damage: bytes) -> None:
    expected = kept(made)
    (path,) = folder.iterdir()
    path.write_bytes(damage)
    assert same(kept(made), expected)
    assert same(kept(made), expected)
    assert len(CALLS) == 2


def test_a_cut_file_is_made_anew(folder: Path) -> None:
    expected = kept(made)
    (path,) = folder.iterdir()
    content = path.read_bytes()
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        assert same(kept(made), expected)


def test_nothing_is_kept_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KERNEL_FOLDER", None)
    assert same(kept(made), kept(made))
    assert len(CALLS) == 2
    monkeypatch.setattr(module, "KERNEL_FOLDER", Path("/nonexistent/folder"))
    assert same(kept(made), made())


@pytest.mark.parametrize("make", [make_tables, make_kinds])
def test_the_kernels_tables_survive(make: Callable[[], tuple[np.ndarray, ...]]) -> None:
    first = kept(make)
    assert same(kept(make), first)
    assert same(make(), first)
