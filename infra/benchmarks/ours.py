"""Our stages at one work, timed in a process of their own; `text_engine.py` calls this.

The stages are those of a pipeline file and are called as the engine calls them.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import fasttext
import pyarrow as pa

from infra.benchmarks.documents import Batch, Document, grouped, read_exchange
from infra.benchmarks.measure import Timing, pin, timed
from pipelines.pipeline import PipelineStep, load_pipeline
from pipelines.steps.annotate import annotate, annotation_schema
from stages.registry import Stage

IDENTIFY = "identify.fasttext"
SIGNALS = ("quality.gopher", "quality.repetition", "quality.fineweb", "quality.c4")
SKETCH = ("dedup.minhash",)
TOOL = "babelmill"

Work = Callable[[Sequence[Batch]], object]
"""What is timed: everything it needs is open."""


class Annotator:
    """Annotate stages of a pipeline with what they need opened."""

    def __init__(self, pipeline: str, names: Sequence[str] | None = None) -> None:
        steps = load_pipeline(pipeline).of_kind("annotate")
        self.steps: list[PipelineStep] = [step for step in steps if names is None or step.stage.name in names]
        self.resources = [_opened(step.stage, step.config) for step in self.steps]
        self.schema = annotation_schema(self.steps)

    def __call__(self, batch: Batch) -> pa.Table:
        return annotate(batch.rows, batch.language, self.steps, self.resources, self.schema)


class Identifier:
    """The identification stage of a pipeline with its model opened."""

    def __init__(self, pipeline: str) -> None:
        step = load_pipeline(pipeline).find(IDENTIFY)
        if step is None:
            raise SystemExit(f"pipeline {pipeline} has no {IDENTIFY}")
        self.step = step
        self.resources = _opened(step.stage, step.config)

    def __call__(self, batch: Batch) -> pa.RecordBatch:
        return identified(self.step, batch.rows.column("text"), self.resources)


def identified(step: PipelineStep, texts: pa.Array, resources: Mapping[str, Any]) -> pa.RecordBatch:
    """The one place that knows what the identification stage takes."""
    result: pa.RecordBatch = step.stage.function(texts, step.config, **resources)
    return result


def _opened(stage: Stage, config: Any) -> dict[str, Any]:
    return {name: resource.open() for name, resource in stage.resources(config).items()}


def identify_work(pipeline: str) -> Work:
    identify = Identifier(pipeline)
    return lambda batches: [identify(batch) for batch in batches]


def signals_work(pipeline: str) -> Work:
    annotator = Annotator(pipeline, SIGNALS)
    return lambda batches: [annotator(batch) for batch in batches]


def sketch_work(pipeline: str) -> Work:
    annotator = Annotator(pipeline, SKETCH)
    return lambda batches: [annotator(batch) for batch in batches]


def everything_work(pipeline: str) -> Work:
    identify, annotator = Identifier(pipeline), Annotator(pipeline)
    return lambda batches: [(identify(batch), annotator(batch)) for batch in batches]


def fasttext_work(pipeline: str) -> Work:
    """fastText's own prediction through its Python module: not ours, but it is installed with us."""
    model = fasttext.load_model(Identifier(pipeline).step.config.model)

    def run(batches: Sequence[Batch]) -> None:
        for batch in batches:
            for text in batch.rows.column("text").to_pylist():
                model.predict(text.replace("\n", " "))

    return run


WORKS: Mapping[str, Callable[[str], Work]] = {
    "language": identify_work,
    "signals": signals_work,
    "minhash": sketch_work,
    "everything": everything_work,
    "fasttext": fasttext_work,
}


def measure(work: str, documents: Sequence[Document], *, pipeline: str, runs: int, hold: bool = False) -> Timing:
    """Time one work on the documents; warm-up is the first document of each language."""
    run = WORKS[work](pipeline)
    batches = grouped(documents)
    first = grouped({document.language: document for document in reversed(documents)}.values())
    return timed(
        "language" if work == "fasttext" else work,
        "fastText (C++)" if work == "fasttext" else TOOL,
        lambda: run(batches),
        warm_up=lambda: run(first),
        runs=runs,
        documents=len(documents),
        text_bytes=sum(document.text_bytes for document in documents),
        note="best label only" if work == "fasttext" else "",
        hold=hold,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("work", choices=sorted(WORKS))
    parser.add_argument("documents", type=Path, help="as `write_exchange` wrote them")
    parser.add_argument("result", type=Path)
    parser.add_argument("--pipeline", default="web")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--hold", action="store_true")
    options = parser.parse_args()
    pin(options.core)
    documents = read_exchange(options.documents)
    measure(options.work, documents, pipeline=options.pipeline, runs=options.runs, hold=options.hold).save(
        options.result
    )


if __name__ == "__main__":
    main()
