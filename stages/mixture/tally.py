"""Planned and realised shares of a mixture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from stages.mixture.plan import Quota

Place = tuple[str, str, str]
"""Phase, dataset, language."""


@dataclass(frozen=True)
class Tally:
    """A fold: documents and tokens of written rows by phase, dataset and language. `Tally()` creates it."""

    counts: Mapping[Place, tuple[int, int]] = field(default_factory=dict)

    def add(self, rows: pa.Table | pa.RecordBatch) -> "Tally":
        """With rows of a mixture."""
        table = pa.table({name: rows.column(name) for name in ("phase", "source", "language", "tokens")})
        found = table.group_by(["phase", "source", "language"], use_threads=False).aggregate(
            [("tokens", "count"), ("tokens", "sum")]
        )
        return self.merge(
            Tally(
                {
                    (row["phase"], row["source"], row["language"]): (row["tokens_count"], row["tokens_sum"])
                    for row in found.to_pylist()
                }
            )
        )

    def merge(self, other: "Tally") -> "Tally":
        """Both together; the order does not matter."""
        counts = dict(self.counts)
        for place, (documents, tokens) in other.counts.items():
            before = counts.get(place, (0, 0))
            counts[place] = before[0] + documents, before[1] + tokens
        return Tally(counts)

    def finish(self, quotas: Sequence[Quota]) -> dict[str, Any]:
        """Planned and realised tokens and shares per phase, dataset and language, ready for JSON.

        Shares are parts of the phase's tokens; `deviation` is the largest difference of realised and planned tokens in
        percentage points of all tokens.
        """
        planned = sum(quota.tokens for quota in quotas)
        phases: dict[str, list[Quota]] = {}
        for quota in quotas:
            phases.setdefault(quota.phase, []).append(quota)
        gaps = [abs(self._tokens(quota) - quota.tokens) for quota in quotas]
        return {
            "tokens": {"planned": planned, "realised": sum(tokens for _, tokens in self.counts.values())},
            "deviation": round(100 * max(gaps, default=0) / max(1, planned), 6),
            "phases": [self._phase(name, members) for name, members in phases.items()],
        }

    def _tokens(self, quota: Quota) -> int:
        return self.counts.get((quota.phase, quota.dataset, quota.language), (0, 0))[1]

    def _phase(self, name: str, quotas: Sequence[Quota]) -> dict[str, Any]:
        planned = sum(quota.tokens for quota in quotas)
        realised = sum(self._tokens(quota) for quota in quotas)
        rows = [
            {
                "source": quota.dataset,
                "language": quota.language,
                "available": quota.available,
                "planned": quota.tokens,
                "realised": self._tokens(quota),
                "documents": self.counts.get((name, quota.dataset, quota.language), (0, 0))[0],
                "planned_share": round(quota.tokens / max(1, planned), 8),
                "realised_share": round(self._tokens(quota) / max(1, realised), 8),
                "epochs": round(quota.epochs, 6),
            }
            for quota in quotas
        ]
        return {"phase": name, "planned": planned, "realised": realised, "shares": rows}
