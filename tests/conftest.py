"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


SHARED = ("quickstart_run", "finished", "runs", "engine", "s3", "page", "trained")
"""Fixtures that are expensive to make and serve many tests."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one module that share an expensive fixture in one worker, and all of those that use Ray."""
    for item in items:
        names: list[str] = getattr(item, "fixturenames", [])
        shared = next((name for name in SHARED if name in names), None)
        if shared is not None and item.get_closest_marker("xdist_group") is None:
            module = "" if shared == "quickstart_run" else f" of {item.path.name}"
            item.add_marker(pytest.mark.xdist_group(f"{shared}{module}"))


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
