"""Raw files to documents: read, extract, normalize and identify, shard by shard."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.context import RunContext, library_versions, stage_key
from pipelines.inputs import InputFile, readable
from pipelines.keys import digest
from pipelines.ledger import Count, Tally
from pipelines.parquet import PieceWriter
from pipelines.pipeline import PipelineStep
from pipelines.storage import open_storage
from pipelines.unit import Outcome, OutputFile, Unit, Workspace, opened
from stages.columns import BITEXT, DOCUMENTS, IDENTIFICATION, INSTRUCTIONS, REJECTED, UNDETERMINED, UNKNOWN_LANGUAGE
from stages.errors import ConfigError
from stages.identify.codes import resolve_or_none
from stages.ingest.charset import decode
from stages.ingest.cut import cuts
from stages.ingest.extract import ExtractionFailed, extract_text
from stages.ingest.read import Read, read_records
from stages.ingest.records import Item, RawRecord, Rejection, Unreadable
from stages.ingest.time_limit import OutOfTime, time_limit
from stages.normalize.quick import normalize_texts

VERSION = 1
READERS = ("ingest.read", "datatrove.reader")
EXTRACTORS = ("ingest.extract", "datatrove.extractor")
IDENTIFIERS = ("identify.fasttext", "identify.combined")
EXTRACTOR_TIME_LIMIT_S = 20.0
RESULT_LIBRARIES = (
    "brotli",
    "charset-normalizer",
    "ftfy",
    "numba",
    "numpy",
    "pyarrow",
    "pycld2",
    "pyicu-wheels",
    "resiliparse",
    "trafilatura",
    "zstandard",
)
"""Libraries whose version may change what is read, extracted or identified."""
NORMALIZED_AT_ONCE = 1 << 20
"""Characters of text that wait to be normalized together."""
REJECTED_ROW_BYTES = 1024
"""About what a rejected record takes in memory: a file may hold nothing else."""

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
        sink = _Sink(space, self.steps, self.shard_bytes)
        for part in self.parts:
            for record in islice(self._records(part), self.sample):
                sink.take(record, part.file)
        return sink.finish()

    def _records(self, part: Part) -> Iterator[Item]:
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
            yield from read_records(stream, part.file.path, read, part.start, part.end)


class _Sink:
    """Turns records into rows and rows into shards, and counts every one."""

    def __init__(self, space: Workspace, steps: Sequence[PipelineStep], shard_bytes: int) -> None:
        self._space, self._shard_bytes = space, shard_bytes
        self._text_stages = [s for s in steps if s.stage.name not in (*READERS, *EXTRACTORS, *IDENTIFIERS)]
        self._extractor = next((s for s in steps if s.stage.name in EXTRACTORS), None)
        self._identify = next(s for s in steps if s.stage.name in IDENTIFIERS)
        self._resources = {s.stage.name: {n: opened(r) for n, r in s.stage.resources(s.config).items()} for s in steps}
        self._documents: list[dict[str, Any]] = []
        self._others: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._waiting: list[tuple[dict[str, Any], RawRecord]] = []
        self._waiting_size = 0
        self._held = 0
        self._files: list[OutputFile] = []
        self._tally = Tally("ingest")

    def take(self, record: Item, file: InputFile) -> None:
        locator = readable(f"{file.relative}{record.locator}")
        source = readable(file.name or file.relative.split("/", 1)[0])
        if isinstance(record, Unreadable):
            for flow, reason in (("in", None), ("quarantined", record.reason)):
                self._tally.add(
                    flow, language=UNKNOWN_LANGUAGE, source=source, reason=reason, documents=None, bytes=record.bytes
                )
            self._reject(record, locator, source, doc_id(file.name, locator))
            return
        if isinstance(record, RawRecord):
            source = record.source or source
        self._tally.add("in", language=UNKNOWN_LANGUAGE, source=source, bytes=record.bytes)
        fate = record if isinstance(record, Rejection) else self._row(record, locator, source, file)
        if fate is not None:
            self._count(fate, locator, source, doc_id(file.name, locator), record.bytes)
        if self._waiting_size >= NORMALIZED_AT_ONCE:
            self._settle()
        if self._held >= self._shard_bytes:
            self._flush()

    def _count(self, fate: str | Rejection, locator: str, source: str, identity: str, size: int) -> None:
        """Count a record as kept in the dataset of that name, or as rejected."""
        flow, reason = ("rejected", fate.reason) if isinstance(fate, Rejection) else ("kept", fate)
        self._tally.add(flow, language=UNKNOWN_LANGUAGE, source=source, reason=reason, bytes=size)
        if isinstance(fate, Rejection):
            self._reject(fate, locator, source, identity)

    def _settle(self) -> None:
        """Normalize the texts that wait, and keep or reject their records."""
        texts = [row["text"] for row, _ in self._waiting]
        for step in self._text_stages:
            texts = self._changed(texts, step)
        for (row, record), text in zip(self._waiting, texts, strict=True):
            fate: str | Rejection = "documents"
            if text and not text.isspace():
                self._documents.append({**row, "text": text})
                self._held += len(text.encode()) + len(row["meta"] or "")
            else:
                fate = _rejection(record, "ingest.no_text", "nothing left after extraction and normalization")
            self._count(fate, row["locator"], row["source"], row["doc_id"], record.bytes)
        self._waiting, self._waiting_size = [], 0

    def _row(self, record: RawRecord, locator: str, source: str, file: InputFile) -> str | Rejection | None:
        """Add the record to the dataset of its kind and name that, or say why it cannot be used.

        None for a text: it waits for others to be normalized with them.
        """
        common = {
            "source_id": record.source_id,
            "source": source,
            "licence": record.licence,
            "locator": locator,
            "meta": json.dumps(record.meta, ensure_ascii=False, sort_keys=True) if record.meta else None,
            "url": record.url,
        }
        native = {"origin": "native", "recipe": None, "derived_from": None, "backend": None}
        identity = doc_id(file.name, locator)
        if record.pair is not None:
            return self._pair(record, common, identity)
        if record.messages is not None:
            language = resolve_or_none(record.language_claimed) or "und"
            row = {**common, **native, "doc_id": identity, "messages": record.messages, "language": language}
            self._others["instructions"].append({**row, "task": record.task or "general"})
            self._held += sum(len(message["content"]) for message in record.messages)
            return "instructions"
        text = self._text(record)
        if isinstance(text, Rejection):
            return text
        row = {"doc_id": identity, "text": text, "date": record.date, "language_claimed": record.language_claimed}
        self._waiting.append(({**common, **native, **row}, record))
        self._waiting_size += len(text)
        return None

    def _pair(self, record: RawRecord, common: dict[str, Any], identity: str) -> str | Rejection:
        pair = record.pair
        assert pair is not None  # the caller's condition
        sides = [pair.src, pair.tgt]
        for step in self._text_stages:
            sides = self._changed(sides, step)
        claimed = zip(sides, (pair.src_lang, pair.tgt_lang), strict=True)
        languages = [resolve_or_none(label) if label else self._identified(side) for side, label in claimed]
        if None in languages:
            detail = f"unknown language in {pair.src_lang!r}, {pair.tgt_lang!r}"
            return _rejection(record, "ingest.unknown_language", detail)
        if not all(sides):
            return _rejection(record, "ingest.no_text", "a side of the pair is empty")
        row = {
            "pair_id": identity,
            "src": sides[0],
            "tgt": sides[1],
            "src_lang": languages[0],
            "tgt_lang": languages[1],
        }
        self._others["bitext"].append({**common, **row})
        self._held += len(sides[0]) + len(sides[1])
        return "bitext"

    def _identified(self, text: str) -> str | None:
        """The language of a text whose input does not say it; None where the model cannot tell."""
        stage = self._identify.stage
        texts = pa.array([text], pa.large_string())
        found = stage.function(texts, self._identify.config, **self._resources[stage.name])
        language = str(found.column("language")[0])
        return None if language == UNDETERMINED else language

    def _text(self, record: RawRecord) -> str | Rejection:
        text = record.text
        if record.html is not None:
            if self._extractor is None:
                return _rejection(record, "ingest.no_extractor", "HTML, but the pipeline has no step 'ingest.extract'")
            try:
                text = self._extracted(record.html, record.content_type, self._extractor)
            except ExtractionFailed as error:
                return _rejection(record, f"ingest.{error.kind}", str(error))
        return text or ""

    def _extracted(self, html: bytes, content_type: str | None, step: PipelineStep) -> str:
        if step.stage.name == "ingest.extract":
            return extract_text(html, content_type, step.config)
        page, _ = decode(html, content_type)
        try:
            with time_limit(EXTRACTOR_TIME_LIMIT_S):
                return str(step.stage.function(page, step.config, **self._resources[step.stage.name]))
        except OutOfTime:
            raise ExtractionFailed("timed_out", f"extraction took more than {EXTRACTOR_TIME_LIMIT_S} s") from None

    def _changed(self, texts: list[str], step: PipelineStep) -> list[str]:
        if step.stage.name == "normalize.unicode":
            return normalize_texts(texts, step.config)
        resources = self._resources[step.stage.name]
        return [step.stage.function(text, step.config, **resources) for text in texts]

    def _reject(self, record: Rejection | Unreadable, locator: str, source: str, identity: str) -> None:
        self._held += REJECTED_ROW_BYTES
        self._others["rejected"].append(
            {
                "doc_id": identity,
                "source_id": getattr(record, "source_id", None),
                "url": getattr(record, "url", None),
                "source": source,
                "locator": locator,
                "language": UNKNOWN_LANGUAGE,
                "reason": record.reason,
                "detail": record.detail,
                "value": float(record.bytes),
            }
        )

    def _flush(self) -> None:
        """Write what is held as one shard of each dataset."""
        self._settle()
        if self._documents:
            self._files.append(self._write_documents())
        for dataset, schema in (("bitext", BITEXT), ("instructions", INSTRUCTIONS), ("rejected", REJECTED)):
            rows = self._others.pop(dataset, [])
            if not rows:
                continue
            folder = "instructions/input" if dataset == "instructions" else dataset
            self._files.append(self._write_rows(rows, schema, folder))
        self._documents, self._held = [], 0

    def _write_documents(self) -> OutputFile:
        kept = [field for field in DOCUMENTS if field.name not in IDENTIFICATION.names]
        table = pa.Table.from_pylist(self._documents, schema=pa.schema(kept))
        texts = table.column("text")
        resources = self._resources[self._identify.stage.name]
        identified = self._identify.stage.function(texts, self._identify.config, **resources)
        for name in IDENTIFICATION.names:
            table = table.append_column(DOCUMENTS.field(name), identified.column(name))
        sizes = pc.binary_length(texts).to_numpy()
        writer = PieceWriter(DOCUMENTS)
        languages = table.column("language").to_pylist()
        rows_by_language: dict[str, list[int]] = defaultdict(list)
        for row, language in enumerate(languages):
            rows_by_language[language].append(row)
        for language in sorted(rows_by_language):
            rows = rows_by_language[language]
            piece = table.take(pa.array(rows))
            writer.write(language, piece, size=int(sizes[rows].sum()))
        return self._store("documents", writer)

    def _write_rows(self, rows: list[dict[str, Any]], schema: pa.Schema, folder: str) -> OutputFile:
        writer = PieceWriter(schema)
        writer.write(UNKNOWN_LANGUAGE, pa.Table.from_pylist(rows, schema=schema))
        return self._store(folder, writer)

    def _store(self, folder: str, writer: PieceWriter) -> OutputFile:
        """Shards are named by their content: the unit's key knows when a file was written, its output must not."""
        buffer, pieces = writer.close()
        path = f"{folder}/part-{xxhash.xxh3_128_hexdigest(buffer)[:16]}.parquet"
        return self._space.write(path, buffer, rows=writer.rows, pieces=pieces)

    def finish(self) -> Outcome:
        self._flush()
        return Outcome(tuple(self._files), tuple(self._tally.counts()))


def doc_id(name: str, locator: str) -> str:
    """xxh3-128 of the input's name and the locator below its root: the same wherever the input lies."""
    return xxhash.xxh3_128_hexdigest(f"{name}\0{locator}".encode("utf-8", "surrogatepass"))


def _rejection(record: RawRecord, reason: str, detail: str) -> Rejection:
    return Rejection(record.locator, record.bytes, reason, detail, record.source_id, record.url)
