"""What readers yield to documents, pairs, conversations and rejections, and those to shards; every one is counted."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
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
from stages.ingest.records import (
    TEXTS,
    Item,
    Items,
    RawRecord,
    Rejection,
    Unreadable,
    meta_json,
    single_records,
)
from stages.ingest.time_limit import OutOfTime, time_limit
from stages.normalize.quick import normalized
from stages.text.arrays import buffers
from stages.text.ordered import ordered

READERS = ("ingest.read", "datatrove.reader")
EXTRACTORS = ("ingest.extract", "datatrove.extractor")
IDENTIFIERS = ("identify.fasttext", "identify.combined")
EXTRACTOR_TIME_LIMIT_S = 20.0
NORMALIZED_AT_ONCE = 1 << 20
"""Characters of text that wait to be normalized together."""
FEW_RECORDS, FEW_BYTES = 64, 1 << 16
"""A batch of less than both waits for others, record by record."""
REJECTED_ROW_BYTES = 1024
"""About what a rejected record takes in memory: a file may hold nothing else."""
ROW_BYTES = 256
"""About what a document takes in memory beside its text and `meta`."""

_INGESTED = pa.schema([column for column in DOCUMENTS if column.name not in (*IDENTIFICATION.names, *PROVENANCE.names)])
"""What a record brings."""
_ENTERED = pa.schema(
    [DOCUMENTS.field("doc_id"), *(TEXTS.field(name) for name in ("locator", "bytes")), DOCUMENTS.field("source")]
    + [TEXTS.field(name) for name in ("source_id", "url", "date", "licence", "language_claimed", "meta")]
)
"""What is known of a record beside its text; the locator begins at the root of the input."""


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
        if not isinstance(item, pa.RecordBatch):
            self._take_one(item, file)
        elif len(item) < FEW_RECORDS and string_bytes(item.column("text")) < FEW_BYTES:
            for record in single_records(item):
                self._take_one(record, file)
        else:
            self._settle()
            self._take_texts(item, file)
        if self._waiting.characters >= NORMALIZED_AT_ONCE:
            self._settle()
        if self._held >= self._shard_bytes:
            self._flush()

    def _take_texts(self, batch: pa.RecordBatch, file: InputFile) -> None:
        """Keep or reject the records of a batch of `TEXTS`."""
        root = readable(file.relative)
        given = dict(zip(batch.schema.names, batch.columns, strict=True))
        given["locator"] = pc.binary_join_element_wise(root, given["locator"], "")
        given["doc_id"] = pa.array([doc_id(file.name, locator) for locator in given["locator"].to_pylist()])
        given["source"] = pc.fill_null(given["source"], _source(file))
        rows = pa.record_batch([given[name] for name in _ENTERED.names], schema=_ENTERED)
        self._add("in", rows)
        self._keep(rows, batch.column("text"))

    def _take_one(self, record: Item, file: InputFile) -> None:
        locator, source = readable(f"{file.relative}{record.locator}"), _source(file)
        if isinstance(record, Unreadable):
            for flow, reason in (("in", None), ("quarantined", record.reason)):
                self._tally.add(
                    flow, language=UNKNOWN_LANGUAGE, source=source, reason=reason, documents=None, bytes=record.bytes
                )
            self._reject(record, locator, source, doc_id(file.name, locator))
            return
        source = getattr(record, "source", None) or source
        self._tally.add("in", language=UNKNOWN_LANGUAGE, source=source, bytes=record.bytes)
        fate: str | Rejection | None = record if isinstance(record, Rejection) else self._fate(record, file, locator)
        if fate is not None:
            self._count(fate, locator, source, doc_id(file.name, locator), record.bytes)

    def _count(self, fate: str | Rejection, locator: str, source: str, identity: str, size: int) -> None:
        """Count a record as kept in the dataset of that name, or as rejected."""
        flow, reason = ("rejected", fate.reason) if isinstance(fate, Rejection) else ("kept", fate)
        self._tally.add(flow, language=UNKNOWN_LANGUAGE, source=source, reason=reason, bytes=size)
        if isinstance(fate, Rejection):
            self._reject(fate, locator, source, identity)

    def _settle(self) -> None:
        """Keep or reject the records that wait."""
        waiting, self._waiting = self._waiting, _Waiting()
        if waiting.texts:
            self._keep(waiting.rows(), waiting.texts)

    def _keep(self, rows: pa.RecordBatch, texts: list[str] | pa.LargeStringArray) -> None:
        """Keep the records whose normalized texts are not empty, and reject the others."""
        for step in self._text_stages:
            texts = self._changed(texts, step)
        column = pa.array(texts, pa.large_string()) if isinstance(texts, list) else texts
        empty = _without_text(column)
        if empty:
            for row in rows.take(pa.array(empty)).to_pylist():
                detail = "nothing left after extraction and normalization"
                fate = Rejection(row["locator"], row["bytes"], "ingest.no_text", detail, row["source_id"], row["url"])
                self._count(fate, row["locator"], row["source"], row["doc_id"], fate.bytes)
            kept = pa.array(np.setdiff1d(np.arange(len(rows)), empty))
            rows, column = rows.take(kept), column.take(kept)
        if not len(rows):
            return
        columns = [column if name == "text" else rows.column(name) for name in _INGESTED.names]
        self._documents.append(pa.record_batch(columns, schema=_INGESTED))
        self._held += string_bytes(column) + string_bytes(rows.column("meta")) + ROW_BYTES * len(rows)
        self._add("kept", rows, "documents")

    def _add(self, flow: str, rows: pa.RecordBatch, reason: str | None = None) -> None:
        """Count records by their source."""
        encoded = rows.column("source").dictionary_encode()
        sources, group = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
        sizes = np.zeros(len(sources), np.int64)
        np.add.at(sizes, group, rows.column("bytes").to_numpy())
        counts = np.bincount(group, minlength=len(sources)).tolist()
        for source, count, size in zip(sources, counts, sizes.tolist(), strict=True):
            self._tally.add(flow, language=UNKNOWN_LANGUAGE, source=source, reason=reason, documents=count, bytes=size)

    def _fate(self, record: RawRecord, file: InputFile, locator: str) -> str | Rejection | None:
        """Add the record to the dataset of its kind and name that; None where its text waits; or why it has no use."""
        if record.pair is None and record.messages is None:
            text = self._text(record)
            if isinstance(text, Rejection):
                return text
            self._waiting.add(record, text, locator, doc_id(file.name, locator), record.source or _source(file))
            return None
        common = {
            "source_id": record.source_id,
            "source": record.source or _source(file),
            "licence": record.licence,
            "locator": locator,
            "meta": meta_json(record.meta),
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
        batches, self._documents = self._documents, []
        texts, rest = [batch.column("text") for batch in batches], _taken(batches, order)
        rest |= {**_columns(identified.take(order)), **_native(len(order))}
        runs = pc.run_end_encode(rest["language"])
        writer, start = PieceWriter(DOCUMENTS), 0
        for language, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            piece = {name: column.slice(start, end - start) for name, column in rest.items()}
            piece["text"] = ordered(texts, order[start:end].to_numpy())  # no more of a shard lies in memory twice
            table = pa.table([piece[name] for name in DOCUMENTS.names], schema=DOCUMENTS)
            writer.write(language, table, size=string_bytes(piece["text"]))
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


class _Waiting:
    """Records that wait for others: their texts are normalized together."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.characters = 0
        self._rows: list[tuple[Any, ...]] = []

    def add(self, record: RawRecord, text: str, locator: str, identity: str, source: str) -> None:
        """Add a record; its locator begins at the root of the input."""
        self.texts.append(text)
        self.characters += len(text)
        described = (record.source_id, record.url, record.date, record.licence, record.language_claimed)
        self._rows.append((identity, locator, record.bytes, source, *described, meta_json(record.meta)))

    def rows(self) -> pa.RecordBatch:
        """The records without their texts."""
        columns = zip(*self._rows, strict=True)
        return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, _ENTERED, strict=True)], schema=_ENTERED)


