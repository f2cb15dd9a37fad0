"""Token sums over the buckets of a hash: enough to cut any language of any size at a number of tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from stages.mixture.hashing import BUCKET_BITS, END, bucket_of

K = TypeVar("K")

SHIFT = 64 - BUCKET_BITS


@dataclass(frozen=True)
class Buckets:
    """Sums of one group over the buckets that are not empty, with the group's documents and text bytes."""

    index: NDArray[np.int64]
    sums: NDArray[np.int64]
    documents: int = 0
    text_bytes: int = 0

    @property
    def total(self) -> int:
        return int(self.sums.sum())

    def merge(self, other: "Buckets") -> "Buckets":
        index, sums = _grouped(np.concatenate([self.index, other.index]), np.concatenate([self.sums, other.sums]))
        return Buckets(index, sums, self.documents + other.documents, self.text_bytes + other.text_bytes)

    def locate(self, position: int) -> tuple[int, int]:
        """The bucket that holds the token at `position`, in [0, total), and the tokens before that bucket."""
        ends = np.cumsum(self.sums)
        at = int(np.searchsorted(ends, position, side="right"))
        return int(self.index[at]), int(ends[at] - self.sums[at])


@dataclass(frozen=True)
class BucketSums(Generic[K]):
    """A fold: sums (tokens or bytes) per group over 65,536 buckets of the hash. `BucketSums()` creates it."""

    groups: Mapping[K, Buckets] = field(default_factory=dict)

    def add(self, key: K, hashes: NDArray[np.uint64], sizes: NDArray[np.int64], text_bytes: int = 0) -> "BucketSums[K]":
        """With the documents of one group; no documents leave it as it is."""
        if not len(hashes):
            return self
        index, sums = _grouped(bucket_of(hashes), np.asarray(sizes, dtype=np.int64))
        return self.merge(BucketSums({key: Buckets(index, sums, len(hashes), text_bytes)}))

    def merge(self, other: "BucketSums[K]") -> "BucketSums[K]":
        """Both together; the order does not matter."""
        groups = dict(self.groups)
        for key, buckets in other.groups.items():
            groups[key] = groups[key].merge(buckets) if key in groups else buckets
        return BucketSums(groups)

    def finish(self) -> dict[K, int]:
        """The total of each group, ordered by key."""
        return {key: self.groups[key].total for key in sorted(self.groups, key=str)}


@dataclass(frozen=True)
class BucketRows(Generic[K]):
    """A fold: hash and size of every document in the buckets where a group is cut. `open_buckets` creates it."""

    open: Mapping[K, frozenset[int]]
    rows: Mapping[K, tuple[NDArray[np.uint64], NDArray[np.int64]]] = field(default_factory=dict)

    def add(self, key: K, hashes: NDArray[np.uint64], sizes: NDArray[np.int64]) -> "BucketRows[K]":
        """With the documents of one group; those outside its open buckets are passed over."""
        if not self.open.get(key):
            return self
        keep = np.isin(bucket_of(hashes), np.fromiter(self.open[key], dtype=np.int64))
        return self.merge(BucketRows(self.open, {key: (hashes[keep], np.asarray(sizes, dtype=np.int64)[keep])}))

    def merge(self, other: "BucketRows[K]") -> "BucketRows[K]":
        """Both together; the order does not matter to `finish`."""
        rows = dict(self.rows)
        for key, (hashes, sizes) in other.rows.items():
            if key in rows:
                hashes, sizes = np.concatenate([rows[key][0], hashes]), np.concatenate([rows[key][1], sizes])
            rows[key] = hashes, sizes
        return BucketRows(self.open, rows)

    def finish(self, key: K, bucket: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Hashes and sizes of one open bucket in the order of the hash (and of the size, where hashes are equal)."""
        hashes, sizes = self.rows.get(key, (np.empty(0, np.uint64), np.empty(0, np.int64)))
        inside = bucket_of(hashes) == bucket
        hashes, sizes = hashes[inside], sizes[inside]
        order = np.lexsort((sizes, hashes))
        return hashes[order], sizes[order]


def cut(bucket: int, before: int, hashes: NDArray[np.uint64], sizes: NDArray[np.int64], position: int) -> int:
    """The hash below which documents lie before `position`, which falls into this bucket.

    A document lies before it if its middle does, so the sum of what does differs from `position` by at most half a
    document. `before` is the sum of the buckets before this one; the result is in [0, 2**64].
    """
    ends = before + np.cumsum(sizes)
    after = np.flatnonzero(2 * ends - sizes >= 2 * position)
    return int(hashes[after[0]]) if len(after) else min(END, (bucket + 1) << SHIFT)


def _grouped(index: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    unique, inverse = np.unique(index, return_inverse=True)
    sums = np.zeros(len(unique), dtype=np.int64)
    np.add.at(sums, inverse, sizes)
    return unique, sums
