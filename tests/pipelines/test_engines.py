"""Both engines: the same commits, failures handed back, a dead worker retried."""

import os
import re
import subprocess
import sys
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


def test_a_call_beside_the_driver_has_a_result(engine: Engine) -> None:
    assert engine.begin(add, 1, 2)() == 3


def add(first: int, second: int) -> int:
    return first + second


def test_a_call_whose_worker_dies_is_made_here(engine: Engine, tmp_path: Path) -> None:
    if engine.__class__.__name__ == "InlineEngine":
        pytest.skip("a call of the inline engine dies with the run itself")
    assert engine.begin(die_in_a_worker, os.getpid())() == "survived"


def die_in_a_worker(driver: int) -> str:
    if os.getpid() != driver:
        os._exit(1)
    return "survived"


OWN_CLUSTER = """
from contextlib import suppress
from pathlib import Path
from pipelines.engine import open_engine
engine = open_engine("ray", 1)
print(engine.begin(lambda: "called")())
for folder in Path("/proc").glob("[0-9]*"):
    with suppress(OSError):
        if b"STARTED_BY_THE_TEST" in (folder / "environ").read_bytes():
            print((folder / "cmdline").read_bytes().decode())
engine.close()
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are listed as on Linux")
def test_a_cluster_of_one_run_has_no_process_that_it_does_not_need(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    command = [sys.executable, "-c", OWN_CLUSTER]
    environment["STARTED_BY_THE_TEST"] = "yes"
    said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True).stdout
    assert said.startswith("called\n")
    assert "raylet" in said
    assert not [line for line in said.splitlines() if re.search(r"dashboard\.py|/monitor\.py|log_monitor\.py", line)]


def test_a_node_gets_placeholders_for_its_agents(tmp_path: Path) -> None:
    from pipelines.engine import ray

    node = [f"--session_dir={tmp_path}", f"--node_id={'0' * 56}"]
    agents = ["--dashboard_agent_command=python agent.py --port=1", "--runtime_env_agent_command=python main.py"]
    started = ray._without_agents(lambda command, kind: (command, kind), ["raylet", *node, *agents], "raylet")
    placeholders = ["--dashboard_agent_command=cat", "--runtime_env_agent_command=cat"]
    assert started == (["raylet", *node, *placeholders], "raylet")
    ports = {path.name.partition("_")[0]: path.read_text() for path in tmp_path.iterdir()}
    assert ports == dict.fromkeys(("metrics", "dashboard", "runtime"), "-1")
    assert len(list(tmp_path.iterdir())) == 4


def test_other_processes_of_ray_start_as_they_are() -> None:
    from pipelines.engine import ray

    assert ray._without_agents(lambda command: command, ["gcs_server", "--port=1"]) == ["gcs_server", "--port=1"]
