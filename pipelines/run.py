"""One run: plan, execute what is not done, count everything, publish, report."""

import json
import platform
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any

import pyarrow as pa

from pipelines.context import LOCK, RESULT_LIBRARIES, RunContext, Step, library_versions
from pipelines.engine import Engine
from pipelines.engine.opening import Opening
from pipelines.inputs import readable, resolve_inputs
from pipelines.keys import plain
from pipelines.language_checks import require_languages
from pipelines.languages import resolve_code
from pipelines.ledger import Count, merge, to_table
from pipelines.parquet import write_table
from pipelines.pipeline import Pipeline, load_pipeline
from pipelines.plan import StepPlan, build_steps, plan_run
from pipelines.progress import Progress, open_progress
from pipelines.publish import live_files, publish, published_files
from pipelines.storage import LocalStorage, Storage, open_storage, retried
from pipelines.unit import QUARANTINE, REPORT, Commit, Failure, Unit
from stages.errors import ConfigError

QUARANTINED = "quarantined"
"""Reason of what a shard that failed by itself would have read."""


@dataclass(frozen=True)
class RunResult:
    """What a run did; `status` is the exit status of the command."""

    uri: str
    quarantined: tuple[Failure, ...]
    unreadable: tuple[tuple[str, str], ...]  # source and reason of input that could not be read to its end
    ran: int
    seconds: float

    @property
    def status(self) -> int:
        return 1 if self.quarantined or self.unreadable else 0


@dataclass
class _StepRecord:
    """What run.json says of a step."""

    name: str
    stages: tuple[str, ...]
    units: int
    ran: int
    seconds: float
    documents: int
    bytes: int
    key: str


def prepare(
    pipeline: str,
    output: str,
    *,
    inputs: Sequence[str] = (),
    languages: Sequence[str] = (),
    settings: Sequence[str] = (),
    lang_configs: str | None = None,
    sample: int | None = None,
) -> tuple[RunContext, list[Step]]:
    """Check everything that can be checked before data is touched."""
    loaded = load_pipeline(pipeline, settings)
    steps = build_steps(loaded)
    chosen = tuple(inputs) or loaded.inputs
    if not chosen:
        raise ConfigError(f"{loaded.path}: no input; give --input URI or write input = [...] in the pipeline")
    selected = frozenset(resolve_code(code) for code in languages) if languages else None
    if lang_configs is not None:
        require_languages(lang_configs, loaded.columns())
    resolved = resolve_inputs(chosen)
    storage = open_storage(output)
    _check_folder(storage)
    run = RunContext(loaded, storage, resolved, frozenset(), lang_configs, selected, sample)
    run.language("und")  # a broken language default is found before anything runs
    return run, steps


def _check_folder(storage: Storage) -> None:
    """ConfigError where a run directory can be neither there nor made."""
    if isinstance(storage, LocalStorage):
        path = Path(storage.uri)
        nearest = next(place for place in (path, *path.parents) if place.exists())
        if not nearest.is_dir():
            raise ConfigError(f"{path}: {nearest} is a file; --output is a folder, which is made if need be")


def plan(pipeline: str, output: str, **options: Any) -> list[StepPlan]:
    """What `run` with the same arguments would do."""
    context, steps = prepare(pipeline, output, **options)
    context.published = published_files(context.storage, finish=False)
    context.drop_lost()
    return plan_run(context, steps)


def run(
    pipeline: str,
    output: str,
    *,
    engine: str | Opening = "ray",
    workers: int | None = None,
    quiet: bool = False,
    **options: Any,
) -> RunResult:
    """Run a pipeline: the same as `babelmill run`.

    `engine` is `ray` or `inline`, with so many workers, or one that is being opened. Options are those of `prepare`.
    Raises `ConfigError` before anything has run; shards that fail by themselves are quarantined and listed in the
    result.
    """
    with Opening(engine, workers) if isinstance(engine, str) else engine as opening:
        opening.begin_for(output)
        context, steps = prepare(pipeline, output, **options)
        with context.storage.lock(LOCK):
            context.published = published_files(context.storage)
            context.drop_lost()
            return execute_plan(context, steps, opening, quiet)


