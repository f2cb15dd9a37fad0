"""A hash that documents share if their words are the same."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import xxhash

from stages.dedup.key import word_hashes
from stages.registry import stage
from stages.text.batch import TextBatch

COLUMNS = pa.schema([("text_hash", pa.string())])


@dataclass(frozen=True, kw_only=True)
class Exact:
    """`dedup.exact` has no options."""


@stage("dedup.exact", config=Exact, writes=COLUMNS, version=3)
def exact(batch: TextBatch, config: Exact) -> pa.RecordBatch:
    """Hash the dedup words of each document, so that case, spacing and punctuation make no difference.

    xxh3-128, as 32 hex digits, of the words' 64-bit hashes one after the other; of a text without words, of the text
    itself. Does not depend on the language.

    Reads:   text
    Writes:  text_hash: string
    Source:  CCNet (Wenzek et al. 2020) hashes normalised paragraphs; here words as in `stages.dedup.key`
    """
    column = text_hashes(*word_hashes(batch), batch.rows.column("text"))
    return pa.RecordBatch.from_arrays([column], schema=COLUMNS)


def text_hashes(hashes: np.ndarray, document_offsets: np.ndarray, texts: pa.Array) -> pa.Array:
    """xxh3-128 of each document's word hashes, little-endian; of the text where it has no word.

    Hashes of one width need no separator, so only two things make texts of different words equal: an accident of 128
    bits, or texts that are the same but for words whose 64 bits are equal. Among 10^9 word types some 0.03 such
    pairs are expected at all (n^2 / 2^65), and two texts must then differ in nothing else.
    """
    content = np.ascontiguousarray(hashes, "<u8").data.cast("B")
    bounds = (8 * document_offsets).tolist()
    found = [
        xxhash.xxh3_128_hexdigest(content[start:end]) if end > start else _of_text(texts[row].as_py())
        for row, (start, end) in enumerate(pairwise(bounds))
    ]
    return pa.array(found, pa.string())


def _of_text(text: str | None) -> str:
    return xxhash.xxh3_128_hexdigest((text or "").encode())
