"""Equal keys to edges and edges to connected components: what the engine builds duplicate clusters from."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numba
import numpy as np

_kernel: Callable[[Any], Any] = numba.njit(nogil=True, cache=True)


def link(keys: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Edges, int64 of shape (n, 2), from the smallest member with a key to every other member with it.

    `keys` (uint64) and `members` (int64) are parallel. Edges are ascending and distinct, none joins a member to
    itself: the same for any order of the input.
    """
    order = np.argsort(keys)
    ordered, grouped = keys[order], members[order]
    if not len(ordered):
        return np.zeros((0, 2), np.int64)
    begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts = np.flatnonzero(begins)
    if len(starts) == len(ordered):
        return np.zeros((0, 2), np.int64)
    smallest = np.minimum.reduceat(grouped, starts)[np.cumsum(begins) - 1]
    other = smallest != grouped
    return np.unique(np.stack([smallest[other], grouped[other]], axis=1).astype(np.int64), axis=0)


def link_plain(keys: Sequence[int], members: Sequence[int]) -> list[tuple[int, int]]:
    """The reference of `link`."""
    groups: dict[int, set[int]] = {}
    for key, member in zip(keys, members, strict=True):
        groups.setdefault(key, set()).add(member)
    return sorted({(min(group), member) for group in groups.values() for member in group if member != min(group)})


@_kernel
def _root(parent: Any, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@_kernel
def _components(count: int, edges: Any) -> Any:
    parent = np.arange(count)
    for place in range(edges.shape[0]):
        first, second = _root(parent, edges[place, 0]), _root(parent, edges[place, 1])
        if first < second:
            parent[second] = first
        else:
            parent[first] = second
    for node in range(count):  # a parent is never larger than its child, so it is final when the child is reached
        parent[node] = parent[parent[node]]
    return parent


def components(count: int, edges: np.ndarray) -> np.ndarray:
    """For each of `count` members the smallest member of its connected component, int64.

    `edges` has shape (n, 2), in any order. Raises `ValueError` for an edge to a member outside 0 ... count - 1.
    """
    edges = np.ascontiguousarray(np.asarray(edges, np.int64).reshape(-1, 2))
    if len(edges) and (edges.min() < 0 or edges.max() >= count):
        raise ValueError(f"an edge joins member {edges.min()} or {edges.max()}, but there are {count} members")
    labels: np.ndarray = _components(count, edges)
    return labels


def components_plain(count: int, edges: Iterable[Sequence[int]]) -> list[int]:
    """The reference of `components`: labels spread along the edges until none changes."""
    labels, linked = list(range(count)), [tuple(edge) for edge in edges]
    changed = True
    while changed:
        changed = False
        for first, second in linked:
            smaller = min(labels[first], labels[second])
            changed |= labels[first] != smaller or labels[second] != smaller
            labels[first] = labels[second] = smaller
    return labels
