"""Inputs: files, folders, globs and names."""

from pathlib import Path

import pytest

from pipelines.inputs import resolve_inputs
from stages.errors import ConfigError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a/x.jsonl", "a/y.txt", "b/x.jsonl", "b/deep/z.jsonl", "b/.hidden", "b/_SUCCESS"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a"], ["x.jsonl", "y.txt"]),
        (["a/"], ["x.jsonl", "y.txt"]),
        (["a/x.jsonl"], ["x.jsonl"]),
        (["*/x.jsonl"], ["a/x.jsonl", "b/x.jsonl"]),
        (["b/**/*.jsonl"], ["deep/z.jsonl", "x.jsonl"]),
        (["b"], ["deep/z.jsonl", "x.jsonl"]),
        (["a", "a/*.txt"], ["x.jsonl", "y.txt"]),
        (["one=a/x.jsonl", "two=b/x.jsonl"], ["x.jsonl", "x.jsonl"]),
        (["[ab]/?.jsonl"], ["a/x.jsonl", "b/x.jsonl"]),
    ],
)
def test_resolution(tree: Path, given: list[str], expected: list[str]) -> None:
    def rooted(item: str) -> str:
        name, equals, path = item.rpartition("=")
        return f"{name}{equals}{tree}/{path}"

    assert [file.relative for file in resolve_inputs([rooted(item) for item in given])] == expected


@pytest.mark.parametrize(
    "name", ["a b.txt", "x@y.txt", "ü🦊.txt", "two\nlines.txt", "[b].txt", "q?*.txt", "a=b.txt", "-x.txt", "k=v/p.txt"]
)
def test_any_file_name_names_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("text")
    (tmp_path / "b.txt").write_text("what [b].txt would match as a pattern")
    monkeypatch.chdir(tmp_path)
    for given in (name, str(path)):
        (found,) = resolve_inputs([given])
        assert (found.relative, found.name) == (path.name, "")


def test_overlapping_inputs_are_read_once(tree: Path) -> None:
    files = resolve_inputs([f"{tree}/*/*.jsonl", f"{tree}/a/../a/x.jsonl", f"{tree}/b"])
    assert sorted(Path(file.uri).resolve().name for file in files) == ["x.jsonl", "x.jsonl", "z.jsonl"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["missing.jsonl"], "no such file"),
        (["nowhere/*.jsonl"], "there is no folder"),
        (["a/*.warc"], "no file matches"),
        (["a/x.jsonl", "b/x.jsonl"], "tell them apart by name"),
    ],
)
def test_errors_say_what_to_do(tree: Path, given: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_inputs([f"{tree}/{item}" for item in given])
