"""A pipeline file: a list of steps that reads from top to bottom as the recipe."""

import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pipelines.models import model_path
from stages.errors import ConfigError
from stages.registry import Stage, configure, find_stage, nearest

FOLDER = Path(__file__).resolve().parent
TOP_LEVEL = {"name", "description", "input", "shard_bytes", "step"}


@dataclass(frozen=True)
class PipelineStep:
    """One `[[step]]`: a stage and its checked configuration."""

    number: int
    stage: Stage
    config: Any


@dataclass(frozen=True)
class Pipeline:
    """A checked pipeline file."""

    name: str
    path: str
    description: str
    inputs: tuple[str, ...]
    steps: tuple[PipelineStep, ...]
    shard_bytes: int = 256 << 20

    def of_kind(self, kind: str) -> list[PipelineStep]:
        return [step for step in self.steps if step.stage.kind == kind]

    def columns(self) -> frozenset[str]:
        """Columns that its stages of kind `annotate` write with their options."""
        return frozenset(name for step in self.of_kind("annotate") for name in step.stage.writes(step.config).names)

    def find(self, name: str) -> PipelineStep | None:
        """The first step that runs this stage."""
        return next((step for step in self.steps if step.stage.name == name), None)


def pipeline_names() -> list[str]:
    """Names of the pipelines that are installed."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def find_pipeline(given: str) -> Path:
    """The file of an installed pipeline's name, or the path itself."""
    path = Path(given)
    if path.suffix == ".toml" or "/" in given:
        if not path.is_file():
            raise ConfigError(f"{given}: no such pipeline file; installed pipelines: {', '.join(pipeline_names())}")
        return path
    installed = FOLDER / f"{given}.toml"
    if not installed.is_file():
        raise ConfigError(f"unknown pipeline {given!r}{nearest(given, pipeline_names())}")
    return installed


def load_pipeline(given: str, settings: Sequence[str] = ()) -> Pipeline:
    """Read and check a pipeline.

    `settings` are `KEY=VALUE`: KEY is a top-level key or `stage.option`, where the step's `name` may stand for its
    stage and `option` may go on into tables and lists, as in `mix.phases.0.tokens`. VALUE is TOML, else a plain string.
    """
    path = find_pipeline(given)
    where = f"pipelines/{path.name}" if path.parent == FOLDER else str(path)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None
    for key in content:
        if key not in TOP_LEVEL:
            raise ConfigError(f"{where}: unknown key {key!r}{nearest(key, TOP_LEVEL)}")
    raw_steps = content.get("step", [])
    if not raw_steps or not isinstance(raw_steps, list) or not all(isinstance(step, dict) for step in raw_steps):
        raise ConfigError(f"{where}: no [[step]]; `babelmill init` writes a commented example")
    unset = deepcopy(raw_steps)
    set_of: dict[str | int, list[str]] = {}
    for setting in settings:
        for changed in _apply(setting, content, raw_steps):
            set_of.setdefault(changed, []).append(setting)
    at = {key: _blamed(them) for key, them in set_of.items()}
    steps = tuple(
        _set_step(number, raw, before, set_of.get(number, ()), f"{where}, step {number}", path.parent)
        for number, (raw, before) in enumerate(zip(raw_steps, unset, strict=True), 1)
    )
    given_inputs = content.get("input", [])
    inputs = [given_inputs] if isinstance(given_inputs, str) else given_inputs
    if not isinstance(inputs, list) or not all(isinstance(item, str) for item in inputs):
        raise ConfigError(f"{at.get('input', where)}: input is {given_inputs!r}; give a path or URI, or a list of them")
    for key in ("name", "description"):
        if not isinstance(content.get(key, ""), str):
            raise ConfigError(f"{at.get(key, where)}: {key} is {content[key]!r}; give a text in quotes")
    shard_bytes = content.get("shard_bytes", 256 << 20)
    if type(shard_bytes) is not int or shard_bytes < 1 << 16:
        place = at.get("shard_bytes", where)
        raise ConfigError(f"{place}: shard_bytes is {shard_bytes!r}; give a whole number of bytes, at least 65536")
    return Pipeline(
        name=content.get("name", path.stem),
        path=where,
        description=content.get("description", ""),
        inputs=tuple(_beside(path.parent, item) for item in inputs),
        steps=steps,
        shard_bytes=shard_bytes,
    )


