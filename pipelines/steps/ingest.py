"""Raw files to documents: read, extract, normalize and identify, shard by shard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from itertools import islice
from typing import BinaryIO

import xxhash

from pipelines.context import RunContext, library_versions, stage_key
from pipelines.inputs import InputFile, readable
from pipelines.keys import digest
from pipelines.ledger import Count
from pipelines.pipeline import PipelineStep
from pipelines.steps.ingest_sink import IDENTIFIERS, Sink
from pipelines.storage import open_storage
from pipelines.unit import Outcome, Unit, Workspace, opened
from stages.columns import UNKNOWN_LANGUAGE
from stages.errors import ConfigError
from stages.ingest.cut import cuts
from stages.ingest.read import Read, read_items
from stages.ingest.records import Items, singly

VERSION = 2
RESULT_LIBRARIES = (
    "brotli",
    "charset-normalizer",
    "ftfy",
    "numba",
    "numpy",
    "orjson",
    "pyarrow",
    "pycld2",
    "pyicu-wheels",
    "resiliparse",
    "trafilatura",
    "zlib-ng",
    "zstandard",
)
"""Libraries whose version may change what is read, extracted or identified."""
SMALL_FILE = 4 << 20
"""Files below this many bytes share a unit with their neighbours."""


@dataclass(frozen=True)
class Part:
    """A range of one input file: bytes, or row groups for Parquet."""

    file: InputFile
    start: int
    end: int | None


class IngestStep:
    """Every stage of kind `ingest`, fused: the raw text is read once."""

    name = "ingest"

    def __init__(self, steps: Sequence[PipelineStep]) -> None:
        self.steps = tuple(steps)
        self.stages = tuple(step.stage.name for step in steps)
        for needed, *others in (("ingest.read",), IDENTIFIERS):
            if not {needed, *others} & set(self.stages):
                raise ConfigError(f"no step {needed!r}, without which no input can be used; add it")
        if set(IDENTIFIERS) <= set(self.stages):
            raise ConfigError(f"steps {' and '.join(map(repr, IDENTIFIERS))}: a document has one language; keep one")

    def units(self, run: RunContext) -> list[Unit]:
        key = digest(
            VERSION,
            [stage_key(step) for step in self.steps],
            run.pipeline.shard_bytes,
            run.sample,
            library_versions(RESULT_LIBRARIES),
        )
        read = self.steps[self.stages.index("ingest.read")].config
        units = []
        # a sample is the first records of a file, not of each of its ranges
        target = run.pipeline.shard_bytes if run.sample is None else max((f.size for f in run.inputs), default=0)
        for parts in _groups(run.inputs, read, target):
            identity = [(p.file.name, p.file.relative, p.file.size, p.file.version, p.start, p.end) for p in parts]
            size = sum(p.file.size if p.end is None else p.end - p.start for p in parts)
            label = readable(parts[0].file.relative) + (f" and {len(parts) - 1} more" if len(parts) > 1 else "")
            entering = Count(self.name, UNKNOWN_LANGUAGE, label, "in", None, None, bytes=size)
            unit_key = digest(key, identity)
            task = IngestTask(unit_key, self.steps, tuple(parts), run.pipeline.shard_bytes, run.sample)
            units.append(Unit(self.name, unit_key, label, task, size, (entering,)))
        return units


def _groups(inputs: Sequence[InputFile], read: Read, shard_bytes: int) -> Iterator[list[Part]]:
    """Large files are cut where their format allows; neighbouring small files share a unit.

    A group of small files also ends after a file whose name hashes to zero, so that a file added in the middle moves
    only the groups beside it.
    """
    group: list[Part] = []
    size = 0
    for file in inputs:
        if file.size >= SMALL_FILE:
            if group:
                yield group
                group, size = [], 0
            for start, end in cuts(file.path, file.size, shard_bytes, partial(_open, file), read):
                yield [Part(file, start, end)]
            continue
        group.append(Part(file, 0, None))
        size += file.size
        if size >= 4 * SMALL_FILE or (size >= SMALL_FILE and xxhash.xxh3_64_intdigest(file.relative.encode()) % 4 == 0):
            yield group
            group, size = [], 0
    if group:
        yield group


def _open(file: InputFile) -> BinaryIO:
    return open_storage(file.root).open(file.path)


@dataclass(frozen=True)
class IngestTask:
    """Reads its parts record by record; memory is bounded by one output shard."""

    key: str
    steps: tuple[PipelineStep, ...]
    parts: tuple[Part, ...]
    shard_bytes: int
    sample: int | None

    def __call__(self, space: Workspace) -> Outcome:
        sink = Sink(space, self.steps, self.shard_bytes)
        for part in self.parts:
            items = self._items(part)
            for item in items if self.sample is None else islice(singly(items), self.sample):
                sink.take(item, part.file)
        return sink.finish()

    def _items(self, part: Part) -> Iterator[Items]:
        """What the first datatrove reader yields whose pattern the file's name matches, else our own reader."""
        for step in self.steps:
            if step.stage.name == "datatrove.reader" and fnmatch(
                part.file.path.rpartition("/")[2], step.config.pattern
            ):
                reader = {name: opened(resource) for name, resource in step.stage.resources(step.config).items()}
                yield from step.stage.function(part.file.uri, step.config, **reader)
                return
        read = next(step.config for step in self.steps if step.stage.name == "ingest.read")
        with open_storage(part.file.root).open(part.file.path) as stream:
            yield from read_items(stream, part.file.path, read, part.start, part.end)
