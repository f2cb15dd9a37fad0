"""Random choices that depend on what is chosen for, and on nothing else."""

from collections.abc import Iterable, Mapping

import xxhash


def fraction(seed: int, *parts: object) -> float:
    """A number in [0, 1) that is the same for the same seed and parts on every worker.

    xxh3-64 of the parts; the seed is the hash's own.
    """
    return xxhash.xxh3_64_intdigest(_key(parts), seed=seed) / 2**64


def pick(weights: Mapping[str, float], number: float) -> str:
    """The key whose share of the summed weights holds `number`, in [0, 1); keys in the mapping's order.

    At least one weight must be positive.
    """
    left = number * sum(weights.values())
    last = ""
    for key, weight in weights.items():
        if weight <= 0:
            continue
        if left < weight:
            return key
        left, last = left - weight, key
    return last


def derived_id(*parts: object) -> str:
    """The `doc_id` of a row that a recipe makes: xxh3-128 of what it is made of, as 32 hex digits."""
    return xxhash.xxh3_128_hexdigest(_key(parts))


def _key(parts: Iterable[object]) -> bytes:
    return "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
