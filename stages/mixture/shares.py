"""How a budget is divided: shares by size, by temperature, uniform or fixed, under epoch caps."""

from collections.abc import Mapping
from itertools import accumulate
from math import isclose
from typing import Literal, TypeVar

K = TypeVar("K")

Method = Literal["temperature", "unimax", "natural"]


def weights(sizes: Mapping[K, float], method: Method, alpha: float = 0.3) -> dict[K, float]:
    """The unnormalised share of each size; an empty language weighs nothing.

    `natural` is the size itself, `temperature` is size ** alpha, `unimax` is the same for all: with the caps of
    `water_fill` it is UniMax.

    Source:  mT5 (Xue et al. 2021, section 3.1) for alpha 0.3; UniMax (Chung et al. 2023, algorithm 1)
    """
    exponent = {"natural": 1.0, "temperature": alpha, "unimax": 0.0}[method]
    return {key: float(size) ** exponent if size > 0 else 0.0 for key, size in sizes.items()}


def water_fill(budget: float, weight: Mapping[K, float], cap: Mapping[K, float]) -> dict[K, float]:
    """Divide `budget` in proportion to `weight`; what is capped gives the rest to the others, again in proportion.

    The result sums to the budget, or to all the caps of weighted keys where they are smaller.
    """
    quota = dict.fromkeys(weight, 0.0)
    # The key that reaches its cap first has the smallest cap per weight, so one pass in that order is enough.
    order = sorted((key for key in weight if weight[key] > 0), key=lambda key: cap[key] / weight[key])
    # Sums from the end: subtracting from a total would lose the small weights behind a large one.
    totals = list(accumulate(weight[key] for key in reversed(order)))
    left = float(budget)
    for key, total in zip(order, reversed(totals), strict=True):
        quota[key] = min(float(cap[key]), left * (weight[key] / total))
        left -= quota[key]
    return quota


def whole(quota: Mapping[K, float], total: int) -> dict[K, int]:
    """Round quotas to integers that sum to `total`: the largest remainders are rounded up.

    Keys must be sortable; equal remainders go to the first.
    """
    floors = {key: int(value) for key, value in quota.items()}
    missing = total - sum(floors.values())
    by_remainder = sorted(floors, key=lambda key: (floors[key] - quota[key], str(key)))
    candidates = [key for key in by_remainder if quota[key] > 0]
    for position in range(max(0, missing) if candidates else 0):
        floors[candidates[position % len(candidates)]] += 1
    return floors


def normalised(shares: Mapping[K, float]) -> dict[K, float]:
    """Shares that sum to one, in the order given; all zero stays all zero."""
    total = sum(shares.values())
    return {key: share / total if total > 0 else 0.0 for key, share in shares.items()}


def sums_to_one(shares: Mapping[K, float]) -> bool:
    """True where the shares add up to 1 within one part in a million."""
    return isclose(sum(shares.values()), 1.0, abs_tol=1e-6)
