"""A run whose outputs were lost or cut off makes them again, and nothing else."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import run as runs
from pipelines.publish import read_record
from pipelines.run import plan, run
from pipelines.storage import open_storage
from pipelines.verify import verify
from stages.errors import ConfigError

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart" / "documents"
GIVEN = {"inputs": [str(SAMPLE / name) for name in ("deu.jsonl", "ukr.jsonl")]}
WEB = {**GIVEN, "engine": "inline", "quiet": True}
DATASETS = ("documents", "annotations", "clusters", "decisions", "corpus")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("repair")
    assert run("web", str(output), **WEB).status == 0
    return output


@pytest.fixture
def web_run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for name in DATASETS for path in (root / name).rglob("*.parquet")
    }


def first(root: Path, folder: str) -> Path:
    return min((root / folder).rglob("*.parquet"))


def ran(root: Path) -> dict[str, int]:
    steps = json.loads((root / "run.json").read_text())["steps"]
    return {step["name"]: step["ran"] for step in steps if step["ran"]}


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(path.read_bytes() + b"xx")])
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_lost_output_is_made_again(
    finished: Path, web_run: Path, dataset: str, damage: Callable[[Path], object]
) -> None:
    damage(first(web_run, dataset))
    states = {step.name: step for step in plan("web", str(web_run), **GIVEN)}
    [pending] = [step for step in states.values() if step.state == "will run"]
    assert len(pending.pending) == 1
    assert run("web", str(web_run), **WEB).ran == 1
    assert ran(web_run) == {pending.name: 1}
    assert verify(str(web_run)) == []
    assert contents(web_run) == contents(finished)


def test_a_lost_file_between_steps_is_made_again(web_run: Path) -> None:
    for path in web_run.glob(".babelmill/store/.babelmill/work/*.keys.arrow"):
        path.unlink()
    assert run("web", str(web_run), **WEB).ran == len(ran(web_run)) == 1
    assert run("web", str(web_run), **WEB).ran == 0


def test_a_repair_that_is_killed_before_it_is_published_is_finished(
    finished: Path, web_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first(web_run, "corpus").unlink()
    with monkeypatch.context() as killed:
        killed.setattr(runs, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run("web", str(web_run), **WEB)
    assert contents(web_run) != contents(finished)
    assert [step.state for step in plan("web", str(web_run), **GIVEN) if step.state != "done"] == []
    assert run("web", str(web_run), **WEB).ran == 0
    assert verify(str(web_run)) == []
    assert contents(web_run) == contents(finished)


def test_a_run_that_has_not_ended_is_named_as_such(web_run: Path) -> None:
    (web_run / "run.json").unlink()
    with pytest.raises(ConfigError, match="has not ended yet; the same `babelmill run` goes on with it"):
        read_record(open_storage(str(web_run)))


@pytest.mark.parametrize("below", ["", "run", "run/of/today"])
def test_an_output_that_is_a_file_is_a_wrong_argument(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="is a file; --output is a folder"):
        run("web", str(tmp_path / "file" / below), **WEB)
