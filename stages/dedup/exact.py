"""A hash that documents share if their words are the same."""

from dataclasses import dataclass

import pyarrow as pa
import xxhash

from stages.dedup.key import dedup_words
from stages.registry import stage
from stages.text.batch import TextBatch

COLUMNS = pa.schema([("text_hash", pa.string())])


@dataclass(frozen=True, kw_only=True)
class Exact:
    """`dedup.exact` has no options."""


@stage("dedup.exact", config=Exact, writes=COLUMNS)
def exact(batch: TextBatch, config: Exact) -> pa.RecordBatch:
    """Hash the dedup words of each document, so that case, spacing and punctuation make no difference.

    xxh3-128 of the words joined by spaces, as 32 hex digits; of a text without words, of the text itself. Does not
    depend on the language.

    Reads:   text
    Writes:  text_hash: string
    Source:  CCNet (Wenzek et al. 2020) hashes normalised paragraphs; here words as in `stages.dedup.key`
    """
    hashes = []
    for text, parts in batch:
        key = " ".join(dedup_words(parts)) or text
        hashes.append(xxhash.xxh3_128_hexdigest(key.encode()))
    return pa.RecordBatch.from_arrays([pa.array(hashes, pa.string())], schema=COLUMNS)
