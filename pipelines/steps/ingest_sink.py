"""What readers yield to documents, pairs, conversations and rejections, and those to shards; every one is counted."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from pipelines.inputs import InputFile, readable
from pipelines.ledger import Tally
from pipelines.parquet import PieceWriter, string_bytes
from pipelines.pipeline import PipelineStep
from pipelines.unit import Outcome, OutputFile, Workspace, opened
from stages.columns import (
    BITEXT,
    DOCUMENTS,
    IDENTIFICATION,
    INSTRUCTIONS,
    PROVENANCE,
    REJECTED,
    UNDETERMINED,
    UNKNOWN_LANGUAGE,
)
from stages.identify.codes import resolve_or_none
from stages.ingest.charset import decode
from stages.ingest.extract import ExtractionFailed, extract_text
from stages.ingest.records import Item, Items, RawRecord, Rejection, TextRecords, Unreadable
from stages.ingest.time_limit import OutOfTime, time_limit
from stages.normalize.quick import normalized

READERS = ("ingest.read", "datatrove.reader")
EXTRACTORS = ("ingest.extract", "datatrove.extractor")
IDENTIFIERS = ("identify.fasttext", "identify.combined")
EXTRACTOR_TIME_LIMIT_S = 20.0
NORMALIZED_AT_ONCE = 1 << 20
"""Characters of text that wait to be normalized together."""
REJECTED_ROW_BYTES = 1024
"""About what a rejected record takes in memory: a file may hold nothing else."""
ROW_BYTES = 256
"""About what a document takes in memory beside its text and `meta`."""

_INGESTED = pa.schema([column for column in DOCUMENTS if column.name not in (*IDENTIFICATION.names, *PROVENANCE.names)])
"""What a record brings."""


class Sink:
    """Turns records into rows and rows into shards, and counts every one."""

    def __init__(self, space: Workspace, steps: Sequence[PipelineStep], shard_bytes: int) -> None:
        self._space, self._shard_bytes = space, shard_bytes
        self._text_stages = [s for s in steps if s.stage.name not in (*READERS, *EXTRACTORS, *IDENTIFIERS)]
        self._extractor = next((s for s in steps if s.stage.name in EXTRACTORS), None)
        self._identify = next(s for s in steps if s.stage.name in IDENTIFIERS)
        self._resources = {s.stage.name: {n: opened(r) for n, r in s.stage.resources(s.config).items()} for s in steps}
        self._documents: list[pa.RecordBatch] = []
        self._others: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._waiting = _Waiting()
        self._held = 0
        self._files: list[OutputFile] = []
        self._tally = Tally("ingest")

    def take(self, item: Items, file: InputFile) -> None:
        if isinstance(item, TextRecords):
            self._take_texts(item, file)
        else:
            self._take_one(item, file)
        if self._waiting.characters >= NORMALIZED_AT_ONCE:
            self._settle()
        if self._held >= self._shard_bytes:
            self._flush()

    def _take_texts(self, records: TextRecords, file: InputFile) -> None:
        """The texts wait for others to be normalized with them."""
        default, root = _source(file), readable(file.relative)
        sources = [source or default for source in records.source]
        self._waiting.add(records, file.name, [root + readable(locator) for locator in records.locator], sources)
        for source, (count, size) in _sums(sources, records.bytes).items():
            self._tally.add("in", language=UNKNOWN_LANGUAGE, source=source, documents=count, bytes=size)

    def _take_one(self, record: Item, file: InputFile) -> None:
        locator, source = readable(f"{file.relative}{record.locator}"), _source(file)
        if isinstance(record, Unreadable):
            for flow, reason in (("in", None), ("quarantined", record.reason)):
                self._tally.add(
                    flow, language=UNKNOWN_LANGUAGE, source=source, reason=reason, documents=None, bytes=record.bytes
                )
            self._reject(record, locator, source, doc_id(file.name, locator))
            return
        fate: str | Rejection | TextRecords = record if isinstance(record, Rejection) else self._fate(record, file)
        if isinstance(fate, TextRecords):
            self._take_texts(fate, file)
            return
        source = getattr(record, "source", None) or source
        self._tally.add("in", language=UNKNOWN_LANGUAGE, source=source, bytes=record.bytes)
        self._count(fate, locator, source, doc_id(file.name, locator), record.bytes)

    def _count(self, fate: str | Rejection, locator: str, source: str, identity: str, size: int) -> None:
        """Count a record as kept in the dataset of that name, or as rejected."""
        flow, reason = ("rejected", fate.reason) if isinstance(fate, Rejection) else ("kept", fate)
        self._tally.add(flow, language=UNKNOWN_LANGUAGE, source=source, reason=reason, bytes=size)
        if isinstance(fate, Rejection):
            self._reject(fate, locator, source, identity)

    def _settle(self) -> None:
        """Normalize the texts that wait, and keep or reject their records."""
        waiting, self._waiting = self._waiting, _Waiting()
        columns = waiting.columns
        texts = columns.pop("text")
        for step in self._text_stages:
            texts = self._changed(texts, step)
        texts = pa.array(texts, pa.large_string()) if isinstance(texts, list) else texts
        empty = _without_text(texts)
        for row in empty:
            locator, identity, source_id, url, source = (
                columns[name][row] for name in ("locator", "doc_id", "source_id", "url", "source")
            )
            detail = "nothing left after extraction and normalization"
            fate = Rejection(locator, waiting.sizes[row], "ingest.no_text", detail, source_id, url)
            self._count(fate, locator, source, identity, fate.bytes)
        kept = sorted(set(range(len(texts))).difference(empty))
        if not kept:
            return
        batch = waiting.batch(texts, kept)
        self._documents.append(batch)
        self._held += string_bytes(batch.column("text")) + string_bytes(batch.column("meta")) + ROW_BYTES * len(kept)
        sources = batch.column("source").to_pylist()
        for source, (count, size) in _sums(sources, [waiting.sizes[row] for row in kept]).items():
            self._tally.add(
                "kept", language=UNKNOWN_LANGUAGE, source=source, reason="documents", documents=count, bytes=size
            )

    def _fate(self, record: RawRecord, file: InputFile) -> str | Rejection | TextRecords:
        """The record with its text; or add it to the dataset of its kind and name that; or why it cannot be used."""
        if record.pair is None and record.messages is None:
            text = self._text(record)
            return text if isinstance(text, Rejection) else _alone(record, text)
        locator = readable(f"{file.relative}{record.locator}")
        common = {
            "source_id": record.source_id,
            "source": record.source or _source(file),
            "licence": record.licence,
            "locator": locator,
            "meta": _json(record.meta),
            "url": record.url,
        }
        identity = doc_id(file.name, locator)
        if record.messages is None:
            return self._pair(record, common, identity)
        native = {"origin": "native", "recipe": None, "derived_from": None, "backend": None}
        language = resolve_or_none(record.language_claimed) or "und"
        row = {**common, **native, "doc_id": identity, "messages": record.messages, "language": language}
        self._others["instructions"].append({**row, "task": record.task or "general"})
        self._held += sum(len(message["content"]) for message in record.messages)
        return "instructions"

    def _pair(self, record: RawRecord, common: dict[str, Any], identity: str) -> str | Rejection:
        pair = record.pair
        assert pair is not None  # the caller's condition
        sides = [pair.src, pair.tgt]
        for step in self._text_stages:
            sides = list(map(str, self._changed(sides, step)))
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

    def _changed(self, texts: list[str] | pa.LargeStringArray, step: PipelineStep) -> list[str] | pa.LargeStringArray:
        """The texts after one of the text stages, as a column where the stage works on columns."""
        if step.stage.name == "normalize.unicode":
            return normalized(texts, step.config)
        resources = self._resources[step.stage.name]
        return [step.stage.function(str(text), step.config, **resources) for text in texts]

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
        self._held = 0

    def _write_documents(self) -> OutputFile:
        """The rows in the order of their languages, a piece for each."""
        texts = pa.chunked_array([batch.column("text") for batch in self._documents])
        resources = self._resources[self._identify.stage.name]
        identified = self._identify.stage.function(texts, self._identify.config, **resources)
        del texts
        order = pc.sort_indices(identified.column("language"))  # stable
        rows = len(order)
        columns = {**_taken(self._documents, order), **_columns(identified.take(order)), **_native(rows)}
        table = pa.table([columns[name] for name in DOCUMENTS.names], schema=DOCUMENTS)
        runs = pc.run_end_encode(columns["language"])
        writer, start = PieceWriter(DOCUMENTS), 0
        for language, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            piece = table.slice(start, end - start)
            writer.write(language, piece, size=string_bytes(piece.column("text")))
            start = end
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


def _source(file: InputFile) -> str:
    """The source of records that do not say theirs."""
    return readable(file.name or file.relative.split("/", 1)[0])


def _alone(record: RawRecord, text: str) -> TextRecords:
    """A record of one text as columns."""
    return TextRecords(
        [record.locator],
        [record.bytes],
        [text],
        [record.source_id],
        [record.url],
        [record.date],
        [record.licence],
        [record.language_claimed],
        [record.source],
        [record.meta],
    )


def _json(meta: Mapping[str, Any]) -> str | None:
    return _ENCODER.encode(meta) if meta else None


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


class _Waiting:
    """Columns of `documents` for texts that wait to be normalized, and the size that each record had."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in _INGESTED.names}
        self.sizes: list[int] = []
        self.characters = 0

    def add(self, records: TextRecords, name: str, locators: list[str], sources: list[str]) -> None:
        """Add records; `name` is that of their input, locators begin at its root."""
        given = {
            **{column: getattr(records, column) for column in self.columns if hasattr(records, column)},
            "doc_id": [doc_id(name, locator) for locator in locators],
            "locator": locators,
            "source": sources,
            "meta": map(_json, records.meta),
        }
        for column, values in given.items():
            self.columns[column] += values
        self.sizes += records.bytes
        self.characters += sum(map(len, records.text))

    def batch(self, texts: pa.LargeStringArray, kept: Sequence[int]) -> pa.RecordBatch:
        """The kept rows, with what became of their texts."""
        columns = [texts if f.name == "text" else pa.array(self.columns[f.name], f.type) for f in _INGESTED]
        whole = pa.record_batch(columns, schema=_INGESTED)
        return whole if len(kept) == len(self.sizes) else whole.take(pa.array(kept, pa.int64()))


