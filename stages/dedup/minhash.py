"""MinHash band keys: documents that share one are probably near-duplicates."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import Field

from stages.dedup.key import word_hashes
from stages.dedup.signature import permutations, sketches
from stages.registry import stage
from stages.text.arrays import steps_between
from stages.text.batch import TextBatch


@dataclass(frozen=True, kw_only=True)
class MinHash:
    """Options of `dedup.minhash`.

    With `bands` of `rows` hash functions two documents whose sets of word `ngram`s have Jaccard similarity s share a
    key with probability 1 - (1 - s^rows)^bands: 0.77 for s = 0.75 and 0.92 for s = 0.8 with the defaults.
    """

    bands: Annotated[int, Field(ge=1, le=256)] = 14
    rows: Annotated[int, Field(ge=1, le=64)] = 8
    ngram: Annotated[int, Field(ge=1, le=64)] = 5
    seed: int = 1


@cache
def _columns(config: MinHash) -> pa.Schema:
    return pa.schema([("minhash", pa.list_(pa.uint64(), config.bands))])


@stage("dedup.minhash", config=MinHash, writes=_columns, version=3)
def minhash(batch: TextBatch, config: MinHash) -> pa.RecordBatch:
    """Sketch the set of word n-grams of each document.

    One key for each band; null for a document without words, which is like no other. A document of fewer words than
    an n-gram has one shingle of all of them. Does not depend on the language.

    Reads:   text
    Writes:  minhash: fixed_size_list<uint64>[bands]
    Source:  Broder 1997; bands and rows as FineWeb (Penedo et al. 2024); 32-bit permutations as in
             `stages.dedup.signature`; dedup words as in `stages.dedup.key`
    """
    column = band_key_column(*word_hashes(batch), config)
    return pa.RecordBatch.from_arrays([column], schema=_columns(config))


def band_key_column(hashes: np.ndarray, document_offsets: np.ndarray, config: MinHash) -> pa.FixedSizeListArray:
    """The column of the stage, from word hashes (uint64) and where each document's begin (int64, one more)."""
    multipliers, masks = permutations(config.bands * config.rows, config.seed)
    keys = sketches(hashes, document_offsets, multipliers, masks, config.ngram, config.bands)
    empty = pa.array(steps_between(document_offsets) == 0)
    return pa.FixedSizeListArray.from_arrays(pa.array(keys.ravel()), type=_columns(config).field(0).type, mask=empty)
