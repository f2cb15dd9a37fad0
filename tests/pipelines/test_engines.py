"""Both engines: the same commits, failures handed back, a dead worker retried."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.engine import Engine, open_engine
from pipelines.storage import LocalStorage
from pipelines.unit import Commit, Failure, Outcome, Unit, Workspace, commit_path
from stages.errors import ConfigError, ShardError


@dataclass(frozen=True)
class Double:
    """Writes its number twice; a stand-in for a stage's work."""

    number: int

    def __call__(self, space: Workspace) -> Outcome:
        file = space.write(f"out/{self.number}", bytes([self.number]) * 2)
        return Outcome((file,), (), {"number": self.number})


@dataclass(frozen=True)
class Fail:
    kind: type[Exception]

    def __call__(self, space: Workspace) -> Outcome:
        raise self.kind("the reason")


@dataclass(frozen=True)
class DieOnce:
    """Kills its worker the first time."""

    mark: str

    def __call__(self, space: Workspace) -> Outcome:
        if not Path(self.mark).exists():
            Path(self.mark).touch()
            os._exit(1)
        return Outcome((space.write("out/survived", b"yes"),))


@dataclass(frozen=True)
class DieAlways:
    def __call__(self, space: Workspace) -> Outcome:
        os._exit(1)


@pytest.fixture(scope="module", params=["inline", "ray"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "ray":
        request.getfixturevalue("ray_cluster")
    opened = open_engine(request.param, 2)
    yield opened
    opened.close()


def run(engine: Engine, root: Path, *tasks: object) -> dict[str, Commit | Failure]:
    units = [Unit("step", f"{n:032x}", f"unit {n}", task) for n, task in enumerate(tasks)]  # type: ignore[arg-type]
    return {unit.label: result for unit, result in engine.run(str(root), frozenset(), units)}


def test_every_unit_is_committed(engine: Engine, tmp_path: Path) -> None:
    results = run(engine, tmp_path, *(Double(n) for n in range(7)))
    assert {label: result.facts["number"] for label, result in results.items()} == {f"unit {n}": n for n in range(7)}
    stored = Commit.from_json(LocalStorage(str(tmp_path)).read(commit_path("step", f"{3:032x}")))
    assert stored.files == results["unit 3"].files
    assert (tmp_path / ".babelmill/store/out/3").read_bytes() == b"\x03\x03"


@pytest.mark.parametrize("kind", [ShardError, ValueError, MemoryError])
def test_a_failing_unit_is_handed_back_and_the_others_go_on(
    engine: Engine, tmp_path: Path, kind: type[Exception]
) -> None:
    results = run(engine, tmp_path, Double(1), Fail(kind), Double(2))
    failure = results["unit 1"]
    assert isinstance(failure, Failure)
    assert "the reason" in failure.error
    assert isinstance(results["unit 2"], Commit)
    assert not LocalStorage(str(tmp_path)).exists(commit_path("step", f"{1:032x}"))


def test_a_wrong_configuration_ends_the_run(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the reason"):
        run(engine, tmp_path, Fail(ConfigError))


def test_a_worker_that_dies_is_retried_then_quarantined(engine: Engine, tmp_path: Path) -> None:
    if engine.__class__.__name__ == "InlineEngine":
        pytest.skip("a unit of the inline engine dies with the run itself")
    results = run(engine, tmp_path, DieOnce(str(tmp_path / "mark")), DieAlways())
    assert isinstance(results["unit 0"], Commit)
    failure = results["unit 1"]
    assert isinstance(failure, Failure)
    assert failure.error.startswith("worker lost")
