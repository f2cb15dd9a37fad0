"""The sample a tokenizer is trained on: bytes per language by temperature, documents by hash."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from stages.mixture.buckets import SHIFT, Buckets, BucketSums
from stages.mixture.hashing import END, below, hash_ids
from stages.mixture.shares import water_fill, weights, whole


def sample_hashes(ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """The hashes in whose order documents enter a sample."""
    return hash_ids(ids, seed, "tokenizer.train")


def sample_quota(bytes_by_language: Mapping[str, int], budget: int, alpha: float) -> dict[str, int]:
    """Bytes of each language in a sample of `budget` bytes: shares by size ** alpha.

    A language that has less than its share gives all it has, and the others share the rest. The quotas sum to the
    budget, or to all bytes where they are fewer.
    """
    if sum(bytes_by_language.values()) <= budget:
        return dict(bytes_by_language)
    shares = weights(bytes_by_language, "temperature", alpha)
    return whole(water_fill(budget, shares, bytes_by_language), budget)


def sample_limits(sums: BucketSums[str], quota: Mapping[str, int]) -> dict[str, int]:
    """The hash below which documents of each language are in the sample.

    One fold is enough: inside the bucket where a quota ends, bytes are taken to be spread evenly over hashes. A
    language with a quota always gives at least its first bucket.
    """
    return {
        language: _limit(sums.groups[language], quota[language]) for language in sorted(quota) if quota[language] > 0
    }


def sampled(hashes: NDArray[np.uint64], limit: int) -> NDArray[np.bool_]:
    """Which documents of a language are in the sample."""
    return below(hashes, limit)


def _limit(buckets: Buckets, quota: int) -> int:
    if quota >= buckets.total:
        return END
    bucket, before = buckets.locate(quota)
    first = int(buckets.index[0])
    if bucket == first:
        return (first + 1) << SHIFT
    inside = int(buckets.sums[np.searchsorted(buckets.index, bucket)])
    return (bucket << SHIFT) + ((quota - before) << SHIFT) // inside
