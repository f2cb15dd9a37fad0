"""Which documents each phase of a mixture takes, and how often."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.mixture.buckets import BucketRows, BucketSums, cut
from stages.mixture.hashing import END, below, hash_ids
from stages.mixture.plan import Key, Quota


def selection_hashes(ids: Sequence[str], seed: int) -> NDArray[np.uint64]:
    """The hashes in whose order the documents of a language are taken."""
    return hash_ids(ids, seed, "mix")


@dataclass(frozen=True)
class Mark:
    """A place on the endless repetition of a language: an epoch, and the hash from which documents are not reached."""

    epoch: int
    hash: int

    def reached(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The number of copies of each document that lie before the mark."""
        return self.epoch + below(hashes, self.hash).astype(np.int64)


@dataclass(frozen=True)
class Interval:
    """The documents of one quota: those from one mark up to another."""

    quota: Quota
    start: Mark
    stop: Mark

    def copies(self, hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and epoch of every copy of the documents with these hashes, ordered by row, then by epoch."""
        first = self.start.reached(hashes)
        count = np.maximum(0, self.stop.reached(hashes) - first)
        rows = np.repeat(np.arange(len(hashes), dtype=np.int64), count)
        nth = np.arange(len(rows), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
        return rows, first[rows] + nth


@dataclass(frozen=True)
class Selection:
    """The intervals of a mixture by (dataset, language), in the order of its phases."""

    intervals: Mapping[Key, tuple[Interval, ...]]

    def of(self, dataset: str, language: str) -> tuple[Interval, ...]:
        return self.intervals.get((dataset, language), ())


def open_buckets(quotas: Sequence[Quota], sums: BucketSums[Key]) -> BucketRows[Key]:
    """The empty fold over the rows of the buckets in which a quota starts or stops."""
    opened: dict[Key, set[int]] = {}
    for quota in quotas:
        for position in (quota.start % quota.available, quota.stop % quota.available):
            if position:
                opened.setdefault(quota.key, set()).add(sums.groups[quota.key].locate(position)[0])
    return BucketRows({key: frozenset(buckets) for key, buckets in opened.items()})


def select(quotas: Sequence[Quota], sums: BucketSums[Key], rows: BucketRows[Key]) -> Selection:
    """Where each quota starts and stops.

    The tokens up to the end of a phase differ from its quota, with those of earlier phases, by at most half a document
    per (dataset, language). The result depends on the set of documents only, not on how they are cut into shards.
    """
    intervals: dict[Key, list[Interval]] = {}
    for quota in quotas:
        start, stop = (_mark(quota, position, sums, rows) for position in (quota.start, quota.stop))
        intervals.setdefault(quota.key, []).append(Interval(quota, start, stop))
    return Selection({key: tuple(found) for key, found in intervals.items()})


def _mark(quota: Quota, position: int, sums: BucketSums[Key], rows: BucketRows[Key]) -> Mark:
    epoch, rest = divmod(position, quota.available)
    if not rest:
        return Mark(epoch, 0)
    bucket, before = sums.groups[quota.key].locate(rest)
    limit = cut(bucket, before, *rows.finish(quota.key, bucket), rest)
    return Mark(epoch + 1, 0) if limit == END else Mark(epoch, limit)
