"""How well a tokenizer serves each language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stages.tokenizer.count import Counter

MEASURES = ("documents", "characters", "bytes", "words", "tokens", "unknown", "byte_tokens")

STATS = pa.schema(
    [
        pa.field("language", pa.string(), nullable=False),
        *(pa.field(name, pa.int64(), nullable=False) for name in MEASURES),
        pa.field("fertility", pa.float64()),  # tokens per word; null where words were not counted
        pa.field("bytes_per_token", pa.float64()),
        pa.field("characters_per_token", pa.float64()),
        pa.field("unknown_ratio", pa.float64()),  # of tokens
        pa.field("byte_token_ratio", pa.float64()),  # tokens that are one byte of a longer character
    ]
)


@dataclass(frozen=True)
class Audit:
    """A fold: sums of MEASURES per language. `Audit()` creates it."""

    sums: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)

    def add(
        self, language: str, texts: Sequence[str], words: int, encoded: Sequence[Sequence[int]], counter: Counter
    ) -> "Audit":
        """With documents of one language that hold `words` words together; `encoded` are their token ids."""
        flat = np.fromiter((token for ids in encoded for token in ids), dtype=np.int64)
        measured = (
            len(texts),
            sum(map(len, texts)),
            sum(len(text.encode()) for text in texts),
            words,
            len(flat),
            _among(flat, counter.unknown),
            _among(flat, counter.byte_tokens),
        )
        return self.merge(Audit({language: np.array(measured, dtype=np.int64)}))

    def merge(self, other: "Audit") -> "Audit":
        """Both together; the order does not matter."""
        sums = dict(self.sums)
        for language, measured in other.sums.items():
            sums[language] = sums[language] + measured if language in sums else measured
        return Audit(sums)

    def finish(self) -> pa.Table:
        """One row per language (schema STATS), ordered by code."""
        rows = [_row(language, self.sums[language]) for language in sorted(self.sums)]
        return pa.Table.from_pylist(rows, schema=STATS)


def _row(language: str, measured: NDArray[np.int64]) -> dict[str, str | int | float | None]:
    sums = dict(zip(MEASURES, (int(value) for value in measured), strict=True))
    return {
        "language": language,
        **sums,
        "fertility": _ratio(sums["tokens"], sums["words"]),
        "bytes_per_token": _ratio(sums["bytes"], sums["tokens"]),
        "characters_per_token": _ratio(sums["characters"], sums["tokens"]),
        "unknown_ratio": _ratio(sums["unknown"], sums["tokens"]),
        "byte_token_ratio": _ratio(sums["byte_tokens"], sums["tokens"]),
    }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _among(tokens: NDArray[np.int64], chosen: frozenset[int]) -> int:
    return int(np.isin(tokens, np.fromiter(chosen, dtype=np.int64)).sum())
