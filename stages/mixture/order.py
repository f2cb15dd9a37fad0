"""The global shuffle: every copy has a place in its phase, and equal ranges of places make the output files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.mixture.buckets import BucketSums
from stages.mixture.hashing import hash_ids
from stages.mixture.mix import Mix
from stages.mixture.plan import Key, Quota

ID_BYTES = 4
"""A token id is an int32."""


@dataclass(frozen=True)
class Parts:
    """How many output files each phase has; their numbers run through the phases in order."""

    counts: Mapping[str, int]

    def first(self, phase: str) -> int:
        """Number of the first file of a phase."""
        names = list(self.counts)
        return sum(self.counts[name] for name in names[: names.index(phase)])

    def number(self, phase: str, positions: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The file of each position: the phase's hash range in equal pieces."""
        pieces = np.uint64(self.counts[phase])
        piece = ((positions >> np.uint64(32)) * pieces) >> np.uint64(32)
        return self.first(phase) + piece.astype(np.int64)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def positions(ids: Sequence[str], epochs: NDArray[np.int64], seed: int, phase: str, dataset: str) -> NDArray[np.uint64]:
    """Place of each copy in the shuffle of its phase: a hash of seed, phase, dataset, epoch and id."""
    places = np.empty(len(ids), dtype=np.uint64)
    for epoch in np.unique(epochs):
        rows = np.flatnonzero(epochs == epoch).tolist()
        places[rows] = hash_ids((ids[row] for row in rows), seed, "mix.order", phase, dataset, int(epoch))
    return places


def parts(config: Mix, quotas: Sequence[Quota], sums: BucketSums[Key]) -> Parts:
    """Enough files per phase for about `shard_bytes` of text, or of ids, in each."""
    size = dict.fromkeys((phase.name for phase in config.phases), 0.0)
    for quota in quotas:
        group = sums.groups[quota.key]
        per_token = ID_BYTES if config.emit == "ids" else group.text_bytes / max(1, group.total)
        size[quota.phase] += quota.tokens * per_token
    return Parts({phase: max(1, round(total / config.shard_bytes)) for phase, total in size.items()})
