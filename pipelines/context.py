"""What every step of a run shares: the checked pipeline, the languages, the outputs so far."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from functools import cached_property
from importlib.metadata import version
from typing import Any, Protocol

from pipelines.inputs import InputFile
from pipelines.keys import digest
from pipelines.languages import Language, load_language
from pipelines.parquet import Piece
from pipelines.pipeline import Pipeline, PipelineStep
from pipelines.storage import Storage, retried
from pipelines.unit import COMMITS, PRIVATE, Commit, OutputFile, Unit, Workspace, current

LIVE = f"{PRIVATE}/live.json"
LOCK = f"{PRIVATE}/lock"

READS_AT_ONCE = 16
"""Commit records are small: reading one from S3 is waiting."""

RESULT_LIBRARIES = ("pyarrow", "numpy", "pyicu-wheels", "fasttext-numpy2", "tokenizers", "sentencepiece", "trafilatura")
"""Libraries whose version may change results, recorded in run.json; steps name theirs in their keys."""


@dataclass(frozen=True)
class Located:
    """One language's rows in one shard."""

    path: str
    piece: Piece


@dataclass
class RunContext:
    """A run as its steps see it."""

    pipeline: Pipeline
    storage: Storage
    inputs: list[InputFile]
    published: frozenset[str]
    lang_configs: str | None = None
    selected: frozenset[str] | None = None  # languages to work on; None for all
    sample: int | None = None
    outputs: dict[str, list[Commit]] = field(default_factory=dict)

    @cached_property
    def workspace(self) -> Workspace:
        return Workspace(self.storage, self.published)

    @cached_property
    def _languages(self) -> dict[str, Language]:
        return {}

    def language(self, code: str) -> Language:
        """The configuration of a language, read once."""
        if code not in self._languages:
            self._languages[code] = load_language(code, self.lang_configs)
        return self._languages[code]

    def wants(self, code: str) -> bool:
        """Whether this run works on the language."""
        return self.selected is None or code in self.selected

    def files(self, step: str, folder: str) -> list[OutputFile]:
        """Outputs of a step below a public folder, in unit order."""
        return [
            file for commit in self.outputs.get(step, []) for file in commit.files if file.path.startswith(f"{folder}/")
        ]

    def enter(self, step: str, units: Sequence[Unit], done: Mapping[str, Commit]) -> list[Commit]:
        """Make the commits of a step's units, in unit order, what later steps read; units without one are left out."""
        self.outputs[step] = [current(done[unit.key], unit) for unit in units if unit.key in done]
        return self.outputs[step]

    @cached_property
    def committed(self) -> Mapping[str, Mapping[str, Commit]]:
        """The commit records of the run directory whose outputs are all there, by step and key."""
        found: dict[str, dict[str, Commit]] = {}
        for commit in self._records:
            if all(self._is_stored(file, self.workspace.locate(file.path)) for file in commit.files):
                found.setdefault(commit.step, {})[commit.key] = commit
        return found

    def drop_lost(self) -> None:
        """Take published outputs that are missing, or of another size than recorded, for what is still to be made."""
        public = [file for commit in self._records for file in commit.files if file.path in self.published]
        self.published -= {file.path for file in public if not self._is_stored(file, file.public)}

    def _is_stored(self, file: OutputFile, path: str) -> bool:
        return self._sizes.get(path) == file.bytes

    @cached_property
    def _sizes(self) -> Mapping[str, int]:
        """Bytes of every file of the run directory."""
        return {entry.path: entry.size for entry in retried(lambda: self.storage.list(""))}

    @cached_property
    def _records(self) -> Sequence[Commit]:
        """Every commit record of the run directory."""
        paths = [
            path
            for path in self._sizes
            if path.startswith(f"{COMMITS}/") and path.endswith(".json") and "/." not in path.removeprefix(PRIVATE)
        ]
        with ThreadPoolExecutor(READS_AT_ONCE) as pool:
            return [Commit.from_json(data) for data in pool.map(lambda p: retried(lambda: self.storage.read(p)), paths)]


class Step(Protocol):
    """A physical step of the plan: one or more stages that run together, unit by unit."""

    @property
    def name(self) -> str: ...

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages of the pipeline file that it carries out."""

    def units(self, run: RunContext) -> Sequence[Unit]:
        """The units of this step, once the outputs it reads are there; reads no data."""


def stage_key(step: PipelineStep) -> str:
    """What of a configured stage changes its results: name, version, options, and what its resources contain."""
    resources = {name: resource.fingerprint() for name, resource in step.stage.resources(step.config).items()}
    options = {
        f.name: getattr(step.config, f.name)
        for f in fields(step.config)
        if not f.metadata.get("path") and not f.metadata.get("model")
    }
    return digest(step.stage.name, step.stage.version, options, resources)


def library_versions(names: Sequence[str]) -> dict[str, str]:
    return {name: version(name) for name in names}


def batches(sizes: Sequence[int], limit: int) -> Iterator[tuple[int, int]]:
    """Consecutive (start, end) ranges of items whose sizes add up to the limit, or of a single larger item."""
    start, total = 0, 0
    for index, size in enumerate(sizes):
        if index > start and total + size > limit:
            yield start, index
            start, total = index, 0
        total += size
    if start < len(sizes):
        yield start, len(sizes)


def option(step: PipelineStep | None, name: str, default: Any) -> Any:
    """An option of a step that may be absent from the pipeline."""
    return default if step is None else getattr(step.config, name)
