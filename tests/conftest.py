"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
