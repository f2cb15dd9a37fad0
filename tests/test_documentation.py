"""The README names every stage, command and pipeline, and its commands are those that CI runs."""

import re
from pathlib import Path

import pytest
import typer

from pipelines.cli import app
from pipelines.pipeline import load_pipeline, pipeline_names
from pipelines.plan import build_steps
from stages.registry import load_stages

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", load_stages())
def test_the_readme_lists_every_stage(name: str) -> None:
    assert f"| `{name}` |" in README


def test_the_readme_lists_no_stage_that_does_not_exist() -> None:
    assert set(re.findall(r"^\| `([a-z0-9_.]+)` \| (?:ingest|annotate|step|recipe) \|", README, re.M)) == set(
        load_stages()
    )


@pytest.mark.parametrize("name", sorted(typer.main.get_command(app).commands))  # type: ignore[attr-defined]
def test_the_readme_shows_every_command(name: str) -> None:
    assert f"babelmill {name}" in README


@pytest.mark.parametrize("name", pipeline_names())
def test_every_installed_pipeline_is_valid_and_named_in_the_readme(name: str) -> None:
    assert build_steps(load_pipeline(name))
    assert name in README


def test_the_test_command_is_what_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    pattern = re.search(r"sed -n 's/(.*?)/\\1/p' README.md", script)
    assert pattern
    commands = [line.strip() for line in README.splitlines() if re.match(r"    python3 -m venv .*pytest", line)]
    assert len(commands) == 1
