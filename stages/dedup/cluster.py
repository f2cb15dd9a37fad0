"""Equal keys to edges and edges to connected components: what the engine builds duplicate clusters from."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numba
import numpy as np
from numba import int64, uint64

_kernel: Callable[[Any], Any] = numba.njit(nogil=True, cache=True)

_SPREAD: Final = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd
_PART: Final = 1 << 12
"""Keys that are looked at together: they and their table stay in the second-level cache."""


def link(keys: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Edges, int64 of shape (n, 2), from the smallest member with a key to every other member with it.

    `keys` (uint64) and `members` (int64, not negative) are parallel. Edges are ascending and distinct, none joins a
    member to itself: the same for any order of the input. Takes 16 bytes more for each key.
    """
    keys, members = np.ascontiguousarray(keys, np.uint64), np.ascontiguousarray(members, np.int64)
    bits = min(max((len(keys) // _PART).bit_length(), 1), 20)
    return _ascending(_edges(*_parted(keys, members, bits)))


@_kernel
def _parted(keys: Any, members: Any, bits: int) -> Any:
    """Keys and members in 2^bits parts by a hash of the key, and where the parts begin."""
    shift = uint64(64 - bits)
    starts = np.zeros((1 << bits) + 1, np.int64)
    for key in keys:
        starts[int64((key * uint64(_SPREAD)) >> shift) + 1] += 1
    starts = np.cumsum(starts)
    free = starts.copy()
    parted_keys, parted_members = np.empty_like(keys), np.empty_like(members)
    for place in range(keys.size):
        part = int64((keys[place] * uint64(_SPREAD)) >> shift)
        parted_keys[free[part]], parted_members[free[part]] = keys[place], members[place]
        free[part] += 1
    return parted_keys, parted_members, starts


@_kernel
def _edges(keys: Any, members: Any, starts: Any) -> Any:
    """Edges between members of equal keys, which lie in one part; those of several keys may be equal."""
    slots = 16
    while slots < 2 * np.diff(starts).max():
        slots *= 2
    mask = int64(slots - 1)
    owner, stamp, smallest = np.empty(slots, np.uint64), np.full(slots, -1, np.int64), np.empty(slots, np.int64)
    slot_of = np.empty(slots, np.int64)
    found, count = np.empty((keys.size, 2), np.int64), 0
    for part in range(starts.size - 1):
        start, end = starts[part], starts[part + 1]
        for place in range(start, end):
            key = keys[place]
            slot = int64((key ^ (key >> uint64(29))) & uint64(mask))
            while stamp[slot] == part and owner[slot] != key:
                slot = (slot + 1) & mask
            if stamp[slot] != part:
                owner[slot], stamp[slot], smallest[slot] = key, part, members[place]
            elif members[place] < smallest[slot]:
                smallest[slot] = members[place]
            slot_of[place - start] = slot
        for place in range(start, end):
            first = smallest[slot_of[place - start]]
            if first != members[place]:
                found[count, 0], found[count, 1] = first, members[place]
                count += 1
    return found[:count].copy()


def _ascending(edges: np.ndarray) -> np.ndarray:
    """Distinct edges in order; two numbers below 2^32 are sorted as one."""
    if not len(edges):
        return edges
    if edges.max() >> 32:
        edges = edges[np.lexsort((edges[:, 1], edges[:, 0]))]
        kept: np.ndarray = edges[np.concatenate([[True], (edges[1:] != edges[:-1]).any(axis=1)])]
        return kept
    packed = np.sort((edges[:, 0].astype(np.uint64) << np.uint64(32)) | edges[:, 1].astype(np.uint64))
    packed = packed[np.concatenate([[True], packed[1:] != packed[:-1]])]  # np.unique takes ten times as long
    return np.stack([packed >> np.uint64(32), packed & np.uint64(0xFFFFFFFF)], axis=1).astype(np.int64)


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
