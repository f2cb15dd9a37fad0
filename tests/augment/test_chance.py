"""Hash-drawn choices."""

import pytest

from stages.augment.chance import derived_id, fraction, pick


def test_fraction_depends_on_seed_and_every_part() -> None:
    drawn = [
        fraction(0, "a", "b"),
        fraction(1, "a", "b"),
        fraction(0, "a", "c"),
        fraction(0, "ab"),
        fraction(0, "a", 1),
    ]
    assert len(set(drawn)) == 5
    assert all(0 <= number < 1 for number in drawn)
    assert fraction(0, "a", "b") == 0.8376765564310337


def test_fraction_is_even() -> None:
    drawn = [fraction(7, "x", number) for number in range(4000)]
    assert 0.48 < sum(drawn) / len(drawn) < 0.52


@pytest.mark.parametrize(
    ("weights", "number", "expected"),
    [
        ({"a": 1, "b": 1}, 0.49, "a"),
        ({"a": 1, "b": 1}, 0.5, "b"),
        ({"a": 3, "b": 1}, 0.74, "a"),
        ({"a": 0, "b": 2}, 0.0, "b"),
        ({"a": 1, "b": 0}, 0.999, "a"),
    ],
)
def test_pick(weights: dict[str, float], number: float, expected: str) -> None:
    assert pick(weights, number) == expected


def test_derived_id() -> None:
    assert len(derived_id("recipe", "pair", "src")) == 32
    assert derived_id("a", "b") != derived_id("ab")
    assert derived_id("\ud800") != derived_id("\ud801")
