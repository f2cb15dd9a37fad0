"""From a pipeline to physical steps, and which of their units are done."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipelines.context import RunContext, Step
from pipelines.pipeline import Pipeline
from pipelines.steps.annotate import AnnotateStep
from pipelines.steps.cluster import cluster_steps
from pipelines.steps.decide import DecideStep
from pipelines.steps.ingest import IngestStep
from pipelines.steps.ingest_sink import IDENTIFIERS
from pipelines.steps.mix import mix_steps
from pipelines.steps.recipe import RecipeStep
from pipelines.steps.select import SelectStep
from pipelines.steps.tokenizer import tokenizer_steps
from pipelines.unit import Unit
from stages.errors import ConfigError


def build_steps(pipeline: Pipeline) -> list[Step]:
    """The physical steps of a pipeline, in order; checks that every step finds the datasets it reads."""
    _check_written(pipeline)
    annotators = pipeline.of_kind("annotate")
    try:
        steps: list[Step] = [IngestStep(pipeline.of_kind("ingest"))]
        steps += [AnnotateStep(annotators)] if annotators else []
    except ConfigError as error:
        raise ConfigError(f"{pipeline.path}: {error}") from None
    made = {"ingest", "documents", "bitext", "instructions/input", *(["annotations"] if annotators else [])}
    identify = next(filter(None, map(pipeline.find, IDENTIFIERS)), None)
    clustered = pipeline.find("cluster") is not None
    for step in pipeline.steps:
        name, needs, place = step.stage.name, step.stage.reads_dataset, f"{pipeline.path}, step {step.number}"
        if step.stage.kind in ("ingest", "annotate"):
            continue
        if needs and needs not in made:
            raise ConfigError(f"{place}: {name} reads {needs!r}, which no step before it writes")
        if name == "cluster" and "decisions" in made:
            raise ConfigError(f"{place}: cluster comes after decide, which uses its clusters; put it before decide")
        if name == "cluster":
            steps += cluster_steps(annotators, place)
        elif name == "decide":
            assert identify is not None  # IngestStep has checked it
            steps.append(DecideStep(identify, annotators, clustered))
        elif name == "select":
            steps.append(SelectStep(step, annotators))
        elif name == "tokenizer.train":
            steps += tokenizer_steps(step)
        elif name == "mix":
            steps += mix_steps(step, made, pipeline)
        elif step.stage.kind == "recipe":
            recipe = RecipeStep(step)
            steps.append(recipe)
            made.add(recipe.dataset)
        else:
            raise ConfigError(f"{place}: nothing runs the stage {name!r}")
        made.add(step.stage.writes_dataset or name)
    return steps


def _check_written(pipeline: Pipeline) -> None:
    """ConfigError where two steps write one dataset."""
    writers: dict[str, int] = {}
    for step in pipeline.steps:
        if step.stage.writes_dataset is None:
            continue
        name = getattr(step.config, "name", None)
        dataset = "/".join(filter(None, (step.stage.writes_dataset, name)))
        first = writers.setdefault(dataset, step.number)
        if first != step.number:
            place, now = f"{pipeline.path}, step {step.number}", "give it another `name`" if name else "leave one out"
            raise ConfigError(f"{place}: {step.stage.name} writes {dataset}, as step {first} does; {now}")


@dataclass(frozen=True)
class StepPlan:
    """What a run would do with one step."""

    name: str
    state: str  # done, will run, may run
    units: int = 0
    pending: tuple[Unit, ...] = field(default=())

    @property
    def bytes(self) -> int:
        return sum(unit.weight for unit in self.pending)


def plan_run(run: RunContext, steps: Sequence[Step]) -> list[StepPlan]:
    """Each step as done, will run, or (after the first that runs) may run; reads no data."""
    plans: list[StepPlan] = []
    for step in steps:
        if any(plan.state != "done" for plan in plans):
            plans.append(StepPlan(step.name, "may run"))
            continue
        units = step.units(run)
        done = run.committed.get(step.name, {})
        pending = tuple(unit for unit in units if unit.key not in done)
        plans.append(StepPlan(step.name, "will run" if pending else "done", len(units), pending))
        run.enter(step.name, units, done)
    return plans