def _without_text(texts: pa.LargeStringArray) -> list[int]:
    """Rows whose text is empty or nothing but white space."""
    first = pc.utf8_slice_codeunits(texts, 0, 1).to_pylist()
    rows = [row for row, character in enumerate(first) if not character or character.isspace()]
    return [row for row in rows if not texts[row].as_py().strip()]


def _sums(sources: Iterable[str], sizes: Iterable[int]) -> dict[str, tuple[int, int]]:
    """Records and bytes of each source."""
    counts: dict[str, int] = defaultdict(int)
    totals: dict[str, int] = defaultdict(int)
    for source, size in zip(sources, sizes, strict=True):
        counts[source] += 1
        totals[source] += size
    return {source: (counts[source], totals[source]) for source in counts}


def _columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return dict(zip(batch.schema.names, batch.columns, strict=True))


def _native(rows: int) -> dict[str, pa.Array]:
    """Provenance of what came from outside."""
    nulls = {field.name: pa.nulls(rows, field.type) for field in PROVENANCE}
    return {**nulls, "origin": pa.repeat(pa.scalar("native", pa.string()), rows)}


def _taken(batches: list[pa.RecordBatch], order: pa.Array) -> dict[str, pa.Array]:
    """Columns of all batches in a new order; empties the list, so that a text lies in memory twice at most."""
    parts = {name: [batch.column(name) for batch in batches] for name in _INGESTED.names}
    batches.clear()
    return {name: pa.concat_arrays(parts.pop(name)).take(order) for name in _INGESTED.names}


def doc_id(name: str, locator: str) -> str:
    """xxh3-128 of the input's name and the locator below its root: the same wherever the input lies."""
    return xxhash.xxh3_128_hexdigest(f"{name}\0{locator}".encode("utf-8", "surrogatepass"))


def _rejection(record: RawRecord, reason: str, detail: str) -> Rejection:
    return Rejection(record.locator, record.bytes, reason, detail, record.source_id, record.url)
