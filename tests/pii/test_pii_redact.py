"""Spans applied to a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.pii.redact import apply_spans

TEXT = "0123456789"


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], "0123456789"),
        ([(2, 4, "email")], "01<EMAIL>456789"),
        ([(8, 10, "ip"), (0, 1, "phone")], "<PHONE>1234567<IP>"),
        ([(2, 4, "cut")], "01456789"),
        ([(2, 5, "email"), (4, 8, "phone")], "01<PHONE>89"),
        ([(2, 5, "email"), (4, 7, "phone")], "01<EMAIL>789"),
        ([(1, 9, "cut"), (2, 4, "email")], "09"),
        ([(1, 3, "cut"), (2, 9, "email")], "0<EMAIL>9"),
        ([(2, 4, "email"), (4, 6, "email")], "01<EMAIL><EMAIL>6789"),
        ([(2, 4, "email"), (2, 4, "email")], "01<EMAIL>456789"),
        ([(-3, 2, "ip"), (8, 99, "ip"), (5, 5, "ip")], "<IP>234567<IP>"),
    ],
)
def test_spans(spans: list[tuple[int, int, str]], expected: str) -> None:
    given_spans = [{"start": start, "end": end, "kind": kind} for start, end, kind in spans]
    assert apply_spans(TEXT, given_spans) == expected
    assert apply_spans(TEXT, reversed(given_spans)) == expected


def test_replacements_are_by_kind() -> None:
    spans = [{"start": 0, "end": 1, "kind": "email"}, {"start": 2, "end": 3, "kind": "ip"}]
    assert apply_spans("a😀b", spans, {"email": "[mail]"}) == "[mail]😀<IP>"


@given(st.lists(st.tuples(st.integers(-2, 12), st.integers(-2, 12)), max_size=6))
def test_no_covered_character_is_left(ranges: list[tuple[int, int]]) -> None:
    left = apply_spans(TEXT, [{"start": start, "end": end, "kind": "cut"} for start, end in ranges])
    covered = {place for start, end in ranges for place in range(max(start, 0), min(end, 10))}
    assert left == "".join(character for place, character in enumerate(TEXT) if place not in covered)
