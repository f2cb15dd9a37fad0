"""The rows of a mixture: counted, copied into their place, and put in order."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stages.columns import MESSAGES, PROVENANCE
from stages.mixture.mix import Mix, datasets, holds_messages
from stages.mixture.order import Parts, positions
from stages.mixture.select import Selection, selection_hashes
from stages.tokenizer.count import Counter

PLACE = pa.schema([pa.field("part", pa.int32(), nullable=False), pa.field("position", pa.uint64(), nullable=False)])
"""File number and place in the shuffle: carried by copies until they are in order."""

COUNTED = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("tokens", pa.int64(), nullable=False),
        pa.field("text_bytes", pa.int64(), nullable=False),
    ]
)
"""What the folds and `emit` need of a document: row i is row i of the shard."""


def schema(config: Mix) -> pa.Schema:
    """Columns of a mixture: text, messages or token ids (text and messages are null where the row has the other)."""
    kinds = {holds_messages(dataset) for dataset in datasets(config)}
    content = []
    if config.emit == "ids":
        content.append(pa.field("input_ids", pa.list_(pa.int32()), nullable=False))
    elif False in kinds:
        content.append(pa.field("text", pa.large_string(), nullable=True in kinds))
    if True in kinds:
        content.append(pa.field("messages", MESSAGES, nullable=False in kinds))
    return pa.schema(
        [
            pa.field("doc_id", pa.string(), nullable=False),
            *content,
            pa.field("phase", pa.string(), nullable=False),
            pa.field("language", pa.string(), nullable=False),
            pa.field("source", pa.string(), nullable=False),  # dataset the row comes from
            pa.field("epoch", pa.int32(), nullable=False),  # copies of the row that came before it, in all phases
            pa.field("tokens", pa.int64(), nullable=False),
            *PROVENANCE,
        ]
    )


def count(batch: pa.RecordBatch, counter: Counter) -> pa.RecordBatch:
    """Tokens and text bytes of each row (schema COUNTED); messages count their contents, null counts nothing."""
    contents, owner = _contents(batch)
    tokens = np.bincount(owner, weights=counter.count(contents), minlength=batch.num_rows).astype(np.int64)
    sizes = [len(content.encode()) for content in contents]
    text_bytes = np.bincount(owner, weights=sizes, minlength=batch.num_rows).astype(np.int64)
    columns = [batch.column("doc_id"), batch.column("language"), pa.array(tokens), pa.array(text_bytes)]
    return pa.RecordBatch.from_arrays(
        [column.cast(field.type) for column, field in zip(columns, COUNTED, strict=True)], schema=COUNTED
    )


def emit(
    batch: pa.RecordBatch,
    counted: pa.RecordBatch,
    dataset: str,
    config: Mix,
    selection: Selection,
    files: Parts,
    counter: Counter | None = None,
) -> pa.RecordBatch:
    """Every copy that the mixture takes of these rows, with its place (schema of the mixture, then PLACE).

    `counted` is `count` of the same rows. `counter` is needed for ids only; each taken document is encoded once.
    """
    ids = batch.column("doc_id").to_pylist()
    hashes = selection_hashes(ids, config.seed)
    languages = np.asarray(batch.column("language").to_pylist(), dtype=object)
    taken: list[tuple[str, NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]] = []
    for language in sorted(set(languages)):
        of_language = np.flatnonzero(languages == language)
        for interval in selection.of(dataset, language):
            inside, epochs = interval.copies(hashes[of_language])
            rows, phase = of_language[inside], interval.quota.phase
            taken.append(
                (phase, rows, epochs, positions([ids[row] for row in rows], epochs, config.seed, phase, dataset))
            )
    rows = np.concatenate([np.empty(0, np.int64), *(part[1] for part in taken)])
    made = {
        "phase": pa.array([phase for phase, copies, _, _ in taken for _ in copies], pa.string()),
        "source": pa.array([dataset] * len(rows), pa.string()),
        "epoch": pa.array(np.concatenate([np.empty(0, np.int64), *(part[2] for part in taken)]), pa.int32()),
        "tokens": counted.column("tokens").take(pa.array(rows)),
        "part": pa.array(
            np.concatenate([np.empty(0, np.int64), *(files.number(part[0], part[3]) for part in taken)]), pa.int32()
        ),
        "position": pa.array(np.concatenate([np.empty(0, np.uint64), *(part[3] for part in taken)])),
    }
    target = pa.schema([*schema(config), *PLACE])
    if "input_ids" in target.names:
        made["input_ids"] = _encoded(batch, rows, counter)
    return pa.RecordBatch.from_arrays([_column(batch, rows, field, made) for field in target], schema=target)


def arrange(copies: pa.Table) -> pa.Table:
    """The copies of one output file in their final order, without their place."""
    order = [("part", "ascending"), ("position", "ascending"), ("source", "ascending"), ("doc_id", "ascending")]
    # Sorting indices and taking keeps list columns, which sort_by of some pyarrow versions refuses.
    return copies.take(pc.sort_indices(copies, sort_keys=order)).drop_columns(PLACE.names)


def _column(batch: pa.RecordBatch, rows: NDArray[np.int64], field: pa.Field, made: dict[str, pa.Array]) -> pa.Array:
    if field.name in made:
        return made[field.name]
    if field.name not in batch.schema.names:
        return pa.nulls(len(rows), field.type)
    column = batch.column(field.name)
    return column.take(pa.array(rows)).cast(field.type)


def _encoded(batch: pa.RecordBatch, rows: NDArray[np.int64], counter: Counter | None) -> pa.Array:
    if counter is None:
        raise TypeError("emit = 'ids' needs the counter that encodes")
    unique, inverse = np.unique(rows, return_inverse=True)
    texts = batch.column("text").take(pa.array(unique)).to_pylist()
    encoded = pa.array(counter.encode_batch([text or "" for text in texts]), pa.list_(pa.int32()))
    return encoded.take(pa.array(inverse))


def _contents(batch: pa.RecordBatch) -> tuple[list[str], NDArray[np.int64]]:
    """Non-null texts, and the row each belongs to."""
    if "messages" not in batch.schema.names:
        rows: Sequence[Sequence[str | None]] = [(text,) for text in batch.column("text").to_pylist()]
    else:
        rows = [[turn["content"] for turn in turns or ()] for turns in batch.column("messages").to_pylist()]
    owned = [(content, row) for row, contents in enumerate(rows) for content in contents if content is not None]
    return [content for content, _ in owned], np.array([row for _, row in owned], dtype=np.int64)
