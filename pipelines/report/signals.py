"""Histograms of every signal, per language, from the columns of `annotations` alone."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.rundir import RunDir

BINS = 40
LANGUAGES = 20
"""Languages whose own distribution the page of the run can show; each has a page of its own, too."""

IN_MEMORY = 50_000_000
"""Values that are held at once; more are read in parts, twice."""

ROWS_AT_ONCE = 1 << 15
"""Values that are counted together: what is made of them stays in the processor's cache."""

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
    """Count the values of every numeric column into bins.

    The columns are read twice, for their ends and for their bins, or once where they hold few values.
    """
    numbers = [column.name for column in run.schema("annotations") if _is_number(column.type)]
    tables = run.columns("annotations", ["language", *numbers], IN_MEMORY)
    documents, ranges = _ends(tables, numbers)
    shown = tuple(documents)[:LANGUAGES]
    decisive = {
        row["reason"]: row["n"]
        for row in run.query("SELECT reason, count(*) AS n FROM decisions WHERE reason IS NOT NULL GROUP BY reason")
    }
    bounds = {code: run.bounds(code) for code in documents}
    signals = []
    for column, (low, high) in ranges.items():
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
        signals.append(signal)
    _count(tables, signals, tuple(documents))
    signals.sort(key=lambda s: (-s.decisive, -s.outside.get(ALL, 0), not s.bounds, s.column))
    return Signals(tuple(signals), {ALL: sum(documents.values()), **documents}, shown)


def _ends(tables: Iterable[pa.Table], names: Sequence[str]) -> tuple[dict[str, int], dict[str, tuple[float, float]]]:
    """Documents of each language, the most frequent first, and the finite ends of each column that has such values."""
    documents: Counter[str] = Counter()
    ends: dict[str, tuple[float, float]] = {}
    for table in tables:
        for found in pc.value_counts(table.column("language")).to_pylist():
            documents[found["values"]] += found["counts"]
        for name in names:
            low, high = _finite_ends(_values(table.column(name)))
            if low <= high:
                before = ends.get(name, (low, high))
                ends[name] = (min(low, before[0]), max(high, before[1]))
    ordered = dict(sorted(documents.items(), key=lambda item: (-item[1], item[0])))
    return ordered, {name: ends[name] for name in names if name in ends}


def _finite_ends(values: npt.NDArray[Any]) -> tuple[float, float]:
    """The least and the largest finite value; the former is the larger where there are none."""
    if len(values):
        low, high = float(values.min()), float(values.max())
        if math.isfinite(low) and math.isfinite(high):
            return low, high
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else (math.inf, -math.inf)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind))


def _values(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """The values of a column, of its own type where that is one of floats; NaN stands for null."""
    kind = column.type if pa.types.is_floating(column.type) else pa.float64()
    values: npt.NDArray[Any] = column.cast(kind, safe=False).to_numpy()
    return values


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


def _count(tables: Iterable[pa.Table], signals: Sequence[Signal], languages: Sequence[str]) -> None:
    """Give each signal its bins for all languages together and for each, and what lies outside of the bounds."""
    bins = {signal.column: np.zeros((len(languages), BINS), np.int64) for signal in signals}
    fails = {signal.column: np.zeros(len(languages), np.int64) for signal in signals if signal.bounds}
    codes = pa.array(languages, pa.string())
    for table in tables:
        rows = pc.index_in(table.column("language"), value_set=codes).to_numpy().astype(np.intp)
        for signal in signals:
            values = _values(table.column(signal.column))
            limits = _limits(signal.bounds, languages, values.dtype)
            for start in range(0, len(rows), ROWS_AT_ONCE):
                some, of = values[start : start + ROWS_AT_ONCE], rows[start : start + ROWS_AT_ONCE]
                bins[signal.column] += _binned(some, of, signal.axis, len(languages))
                if signal.bounds:
                    fails[signal.column] += _failing(some, of, *limits)
    for signal in signals:
        counted = bins[signal.column]
        of_each = {code: counted[number].tolist() for number, code in enumerate(languages)}
        signal.counts = {ALL: counted.sum(axis=0).tolist(), **of_each}
        if signal.bounds:
            failed = zip(languages, fails[signal.column].tolist(), strict=True)
            signal.outside = {ALL: int(fails[signal.column].sum()), **{code: n for code, n in failed if n}}


def _binned(values: npt.NDArray[Any], rows: npt.NDArray[np.intp], axis: Axis, languages: int) -> npt.NDArray[np.int64]:
    """Finite values in each bin, per language; `rows` are the numbers of the values' languages."""
    finite = np.isfinite(values)
    if not finite.all():
        values, rows = values[finite], rows[finite]
    low, high = axis.ends
    places = values.astype(np.float64)
    if axis.log:
        np.log10(1 + np.maximum(places, 0, out=places), out=places)
    np.floor((places - low) / (high - low) * BINS, out=places)
    cells = np.clip(places, 0, BINS - 1, out=places).astype(np.intp) + rows * BINS
    return np.bincount(cells, minlength=languages * BINS).reshape(languages, BINS)


def _limits(
    bounds: Mapping[str, Bound], languages: Sequence[str], kind: np.dtype[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Least and largest value of each language, compared as `decide` compares: float32 columns hold 0.3 as 0.30000001.

    The last tell which languages have a bound.
    """
    found = [bounds.get(code) for code in languages]
    least = [-math.inf if b is None or b.minimum is None else b.minimum for b in found]
    most = [math.inf if b is None or b.maximum is None else b.maximum for b in found]
    return np.array(least, kind), np.array(most, kind), np.array([b is not None for b in found])


def _failing(
    values: npt.NDArray[Any],
    rows: npt.NDArray[np.intp],
    least: npt.NDArray[Any],
    most: npt.NDArray[Any],
    bounded: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    """Documents that fail the bound of their language, whatever else they fail; null and NaN fail."""
    fails = ~((values >= least[rows]) & (values <= most[rows])) & bounded[rows]
    return np.bincount(rows[fails], minlength=len(bounded))
