"""Core columns of every dataset, declared once."""

import pyarrow as pa

UNDETERMINED = "und"
"""Language code of text that no identifier could name."""

UNKNOWN_LANGUAGE = "-"
"""Ledger label of rows counted before their language is known."""

SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("kind", pa.string())]))
"""Half-open character ranges of `documents.text`, ascending; `select` applies them once."""

IDENTIFICATION = pa.schema(
    [
        pa.field("language", pa.string(), nullable=False),
        pa.field("language_score", pa.float32(), nullable=False),
        pa.field("language_second", pa.string()),
        pa.field("language_second_score", pa.float32(), nullable=False),
        pa.field("script", pa.string(), nullable=False),
    ]
)
"""ISO 639-3 + ISO 15924 code (or `und`), its score in [0, 1], the runner-up, the dominant script."""

PROVENANCE = pa.schema(
    [
        pa.field("origin", pa.string(), nullable=False),  # native, translated, generated, mixed
        pa.field("recipe", pa.string()),
        pa.field("derived_from", pa.list_(pa.string())),
        pa.field("backend", pa.string()),  # name and version of what made the text, if a machine did
    ]
)

DOCUMENTS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),  # 32 hex digits
        pa.field("source_id", pa.string()),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("date", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("language_claimed", pa.string()),
        pa.field("locator", pa.string(), nullable=False),
        pa.field("meta", pa.string()),  # JSON object of what else the input carried
        *PROVENANCE,
        *IDENTIFICATION,
    ]
)
"""An ingested text; rows of a shard are ordered by language."""

SIZES = pa.schema(
    [
        pa.field("characters", pa.int64(), nullable=False),
        pa.field("text_bytes", pa.int64(), nullable=False),
    ]
)

CLUSTERS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("cluster", pa.string(), nullable=False),  # smallest doc_id of the cluster
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("labelled_size", pa.int32(), nullable=False),  # members whose language is not `und`
        pa.field("evidence", pa.string()),  # exact, minhash; null alone
    ]
)
"""Row i is the document at the same (shard, row)."""

DECISIONS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("keep", pa.bool_(), nullable=False),
        pa.field("reason", pa.string()),  # stage and column, as `quality.gopher.word_count`
        pa.field("bound", pa.string()),  # as `>= 50`
        pa.field("value", pa.float64()),
        pa.field("cluster", pa.string(), nullable=False),
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("survivor", pa.string()),  # doc_id kept instead, for a duplicate
    ]
)

BITEXT = pa.schema(
    [
        pa.field("pair_id", pa.string(), nullable=False),
        pa.field("source_id", pa.string()),
        pa.field("src", pa.large_string(), nullable=False),
        pa.field("tgt", pa.large_string(), nullable=False),
        pa.field("src_lang", pa.string(), nullable=False),
        pa.field("tgt_lang", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("locator", pa.string(), nullable=False),
        pa.field("meta", pa.string()),
    ]
)
"""A sentence, paragraph or document and its translation."""

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

INSTRUCTIONS = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("messages", MESSAGES, nullable=False),
        pa.field("language", pa.string(), nullable=False),  # of the answer
        pa.field("task", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_id", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("locator", pa.string()),
        *PROVENANCE,
    ]
)

AUGMENTED = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),  # code, or `mul` where several are mixed
        pa.field("source", pa.string(), nullable=False),
        pa.field("licence", pa.string()),
        *PROVENANCE,
    ]
)
"""A training document that a recipe made."""

REJECTED = pa.schema(
    [
        pa.field("doc_id", pa.string(), nullable=False),
        pa.field("source_id", pa.string()),
        pa.field("url", pa.string()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("locator", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("bound", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("detail", pa.string()),
        pa.field("text", pa.large_string()),  # redacted; null for records that never became text
    ]
)

LEDGER = pa.schema(
    [
        pa.field("step", pa.string(), nullable=False),
        pa.field("language", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        # in, created, repeated = kept, rejected, quarantined
        pa.field("flow", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
        pa.field("documents", pa.int64()),  # null where the input could not be read
        pa.field("characters", pa.int64()),
        pa.field("bytes", pa.int64()),
        pa.field("tokens", pa.int64()),
    ]
)
