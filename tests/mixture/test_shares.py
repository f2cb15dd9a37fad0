"""Shares sum to one, caps hold, larger languages get no less."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.mixture.shares import normalised, water_fill, weights, whole

SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 10**12), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("method", "alpha", "expected"),
    [
        ("natural", 0.3, {"eng_Latn": 0.9, "swh_Latn": 0.09, "khm_Khmr": 0.01}),
        ("temperature", 1.0, {"eng_Latn": 0.9, "swh_Latn": 0.09, "khm_Khmr": 0.01}),
        ("temperature", 0.5, {"eng_Latn": 0.7034, "swh_Latn": 0.2224, "khm_Khmr": 0.0741}),
        ("temperature", 0.0, {"eng_Latn": 1 / 3, "swh_Latn": 1 / 3, "khm_Khmr": 1 / 3}),
        ("unimax", 0.3, {"eng_Latn": 1 / 3, "swh_Latn": 1 / 3, "khm_Khmr": 1 / 3}),
    ],
)
def test_shares_of_a_method(method, alpha, expected):
    sizes = {"eng_Latn": 9_000, "swh_Latn": 900, "khm_Khmr": 100}
    assert normalised(weights(sizes, method, alpha)) == pytest.approx(expected, abs=1e-4)


def test_an_empty_language_has_no_share():
    assert weights({"eng_Latn": 5, "und": 0}, "unimax") == {"eng_Latn": 1.0, "und": 0.0}


@pytest.mark.parametrize(
    ("budget", "weight", "cap", "expected"),
    [
        (90, {"a": 1, "b": 1, "c": 1}, {"a": 100, "b": 100, "c": 100}, {"a": 30, "b": 30, "c": 30}),
        (90, {"a": 1, "b": 1, "c": 1}, {"a": 10, "b": 100, "c": 100}, {"a": 10, "b": 40, "c": 40}),
        (90, {"a": 1, "b": 1, "c": 1}, {"a": 10, "b": 30, "c": 100}, {"a": 10, "b": 30, "c": 50}),
        (90, {"a": 1, "b": 3}, {"a": 100, "b": 30}, {"a": 60, "b": 30}),
        (90, {"a": 1, "b": 1}, {"a": 20, "b": 30}, {"a": 20, "b": 30}),  # less than the budget is left
        (90, {"a": 0, "b": 1}, {"a": 20, "b": 100}, {"a": 0, "b": 90}),
        (90, {}, {}, {}),
    ],
)
def test_water_fill(budget, weight, cap, expected):
    assert water_fill(budget, weight, cap) == pytest.approx(expected)


def test_unimax_is_the_published_algorithm():
    """Algorithm 1 of the paper, walked from the smallest language up."""
    sizes, budget, epochs = {"a": 5, "b": 40, "c": 300, "d": 9_000}, 2_000, 2
    left, expected = float(budget), {}
    for place, name in enumerate(sorted(sizes, key=sizes.__getitem__)):
        expected[name] = min(left / (len(sizes) - place), sizes[name] * epochs)
        left -= expected[name]
    caps = {name: size * epochs for name, size in sizes.items()}
    assert water_fill(budget, weights(sizes, "unimax"), caps) == pytest.approx(expected)


@given(SIZES, st.integers(1, 10**12), st.floats(0, 1), st.floats(0.5, 8))
def test_caps_hold_the_budget_is_spent_and_order_is_kept(sizes, budget, alpha, epochs):
    caps = {name: size * epochs for name, size in sizes.items()}
    quota = water_fill(budget, weights(sizes, "temperature", alpha), caps)
    assert all(0 <= quota[name] <= caps[name] for name in sizes)
    assert sum(quota.values()) == pytest.approx(min(budget, sum(caps.values())), rel=1e-9)
    ordered = sorted(sizes, key=sizes.__getitem__)
    for small, large in pairwise(ordered):
        assert quota[small] <= quota[large] * (1 + 1e-9)


@given(SIZES, st.floats(0, 1))
def test_shares_sum_to_one(sizes, alpha):
    shares = normalised(weights(sizes, "temperature", alpha))
    assert sum(shares.values()) == pytest.approx(1.0 if any(sizes.values()) else 0.0)


@given(SIZES, st.integers(0, 10**12))
def test_whole_tokens_sum_to_the_total(sizes, total):
    if not any(sizes.values()):
        return
    quota = {name: share * total for name, share in normalised(weights(sizes, "natural")).items()}
    rounded = whole(quota, total)
    assert sum(rounded.values()) == total
    assert all(abs(rounded[name] - quota[name]) <= 1 + 1e-9 * total for name in sizes)