def execute_plan(context: RunContext, steps: Sequence[Step], opening: Opening, quiet: bool) -> RunResult:
    """Execute the units that have no commit record, step after step, and publish what the run consists of.

    A `ConfigError` that only the data could show (a budget that cannot be met) ends the run. A first run publishes what
    came before it, so that `inspect` and the report can tell why.
    """
    started, clock = datetime.now(UTC), monotonic()
    records: list[_StepRecord] = []
    failures: list[Failure] = []
    lost: list[Count] = []
    stopped: ConfigError | None = None
    with open_progress(quiet) as progress:
        try:
            for step in steps:
                units = list(step.units(context))
                failed = _execute_step(context, step, units, opening, progress, records, bool(failures))
                failures += failed.values()
                for unit in units:
                    if unit.key in failed:
                        left = (_quarantined(count) for count in (*unit.entering, *unit.inside))
                        lost += [*unit.entering, *left]
        except ConfigError as error:
            if retried(lambda: context.storage.exists("run.json")):
                raise  # what an earlier run published stays as it is
            stopped = error
    commits = [commit for found in context.outputs.values() for commit in found]
    counts = merge([count for commit in commits for count in commit.counts] + lost)
    live = live_files(commits)
    changed = frozenset(file.path for file in live) != context.published
    description = _describe(context, records, failures, commits, started, monotonic() - clock)
    if changed or failures or any(record.ran for record in records) or _differs(context.storage, description):
        publish(context.storage, context.published, live)
        retried(lambda: context.storage.delete(REPORT))  # of a former run; while there is none, one is to be written
        retried(lambda: context.storage.write("ledger.parquet", write_table(to_table(counts))))
        # where it is this run's, everything before it is
        retried(lambda: context.storage.write("run.json", _as_json(description)))
        _write_report(context.storage, opening if any(record.ran for record in records) else Opening("inline"))
    elif not retried(lambda: context.storage.exists(REPORT)):
        _write_report(context.storage, Opening("inline"))
    if stopped is not None:
        raise stopped
    unread = [count for count in counts if count.flow == "quarantined" and count.documents is None]
    unreadable = tuple(sorted({(count.source, count.reason or "") for count in unread if count.reason != QUARANTINED}))
    ran = sum(record.ran for record in records)
    return RunResult(context.storage.uri, tuple(failures), unreadable, ran, monotonic() - clock)


def _execute_step(
    context: RunContext,
    step: Step,
    units: Sequence[Unit],
    opening: Opening,
    progress: Progress,
    records: list[_StepRecord],
    partial: bool,
) -> dict[str, Failure]:
    """Run the pending units of a step and enter its outputs into the context, in unit order.

    In a `partial` run, where units of earlier steps have failed, a `ConfigError` may be their consequence: an empty
    corpus, a language that is missing. It then fails the units that are left, and not the run.
    """
    done = dict(context.committed.get(step.name, {}))
    pending = [unit for unit in units if unit.key not in done]
    failed: dict[str, Failure] = {}
    clock = monotonic()
    if pending:
        with progress.step(step.name, pending, len(units)) as bar:
            for unit, result in _results(_ready(opening), context, pending, partial):
                if isinstance(result, Failure):
                    failed[unit.key] = result
                    _record(context.storage, result)
                else:
                    done[unit.key] = result
                bar.advance(unit, result)
    outputs = context.enter(step.name, units, done)
    kept = sum(c.documents or 0 for commit in outputs for c in commit.counts if c.flow == "in")
    size = sum(c.bytes or 0 for commit in outputs for c in commit.counts if c.flow == "in")
    seconds = monotonic() - clock if pending else 0.0
    key = outputs[0].key if len(outputs) == 1 else ""
    records.append(_StepRecord(step.name, step.stages, len(units), len(pending), seconds, kept, size, key))
    return failed


