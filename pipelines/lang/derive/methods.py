"""Published ways to read a bound off the values that clean text has."""

import math
from collections.abc import Callable, Mapping
from typing import Final, Literal

import numpy as np
import xxhash

Side = Literal["min", "max"]

DEVIATIONS: Final = 3.0
"""`mean_deviation`: standard deviations from the mean."""

TAIL: Final = 0.1
"""`tail`: share of the reference that lies beyond (CulturaX: 10 %)."""

RESAMPLES: Final = 200


def mean_deviation(values: np.ndarray, side: Side) -> float:
    """Mean ± k standard deviations (MeanStd of FineWeb-2, Penedo et al. 2025, where k gives English its bound)."""
    distance = DEVIATIONS * float(values.std())
    return float(values.mean()) + (distance if side == "max" else -distance)


def quantile(values: np.ndarray, side: Side, beyond: float) -> float:
    """The value beyond which a share of the reference lies (Quantile of FineWeb-2); one that occurs, outward."""
    if side == "max":
        return float(np.quantile(values, 1 - beyond, method="higher"))
    return float(np.quantile(values, beyond, method="lower"))


def tail(values: np.ndarray, side: Side) -> float:
    """The 10 % tail (Nguyen et al. 2023, CulturaX, section 2.3; 10Tail of FineWeb-2)."""
    return quantile(values, side, TAIL)


def median_ratio(values: np.ndarray, inherited: float, median: float) -> float:
    """The inherited bound times the ratio of medians (MedianRatio of FineWeb-2); NaN where a median is 0."""
    own = float(np.median(values))
    return inherited * own / median if own and median else math.nan


def interval(values: np.ndarray, method: Callable[[np.ndarray], float], name: str) -> tuple[float, float]:
    """95 % percentile bootstrap over documents (Efron and Tibshirani 1993, chapter 13), seeded by the name."""
    random = np.random.default_rng(xxhash.xxh3_64_intdigest(name.encode()))
    found = [method(values[random.integers(0, values.size, values.size)]) for _ in range(RESAMPLES)]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def language_threshold(scores: np.ndarray) -> float:
    """τ = max(0.3, min(0.9, median − standard deviation)) of FineWeb-2 (Penedo et al. 2025)."""
    return max(0.3, min(0.9, float(np.median(scores)) - float(scores.std())))


def all_methods(
    values: np.ndarray, side: Side, beyond: float, inherited: float, median: float | None
) -> Mapping[str, float]:
    """What each method would set."""
    found = {
        "mean ± 3 std": mean_deviation(values, side),
        "quantile": quantile(values, side, beyond),
        "10 % tail": tail(values, side),
    }
    return found if median is None else {**found, "median ratio": median_ratio(values, inherited, median)}
