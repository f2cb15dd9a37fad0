"""A process that dies at any moment, and two that write at once."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.context import LOCK
from pipelines.gc import collect
from pipelines.publish import publish, published_files
from pipelines.run import run
from pipelines.storage import LocalStorage, S3Storage, open_storage
from pipelines.unit import STORE, OutputFile
from pipelines.verify import verify
from stages.errors import StorageError
from tests.files import digests

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart" / "documents"
OPTIONS: dict[str, Any] = {
    "inputs": [str(SAMPLE / f"{name}.jsonl") for name in ("deu", "ekk", "duplicates")],
    "engine": "inline",
    "quiet": True,
}
BEFORE, AFTER = ["bpe.vocab_size=600"], ["bpe.vocab_size=620", "select.minimum_characters=400"]


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run before the edit, and one from scratch after it."""
    before, after = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("after")
    run("pretrain", str(before), settings=BEFORE, **OPTIONS)
    run("pretrain", str(after), settings=AFTER, **OPTIONS)
    return before, after


def killed_at(patch: pytest.MonkeyPatch, number: int) -> Callable[[], int]:
    """Make the storage die at its n-th change of a file, half of the times just after it; says how many there were."""
    changes = [0]
    for name in ("write", "create", "move"):
        original = getattr(LocalStorage, name)

        def change(self: LocalStorage, *given: Any, original: Any = original) -> Any:
            changes[0] += 1
            if changes[0] == number and number % 2:
                raise Killed
            result = original(self, *given)
            if changes[0] >= number:
                raise Killed
            return result

        patch.setattr(LocalStorage, name, change)
    return lambda: changes[0]


@pytest.fixture(scope="module")
def all_changes(runs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> int:
    output = tmp_path_factory.mktemp("count") / "run"
    shutil.copytree(runs[0], output)
    with pytest.MonkeyPatch.context() as patch:
        count = killed_at(patch, 1 << 30)
        run("pretrain", str(output), settings=AFTER, **OPTIONS)
        return count()


@pytest.mark.parametrize("part", [0.1, 0.4, 0.7, *(0.8 + step / 100 for step in range(1, 20, 2)), 0.995])
def test_a_run_killed_at_any_change_resumes_to_the_same_bytes(
    runs: tuple[Path, Path], all_changes: int, tmp_path: Path, part: float
) -> None:
    before, after = runs
    output = Path(shutil.copytree(before, tmp_path / "run"))
    with pytest.MonkeyPatch.context() as patch:
        killed_at(patch, max(1, int(all_changes * part)))
        with pytest.raises(Killed):
            run("pretrain", str(output), settings=AFTER, **OPTIONS)
    assert run("pretrain", str(output), settings=AFTER, **OPTIONS).status == 0
    assert digests(output) == digests(after)
    assert verify(str(output)) == []
    run("pretrain", str(output), settings=BEFORE, **OPTIONS)
    assert digests(output) == digests(before)
    assert verify(str(output)) == []


@pytest.mark.parametrize("number", range(1, 8))
def test_a_fixed_name_survives_a_publication_killed_at_any_move(tmp_path: Path, number: int) -> None:
    """`tokenizer.json@1` and `@2` share their public place: what lies there may be either."""
    storage = LocalStorage(str(tmp_path))

    def stored(*paths: str) -> list[OutputFile]:
        for path in paths:
            storage.write(f"{STORE}/{path}", path.encode())
        return [OutputFile(path, 0, len(path), "") for path in paths]

    live = publish(storage, frozenset(), stored("t.json@1", "a", "b"))
    new = stored("t.json@2", "c")
    with pytest.MonkeyPatch.context() as patch:
        killed_at(patch, number)
        with pytest.raises(Killed):
            publish(storage, live, new)
    publish(storage, published_files(storage), new)
    public = {p.relative_to(tmp_path).as_posix(): p.read_text() for p in tmp_path.iterdir() if p.is_file()}
    assert public == {"t.json": "t.json@2", "c": "c"}
    assert storage.read(f"{STORE}/t.json@1") == b"t.json@1"


def test_a_ledger_that_was_not_written_is_written_by_the_next_run(runs: tuple[Path, Path], tmp_path: Path) -> None:
    """Everything is published and nothing is left to do, but run.json and the ledger are those of the run before."""
    before, after = runs
    output = Path(shutil.copytree(after, tmp_path / "run"))
    for name in ("ledger.parquet", "run.json"):
        shutil.copy(before / name, output)
    assert verify(str(output)) != []
    assert run("pretrain", str(output), settings=AFTER, **OPTIONS).ran == 0
    assert verify(str(output)) == []
    assert digests(output) == digests(after)


def test_one_process_writes_at_a_time(runs: tuple[Path, Path], tmp_path: Path) -> None:
    output = Path(shutil.copytree(runs[0], tmp_path / "run"))
    script = (
        "import sys, time\nfrom pipelines.storage import open_storage\n"
        f"with open_storage(sys.argv[1]).lock({LOCK!r}):\n    print('held', flush=True)\n    time.sleep(600)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", script, str(output)], stdout=subprocess.PIPE, cwd=SAMPLE.parents[2])
    assert other.stdout is not None
    other.stdout.readline()
    try:
        for writing in (lambda: run("pretrain", str(output), settings=AFTER, **OPTIONS), lambda: collect(str(output))):
            with pytest.raises(StorageError, match=f"process {other.pid} on .* is writing here"):
                writing()
    finally:
        other.kill()
        other.wait()
    assert run("pretrain", str(output), settings=BEFORE, **OPTIONS).ran == 0  # a killed process holds nothing


def test_a_lease_on_s3_ends_with_its_holder(s3: str, tmp_path: Path) -> None:
    storage = open_storage(f"{s3}/{tmp_path.name}")
    assert isinstance(storage, S3Storage)
    with storage.lock(LOCK), pytest.raises(StorageError, match="is writing here"), storage.lock(LOCK):
        pass
    assert not storage.exists(LOCK)
    storage.write(LOCK, json.dumps({"holder": "a dead process", "until": time.time() - 1}).encode())
    with storage.lock(LOCK):
        assert b"a dead process" not in storage.read(LOCK)