def _set_step(
    number: int, raw: Mapping[str, Any], before: dict[str, Any], settings: Sequence[str], place: str, folder: Path
) -> PipelineStep:
    """A step with `settings` applied; an error is told of those that bring it about, if it is not in the file."""
    try:
        return _step(number, raw, place, folder)
    except ConfigError as error:
        message = str(error)
        if not settings or _failure(number, before, (), place, folder) == message:
            raise
        alone = [setting for setting in settings if _failure(number, before, [setting], place, folder) == message]
        blamed = _blamed(alone[:1] or settings)
        raise ConfigError(f"{blamed}: {message.removeprefix(f'{place}: ')}") from None


def _failure(number: int, before: dict[str, Any], settings: Sequence[str], place: str, folder: Path) -> str | None:
    """What is wrong with a step of the file when these settings alone are applied."""
    raw = deepcopy(before)
    try:
        for setting in settings:
            _apply(setting, {}, [raw])
        _step(number, raw, place, folder)
    except ConfigError as error:
        return str(error)
    return None


def _blamed(settings: Sequence[str]) -> str:
    return " ".join(f"--set {setting}" for setting in settings)


def _step(number: int, raw: Mapping[str, Any], place: str, folder: Path) -> PipelineStep:
    options = dict(raw)
    name = options.pop("stage", None)
    if not isinstance(name, str):
        close = get_close_matches("stage", list(options), n=1)
        hint = f"; did you mean 'stage' by {close[0]!r}?" if close else '; every [[step]] begins with stage = "..."'
        raise ConfigError(f"{place}: no stage{hint}")
    stage = find_stage(name, place)
    for field in fields(stage.config):
        value = options.get(field.name, field.default)
        if field.metadata.get("path") and isinstance(value, str):
            options[field.name] = _beside(folder, value)
        elif field.metadata.get("path") and isinstance(value, list | tuple):
            options[field.name] = [_beside(folder, str(item)) for item in value]
    config = configure(stage, options, place)
    for field in fields(stage.config):
        if field.metadata.get("model"):
            given = getattr(config, field.name)
            paths = model_path(given, folder) if isinstance(given, str) else tuple(model_path(g, folder) for g in given)
            config = replace(config, **{field.name: paths})
    return PipelineStep(number, stage, config)


def _beside(folder: Path, path: str) -> str:
    """A relative path of a pipeline file is relative to that file."""
    return path if "://" in path or Path(path).is_absolute() else str(folder.absolute() / path)


def _apply(setting: str, content: dict[str, Any], steps: list[dict[str, Any]]) -> Sequence[str | int]:
    """Put a setting where it belongs; returns the top-level key, or the numbers of the steps, that it changed."""
    key, equals, text = setting.partition("=")
    if not equals:
        raise ConfigError(f"--set {setting}: give KEY=VALUE, as in --set dedup.minhash.seed=3")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    if key in TOP_LEVEL - {"step"}:
        content[key] = value
        return [key]
    parts = key.split(".")
    for length in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:length])
        matching = [number for number, step in enumerate(steps, 1) if name in (step.get("stage"), step.get("name"))]
        for number in matching:
            _place(steps[number - 1], parts[length:], value, setting)
        if matching:
            return matching
    known = {str(step.get("stage")) for step in steps} | (TOP_LEVEL - {"step"})
    name = key.rpartition(".")[0] or key
    raise ConfigError(f"--set {setting}: no step or key {name!r}{nearest(name, known)}")


def _place(step: dict[str, Any], path: Sequence[str], value: Any, setting: str) -> None:
    """Put a value into a step, below the tables and list items that the path names."""
    table: Any = step
    for number, key in enumerate(path):
        last = number == len(path) - 1
        if isinstance(table, list):
            if not key.isdecimal() or int(key) >= len(table):
                raise ConfigError(f"--set {setting}: {key!r} is none of the {len(table)} items, which count from 0")
            at: Any = int(key)
        elif isinstance(table, dict):
            at = key
        else:
            raise ConfigError(f"--set {setting}: {path[number - 1]!r} has no options of its own")
        if last:
            table[at] = value
        elif isinstance(table, dict):
            table = table.setdefault(at, {})
        else:
            table = table[at]
