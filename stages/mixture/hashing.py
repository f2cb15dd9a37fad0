"""Stable 64-bit hashes of document ids: the only randomness of samples and mixtures."""

from collections.abc import Iterable

import numpy as np
import xxhash
from numpy.typing import NDArray

BUCKET_BITS = 16
BUCKETS = 1 << BUCKET_BITS
"""Token sums are kept per leading 16 bits of the hash: half a megabyte for a language of any size."""

END = 1 << 64
"""One past the largest hash."""


def hash_ids(ids: Iterable[str], seed: int, *place: str | int) -> NDArray[np.uint64]:
    """xxh3-64 of each id under `seed`; `place` (a stage, a phase, an epoch) makes independent hashes of the same id."""
    digest = xxhash.xxh3_64_intdigest
    key = digest("\x1f".join(str(part) for part in place).encode(), seed=seed % END)
    return np.fromiter((digest(doc_id.encode(), seed=key) for doc_id in ids), dtype=np.uint64)


def bucket_of(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The bucket, in [0, 65536), of each hash."""
    return (hashes >> np.uint64(64 - BUCKET_BITS)).astype(np.int64)


def below(hashes: NDArray[np.uint64], limit: int) -> NDArray[np.bool_]:
    """Which hashes are smaller than `limit`, an integer in [0, 2**64]."""
    if limit >= END:
        return np.ones(len(hashes), dtype=np.bool_)
    return np.asarray(hashes < np.uint64(limit), dtype=np.bool_)
