"""Histograms and rejections of each signal against a count of one value after another."""

import math
from collections import Counter

import numpy as np
import pyarrow.dataset as ds
import pytest

from pipelines.report import signals
from pipelines.report.signals import ALL, BINS, read_signals
from pipelines.rundir import RunDir


def test_signals_read_in_parts_are_those_read_at_once(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_signals(run)
    assert any(signal.outside for signal in whole.signals)
    monkeypatch.setattr(signals, "IN_MEMORY", 1000)
    assert read_signals(run) == whole


def test_bins_and_rejections_are_those_counted_one_by_one(run: RunDir) -> None:
    rows = ds.dataset(f"{run.uri}/annotations").to_table().to_pylist()
    found = read_signals(run)
    assert len(found.signals) > 10
    for signal in found.signals:
        low, high = signal.axis.ends
        bins: Counter[tuple[str, int]] = Counter()
        outside: Counter[str] = Counter()
        for row in rows:
            value = None if row[signal.column] is None else float(row[signal.column])
            if value is not None and math.isfinite(value):
                scaled = math.log10(1 + max(value, 0)) if signal.axis.log else value
                bins[row["language"], min(BINS - 1, max(0, math.floor((scaled - low) / (high - low) * BINS)))] += 1
            if bound := signal.bounds.get(row["language"]):
                low_passes = bound.minimum is None or (value is not None and value >= np.float32(bound.minimum))
                high_passes = bound.maximum is None or (value is not None and value <= np.float32(bound.maximum))
                outside[row["language"]] += not (low_passes and high_passes and value == value)
        for code in found.languages:
            assert signal.counts[code] == [bins[code, number] for number in range(BINS)]
        assert signal.counts[ALL] == np.sum([signal.counts[code] for code in found.languages], axis=0).tolist()
        assert {code: n for code, n in signal.outside.items() if code != ALL} == {
            code: n for code, n in outside.items() if n
        }
        assert signal.outside.get(ALL, 0) == outside.total()
