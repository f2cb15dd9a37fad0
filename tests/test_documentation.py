"""The README names every command and pipeline, its examples work, and its test command is what CI runs."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from pipelines.cli import app
from pipelines.options import describe_stage, list_stages
from pipelines.pipeline import load_pipeline, pipeline_names
from pipelines.plan import build_steps
from stages.registry import load_stages

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", load_stages())
def test_every_stage_and_its_options_are_explained(name: str) -> None:
    found, text, options = describe_stage(name)
    assert found in list_stages()
    assert found.summary.endswith(".")
    assert text.startswith(found.summary)
    assert {field.name for field in fields(found.config)} <= {option.name for option in options}


def test_options_of_tables_follow_them() -> None:
    options = {option.name: option for option in describe_stage("mix")[2]}
    assert options["phases.sources"].type == "tables [[step.phases.sources]]"
    assert options["phases.sources.alpha"].default == "0.3"
    assert next(option for option in describe_stage("datatrove.filter")[2] if option.name == "use").default is None


def test_the_examples_of_the_readme_keep_the_laws(tmp_path: Path) -> None:
    """Its language, signal and recipe are in order in the very files that it names, and no other file is touched."""
    for folder in ("stages", "pipelines", "lang_configs", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    written = set()
    for path, text in re.findall(r"^```\w+\n# (\S+/\S+)\n(.*?)^```$", README, re.M | re.S):
        with (tmp_path / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{text}" if (ROOT / path).exists() else text)
        written.add(path)
    assert {str(Path(path).parent) for path in written} == {"lang_configs", "stages/quality", "stages/augment"}
    laws = ["tests/test_stage_laws.py", "tests/test_recipe_laws.py", "tests/languages/test_languages.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", *laws, "-k", "exclamation or openings or installed"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= 20


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
