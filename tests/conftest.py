"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("repeatable", derandomize=True)
hypothesis.settings.load_profile("repeatable")

ROOT = Path(__file__).resolve().parent.parent

ON_RAY = tuple(
    f"tests/{name}.py::"
    for name in (
        *(f"pipelines/test_{part}" for part in ("determinism", "engines", "readers", "runs", "s3_runs")),
        "quickstart/test_sample",
    )
)
"""Files whose tests share the cluster of `ray_cluster` or the run of `quickstart_run`."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The tests of a file run in one process, because they share fixtures; and so do those of `ON_RAY`."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "ray" if nodeid.startswith(ON_RAY) else super()._split_scope(nodeid)

    return Scheduling(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """What a process has written outlives it unless the power fails, which no test brings about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def _data_root() -> Path | None:
    candidates = [os.environ.get("BABELMILL_TEST_DATA"), ROOT.parent / "shared" / "data"]
    return next((Path(c) for c in candidates if c and Path(c).is_dir()), None)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The real data collection; its tests are skipped where it is absent."""
    root = _data_root()
    if root is None:
        pytest.skip("no real data: set BABELMILL_TEST_DATA to its folder")
    return root


@pytest.fixture(scope="session")
def quickstart_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the `quickstart` pipeline."""
    from pipelines.run import run

    output = tmp_path_factory.mktemp("quickstart")
    assert run("quickstart", str(output), engine="inline", quiet=True).status == 0
    return output