def _results(
    engine: Engine, context: RunContext, pending: Sequence[Unit], partial: bool
) -> Iterator[tuple[Unit, Commit | Failure]]:
    left = {unit.key: unit for unit in pending}
    try:
        for unit, result in engine.run(context.storage.uri, context.published, pending):
            left.pop(unit.key, None)
            yield unit, result
    except ConfigError as error:
        if not partial:
            raise
        for unit in left.values():
            yield unit, Failure(unit.step, unit.key, unit.label, str(error), "")


def _record(storage: Storage, failure: Failure) -> None:
    """Keep the error in full; the next run tries the unit again."""
    path = f"{QUARANTINE}/{failure.step.replace('/', '.')}/{failure.key}.json"
    retried(lambda: storage.write(path, json.dumps(asdict(failure)).encode()))


def _quarantined(count: Count) -> Count:
    return Count(**{**asdict(count), "flow": "quarantined", "reason": QUARANTINED})


def _describe(
    context: RunContext,
    records: Sequence[_StepRecord],
    failures: Sequence[Failure],
    commits: Sequence[Commit],
    started: datetime,
    seconds: float,
) -> dict[str, Any]:
    pipeline: Pipeline = context.pipeline
    codes = sorted({piece.language for c in commits for f in c.files for piece in f.pieces if piece.language != "-"})
    languages = {}
    for code in codes:
        found = context.language(code)
        bounds = {
            name: {"min": bound.minimum, "max": bound.maximum, "why": bound.why} for name, bound in found.bounds.items()
        }
        languages[code] = {
            "name": found.name,
            "bounds": bounds,
            "confusable": sorted(found.confusable),
            "text": plain(found.text),
        }
    return {
        "babelmill": version("babelmill"),
        "versions": {"python": platform.python_version(), **library_versions(RESULT_LIBRARIES)},
        "unicode": unicodedata.unidata_version,
        "pipeline": {
            "name": pipeline.name,
            "path": pipeline.path,
            "shard_bytes": pipeline.shard_bytes,
            "steps": [
                {
                    "stage": step.stage.name,
                    "options": plain(step.config),
                    "columns": step.stage.writes(step.config).names
                    if step.stage.kind in ("ingest", "annotate")
                    else [],
                }
                for step in pipeline.steps
            ],
        },
        "selected": sorted(context.selected) if context.selected is not None else None,
        "inputs": [
            {"uri": readable(file.uri), "relative": readable(file.relative), "bytes": file.size}
            for file in context.inputs
        ],
        "languages": languages,
        "steps": [asdict(record) for record in records],
        "commits": [[commit.step, commit.key] for commit in commits],
        "quarantined": [{"step": f.step, "unit": f.label, "error": f.error} for f in failures],
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
    }


def _as_json(description: Mapping[str, Any]) -> bytes:
    """An object with a line for each entry: an indented one takes ten times as long, with the driver alone at work."""
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in description.items())
    return "{{\n{}\n}}\n".format(",\n".join(lines)).encode()


def _differs(storage: Storage, description: Mapping[str, Any]) -> bool:
    """Whether run.json says something else, but for times: a run was killed before it wrote it, or a text changed."""
    if not retried(lambda: storage.exists("run.json")):
        return True
    try:
        written = json.loads(retried(lambda: storage.read("run.json")))
    except ValueError:
        return True
    times = ("steps", "started", "finished", "seconds")
    stated = json.loads(json.dumps({key: value for key, value in description.items() if key not in times}))
    return bool(stated != {key: value for key, value in written.items() if key not in times})


def _ready(opening: Opening) -> Engine:
    """The engine, with what the end of a run needs imported while Ray starts in other processes."""
    opening.begin()
    for module in ("duckdb", "pipelines.report"):
        import_module(module)
    pa.array([0])  # pyarrow imports pandas when it first sees a list
    return opening()


def _write_report(storage: Storage, opening: Opening) -> None:
    from pipelines.report import segmentation_speeds, write_report
    from pipelines.rundir import RunDir

    speeds = opening().begin(segmentation_speeds, RunDir(storage.uri))

    def last() -> Mapping[str, float]:
        """What the engine is asked for last."""
        try:
            return speeds()
        finally:
            opening.end()

    with opening:
        write_report(RunDir(storage.uri), speeds=last)
