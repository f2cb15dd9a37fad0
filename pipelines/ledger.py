"""The ledger: every document of every step and language, counted once on each side."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from stages.columns import LEDGER

ENTERING = ("in", "created", "repeated")
LEAVING = ("kept", "rejected", "quarantined")


@dataclass(frozen=True)
class Count:
    """One ledger row. Sizes are those at the entry of the step, so that they balance as documents do.

    `documents` is None where input could not be read: its bytes are counted, its records are unknown.
    """

    step: str
    language: str
    source: str
    flow: str
    reason: str | None
    documents: int | None
    characters: int | None = None
    bytes: int | None = None
    tokens: int | None = None


class Tally:
    """Adds up counts of one step."""

    def __init__(self, step: str) -> None:
        self.step = step
        self._sums: dict[tuple[str, str, str, str | None], list[int | None]] = defaultdict(lambda: [None] * 4)

    def add(
        self,
        flow: str,
        *,
        language: str,
        source: str,
        reason: str | None = None,
        documents: int | None = 1,
        characters: int | None = None,
        bytes: int | None = None,
        tokens: int | None = None,
    ) -> None:
        """Count documents (and their sizes) into one flow."""
        sums = self._sums[(language, source, flow, reason)]
        for index, value in enumerate((documents, characters, bytes, tokens)):
            if value is not None:
                sums[index] = (sums[index] or 0) + int(value)

    def add_table(
        self,
        flow: str,
        table: pa.Table,
        *,
        language: str,
        reason: str | None = None,
        reason_column: str | None = None,
        characters: str = "characters",
        bytes: str = "text_bytes",
        tokens: str | None = None,
    ) -> None:
        """Count the rows of a table by its `source` column and, if one is named, by its reason column."""
        if not table.num_rows:
            return
        sources, names = _encoded(table.column("source"))
        reasons, whys = (0, [reason]) if reason_column is None else _encoded(table.column(reason_column))
        groups, group = _grouped(sources * len(whys) + reasons, len(names) * len(whys))
        rows = np.bincount(group).tolist()
        sizes = [_sums(table, name, group) for name in (characters, bytes, tokens)]
        for number, key in enumerate(groups.tolist()):
            self.add(
                flow,
                language=language,
                source=names[key // len(whys)],
                reason=whys[key % len(whys)],
                documents=rows[number],
                characters=sizes[0][number],
                bytes=sizes[1][number],
                tokens=sizes[2][number],
            )

    def counts(self) -> list[Count]:
        """The sums, in a stable order."""
        ordered = sorted(self._sums.items(), key=lambda item: tuple(part or "" for part in item[0]))
        return [Count(self.step, *key, *sums) for key, sums in ordered]


def _encoded(column: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, list[Any]]:
    """The number of each row's value, and the values; null is one."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    encoded = whole.dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def _grouped(numbers: np.ndarray, kinds: int) -> tuple[np.ndarray, np.ndarray]:
    """The numbers below `kinds` that occur, ascending, and which of them each is."""
    occurs = np.bincount(numbers, minlength=kinds) > 0
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[numbers]


def _sums(table: pa.Table, name: str | None, group: np.ndarray) -> list[int | None]:
    """The sum of a column for each group; None where it has no value, or where no column is named."""
    count = int(group.max()) + 1
    if name is None:
        return [None] * count
    column = table.column(name)
    if column.null_count:
        valid = np.asarray(column.is_valid())
        group, column = group[valid], column.drop_null()
    if count == 1:
        return [int(column.to_numpy().sum()) if len(column) else None]
    sums = np.zeros(count, np.int64)
    np.add.at(sums, group, column.to_numpy())
    filled = np.bincount(group, minlength=count)
    return [total if number else None for total, number in zip(sums.tolist(), filled.tolist(), strict=True)]


def merge(counts: Iterable[Count]) -> list[Count]:
    """Sum counts that agree in step, language, source, flow and reason; steps keep their first order."""
    tallies: dict[str, Tally] = {}
    for count in counts:
        tally = tallies.setdefault(count.step, Tally(count.step))
        tally.add(
            count.flow,
            language=count.language,
            source=count.source,
            reason=count.reason,
            documents=count.documents,
            characters=count.characters,
            bytes=count.bytes,
            tokens=count.tokens,
        )
    return [count for tally in tallies.values() for count in tally.counts()]


def to_table(counts: Sequence[Count]) -> pa.Table:
    """The ledger as a table of `columns.LEDGER`."""
    return pa.table([[getattr(count, name) for count in counts] for name in LEDGER.names], schema=LEDGER)


def imbalances(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line for every (step, language) and unit whose two sides differ; none when the ledger balances."""
    sides: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for row in rows:
        side = 0 if row["flow"] in ENTERING else 1
        for unit in ("documents", "characters", "bytes", "tokens"):
            sides[(row["step"], row["language"])][unit][side] += row[unit] or 0
    return [
        f"ledger: {step}, language {language}: {entering:,} {unit} entered, {leaving:,} left"
        for (step, language), units in sides.items()
        for unit, (entering, leaving) in units.items()
        if entering != leaving
    ]
