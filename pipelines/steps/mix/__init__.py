"""Mixtures: tokens counted, quotas solved, copies sent to their place in the shuffle, and put in order.

`mix.<name>.count` (per file of a dataset that no tokenizer step has counted), `.solve` (once: sums over hash buckets,
quotas, cuts), `.emit` (per file: copies by output part), `mix.<name>` (per output part), `.shares` (planned and real).
"""

from collections.abc import Collection
from pathlib import Path

from pipelines.context import Step
from pipelines.pipeline import Pipeline, PipelineStep
from pipelines.steps.mix.count import count_units
from pipelines.steps.mix.emit import emit_units
from pipelines.steps.mix.part import part_units
from pipelines.steps.mix.shared import BYTES, MixStep, MixSteps
from pipelines.steps.mix.shares import share_units
from pipelines.steps.mix.solve import solve_units
from stages.errors import ConfigError
from stages.mixture.mix import Mix, datasets
from stages.registry import nearest


def mix_steps(step: PipelineStep, made: Collection[str], pipeline: Pipeline) -> list[Step]:
    """The physical steps of one `mix`; checks that its datasets and its tokenizer exist."""
    config: Mix = step.config
    place = f"{pipeline.path}, step {step.number}"
    known = [name for name in made if name == "corpus" or name.startswith(("augmented/", "instructions/"))]
    for dataset in datasets(config):
        if dataset not in known:
            raise ConfigError(f"{place}: no step before it writes {dataset!r}{nearest(dataset, known)}")
    trained = [s.config.name for s in pipeline.steps if s.stage.name == "tokenizer.train" and s.number < step.number]
    given = config.tokenizer.endswith((".json", ".model")) and Path(config.tokenizer).is_file()
    if config.tokenizer not in (BYTES, *trained) and not given:
        hint = nearest(config.tokenizer, [BYTES, *trained])
        raise ConfigError(f"{place}: no tokenizer {config.tokenizer!r} is trained and no such file exists{hint}")
    shared = MixSteps(step)
    return [
        MixStep(shared, ".count", count_units),
        MixStep(shared, ".solve", solve_units),
        MixStep(shared, ".emit", emit_units),
        MixStep(shared, "", part_units),
        MixStep(shared, ".shares", share_units),
    ]