def _without_text(texts: pa.LargeStringArray) -> list[int]:
    """Rows whose text is empty or nothing but white space."""
    data, bounds = buffers(texts)
    odd = bounds[1:] == bounds[:-1]
    filled = np.flatnonzero(~odd)
    odd[filled] = _MAY_BE_BLANK[data[bounds[filled]]]
    return [row for row in np.flatnonzero(odd).tolist() if not texts[row].as_py().strip()]


_MAY_BE_BLANK = np.isin(np.arange(256), [chr(code).encode()[0] for code in range(0x3001) if chr(code).isspace()])
"""Whether a text that begins with this byte may begin with white space."""


def _columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return dict(zip(batch.schema.names, batch.columns, strict=True))


def _native(rows: int) -> dict[str, pa.Array]:
    """Provenance of what came from outside."""
    nulls = {field.name: pa.nulls(rows, field.type) for field in PROVENANCE}
    return {**nulls, "origin": pa.repeat(pa.scalar("native", pa.string()), rows)}


def _taken(batches: list[pa.RecordBatch], order: pa.Array) -> dict[str, pa.Array]:
    """Columns of all batches but the texts, in a new order."""
    names = [name for name in _INGESTED.names if name != "text"]
    return {name: pa.concat_arrays([batch.column(name) for batch in batches]).take(order) for name in names}


def doc_id(name: str, locator: str) -> str:
    """xxh3-128 of the input's name and the locator below its root: the same wherever the input lies."""
    return xxhash.xxh3_128_hexdigest(f"{name}\0{locator}".encode("utf-8", "surrogatepass"))


def _rejection(record: RawRecord, reason: str, detail: str) -> Rejection:
    return Rejection(record.locator, record.bytes, reason, detail, record.source_id, record.url)
