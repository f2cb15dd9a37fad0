"""Histograms of every signal, per language, from the columns of `annotations` alone."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipelines.rundir import RunDir

BINS = 40
LANGUAGES = 20
"""Languages whose own distribution the page can show."""

IN_MEMORY = 50_000_000
"""Values that are read once and kept; more are read again for each signal."""

ALL = ""
"""Stands for all languages together."""


@dataclass(frozen=True)
class Axis:
    """Where the bins lie; `log` axes show log10(1 + x)."""

    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """Position on the axis in [0, 1]; what lies beyond its ends is at the end."""
        scaled = math.log10(1 + max(value, 0)) if self.log else value
        low, high = self.ends
        return min(1.0, max(0.0, (scaled - low) / (high - low)))

    @property
    def ends(self) -> tuple[float, float]:
        return (math.log10(1 + self.low), math.log10(1 + self.high)) if self.log else (self.low, self.high)


@dataclass(frozen=True)
class Bound:
    """A bound of one language; None on an open side."""

    minimum: float | None
    maximum: float | None


@dataclass
class Signal:
    """Distribution of one column. Keys of the mappings are language codes, and `ALL`."""

    column: str
    stage: str | None
    axis: Axis
    counts: dict[str, list[int]] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)
    bounds: dict[str, Bound] = field(default_factory=dict)
    decisive: int = 0  # documents that this bound was the first to reject


@dataclass(frozen=True)
class Signals:
    """Every signal, those that reject most first, and the languages that can be chosen."""

    signals: tuple[Signal, ...]
    documents: Mapping[str, int]
    languages: tuple[str, ...]


def read_signals(run: RunDir) -> Signals:
    """Count the values of every numeric column into bins."""
    numbers = [column.name for column in run.schema("annotations") if _is_number(column.type)]
    run.name("signals", run.columns("annotations", ["language", *numbers], IN_MEMORY))
    rows = run.query("SELECT language, count(*) AS n FROM signals GROUP BY language ORDER BY n DESC, language")
    documents = {row["language"]: row["n"] for row in rows}
    shown = tuple(documents)[:LANGUAGES]
    decisive = {
        row["reason"]: row["n"]
        for row in run.query("SELECT reason, count(*) AS n FROM decisions WHERE reason IS NOT NULL GROUP BY reason")
    }
    bounds = {code: run.bounds(code) for code in documents}
    signals = []
    for column, (low, high) in _ranges(run, numbers).items():
        limits = {
            code: Bound(found[column].get("min"), found[column].get("max"))
            for code, found in bounds.items()
            if column in found
        }
        reasons = [
            reason for reason in decisive if reason.rpartition(".")[2] == column and not reason.startswith("dedup.")
        ]
        signal = Signal(column, reasons[0].rpartition(".")[0] if reasons else None, _axis(low, high, limits))
        signal.bounds = limits
        signal.decisive = sum(decisive[reason] for reason in reasons)
        _fill(run, signal, shown)
        signals.append(signal)
    signals.sort(key=lambda s: (-s.decisive, -s.outside.get(ALL, 0), not s.bounds, s.column))
    return Signals(tuple(signals), {ALL: sum(documents.values()), **documents}, shown)


def _ranges(run: RunDir, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Smallest and largest finite value of each numeric or boolean column that has one."""
    if not names:
        return {}
    parts = ", ".join(
        f"min({_value(name)}) FILTER (isfinite({_value(name)})) AS low_{index},"
        f" max({_value(name)}) FILTER (isfinite({_value(name)})) AS high_{index}"
        for index, name in enumerate(names)
    )
    row = run.query(f"SELECT {parts} FROM signals")[0]
    return {
        name: (row[f"low_{index}"], row[f"high_{index}"])
        for index, name in enumerate(names)
        if row[f"low_{index}"] is not None
    }


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _value(column: str) -> str:
    quoted = column.replace('"', '""')
    return f'CAST("{quoted}" AS DOUBLE)'


def _axis(low: float, high: float, bounds: Mapping[str, Bound]) -> Axis:
    """Ratios on [0, 1], counts that spread widely on a log axis, everything else from end to end."""
    limits = [
        v for bound in bounds.values() for v in (bound.minimum, bound.maximum) if v is not None and math.isfinite(v)
    ]
    bottom, top = min([low, *limits]), max([high, *limits])
    if bottom >= 0 and top <= 1:
        return Axis(0.0, 1.0 if top > 0.2 or top == 0 else _round_up(top), False)
    if bottom >= 0 and top > 50:
        return Axis(0.0, top, True)
    bottom = min(bottom, 0.0)
    return Axis(bottom, top if top > bottom else bottom + 1, False)


def _round_up(value: float) -> float:
    """The next number with one significant digit."""
    unit = 10.0 ** math.floor(math.log10(value))
    return math.ceil(value / unit) * unit


def _fill(run: RunDir, signal: Signal, shown: tuple[str, ...]) -> None:
    low, high = signal.axis.ends
    value = _value(signal.column)
    scaled = f"log10(1 + greatest({value}, 0))" if signal.axis.log else value
    place = f"floor(({scaled} - $1) / ($2 - $1) * {BINS})"
    rows = run.query(
        f"SELECT language, CAST(greatest(0, least({BINS - 1}, {place})) AS INT) AS bin, count(*) AS n"
        f" FROM signals WHERE isfinite({value}) GROUP BY ALL",
        [low, high],
    )
    signal.counts = {code: [0] * BINS for code in (ALL, *shown)}
    for row in rows:
        for code in {ALL, row["language"]} & signal.counts.keys():
            signal.counts[code][row["bin"]] += row["n"]
    signal.outside = _outside(run, signal, value) if signal.bounds else {}


def _outside(run: RunDir, signal: Signal, value: str) -> dict[str, int]:
    """Documents that fail the bound of their language, whatever else they fail; null and NaN fail."""
    kind = run.schema("annotations").field(signal.column).type
    # compared as `decide` compares: float32 columns hold 0.3 as 0.30000001
    number = pa.float32() if kind == pa.float32() else pa.float64()
    table = pa.table(
        {
            "code": pa.array(signal.bounds),
            "least": pa.array([b.minimum for b in signal.bounds.values()], pa.float64()).cast(number, safe=False),
            "most": pa.array([b.maximum for b in signal.bounds.values()], pa.float64()).cast(number, safe=False),
        }
    )
    rows: list[dict[str, Any]] = run.query(
        f"SELECT language, count(*) AS n FROM signals JOIN bounds ON language = code"
        f" WHERE {value} IS NULL OR isnan({value}) OR {value} < least OR {value} > most GROUP BY language",
        bounds=table,
    )
    found = {row["language"]: int(row["n"]) for row in rows}
    return {ALL: sum(found.values()), **found}
