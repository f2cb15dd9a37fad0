"""Links and connected components against plain references."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dedup.cluster import components, components_plain, link, link_plain

pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 12)), max_size=40)
edges = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=30)


@settings(deadline=None)  # the kernel is compiled on its first call
@given(pairs)
def test_link_equals_its_reference(rows: list[tuple[int, int]]) -> None:
    keys = np.array([key for key, _ in rows], np.uint64)
    members = np.array([member for _, member in rows], np.int64)
    found = link(keys, members)
    assert found.shape == (len(found), 2)
    assert found.dtype == np.int64
    assert [tuple(edge) for edge in found.tolist()] == link_plain(keys.tolist(), members.tolist())


@settings(deadline=None)  # the kernel is compiled on its first call
@given(pairs)
def test_link_does_not_depend_on_order(rows: list[tuple[int, int]]) -> None:
    keys = np.array([key for key, _ in rows], np.uint64)
    members = np.array([member for _, member in rows], np.int64)
    assert np.array_equal(link(keys[::-1], members[::-1]), link(keys, members))


def test_link_of_many_keys_and_large_members() -> None:
    random = np.random.default_rng(5)
    keys = random.integers(0, 40_000, 60_000, np.uint64) * np.uint64(0x123456789ABCDEF1)
    keys[:3000] = 7
    members = random.permutation(60_000)
    expected = link_plain(keys.tolist(), members.tolist())
    assert [tuple(edge) for edge in link(keys, members).tolist()] == expected
    far = members + (1 << 33)
    assert [tuple(edge) for edge in (link(keys, far) - (1 << 33)).tolist()] == expected


@settings(deadline=None)  # the kernel is compiled on its first call
@given(edges)
def test_components_equal_their_reference(linked: list[tuple[int, int]]) -> None:
    found = components(15, np.array(linked, np.int64).reshape(-1, 2))
    assert found.tolist() == components_plain(15, linked)


@pytest.mark.parametrize(
    ("count", "linked", "labels"),
    [
        (0, [], []),
        (3, [], [0, 1, 2]),
        (5, [(3, 4), (1, 3)], [0, 1, 2, 1, 1]),
        (6, [(5, 4), (4, 3), (3, 2), (2, 1), (1, 0)], [0] * 6),
    ],
)
def test_components(count: int, linked: list[tuple[int, int]], labels: list[int]) -> None:
    assert components(count, np.array(linked, np.int64).reshape(-1, 2)).tolist() == labels


@pytest.mark.parametrize("edge", [(0, 3), (-1, 0)])
def test_an_edge_outside_is_an_error(edge: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="there are 3 members"):
        components(3, np.array([edge]))


def test_a_long_chain() -> None:
    chain = np.stack([np.arange(99_999), np.arange(1, 100_000)], axis=1)
    assert not components(100_000, chain[::-1]).any()
