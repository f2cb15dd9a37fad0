"""The best labels of a text by its vector, in fastText's own order: softmax, hierarchical softmax and sigmoids."""

from typing import Any, Final

import numpy as np
from numba import float32, int64

from stages.identify.compiled import inlined, kernel
from stages.identify.lanes import LANES, multiply_lanes

EPSILON: Final = 1e-5
"""fastText's logarithm adds this to a probability, so that its scores are as much too high."""

SURELY: Final = 0.99
"""Of a probability: its logarithm is below, however the logarithms along a path were rounded."""

SIGMOIDS: Final = 512
SIGMOID_END: Final = 8.0
HIERARCHICAL, SOFTMAX = 1, 3  # as in `model_file.Loss`, which kernels cannot read


def sigmoid_table() -> np.ndarray:
    """The sigmoid in steps of 1/32 from -8 to 8, as fastText rounds it for negative sampling and one-vs-all."""
    places = np.arange(SIGMOIDS + 1, dtype=np.float32) * np.float32(2 * SIGMOID_END / SIGMOIDS) - SIGMOID_END
    found: np.ndarray = (1.0 / (1.0 + np.exp(-places.astype(np.float32)))).astype(np.float32)
    return found


@inlined
def _logarithm(value: Any) -> Any:
    return float32(np.log(np.float64(value) + EPSILON))


@kernel
def _rise(values: Any, names: Any, hole: Any, value: Any, name: Any) -> None:
    """Put an item in a heap whose root is the smallest, at a free place or above it."""
    while hole > 0 and values[(hole - 1) // 2] > value:
        values[hole], names[hole] = values[(hole - 1) // 2], names[(hole - 1) // 2]
        hole = (hole - 1) // 2
    values[hole], names[hole] = value, name


@kernel
def _pop(values: Any, names: Any, size: Any) -> None:
    """Move the root to the end of a heap, in the steps of libstdc++, which decide between equal scores."""
    last = size - 1
    value, name = values[last], names[last]
    values[last], names[last] = values[0], names[0]
    hole, child = 0, 0
    while child < (last - 1) // 2:
        child = 2 * (child + 1)
        if values[child] > values[child - 1]:
            child -= 1
        values[hole], names[hole] = values[child], names[child]
        hole = child
    if last % 2 == 0 and last > 0 and child == (last - 2) // 2:
        child = 2 * (child + 1)
        values[hole], names[hole] = values[child - 1], names[child - 1]
        hole = child - 1
    _rise(values, names, hole, value, name)


@kernel
def _offer(values: Any, names: Any, size: Any, value: Any, name: Any) -> Any:
    """Keep the best of a heap and one more; the arrays have room for one more than is kept."""
    _rise(values, names, size, value, name)
    size += 1
    if size == values.size:
        _pop(values, names, size)
        size -= 1
    return size


@inlined
def _multiply(vectors: Any, vector: Any, tables: Any, scratch: Any) -> None:
    """The products of a vector with those of the labels, or of the nodes of the tree."""
    for column in range(0, tables.output.shape[1], LANES):
        multiply_lanes(tables.output, column, vectors, vector, scratch.products)


@inlined
def _walk_tree(tables: Any, scratch: Any) -> Any:
    """Leaves of the tree in depth first order, without branches that are below 1e-5 or below all that is kept.

    The logarithm of a branch that is surely below is not taken: its share of the text tells, with all rounding.
    """
    nodes, reached, shares, values = scratch.nodes, scratch.reached, scratch.shares, scratch.values
    leaves, size, open_nodes = tables.labels, 0, 1
    nodes[0], reached[0], shares[0] = 2 * leaves - 2, 0, 1
    smallest = _logarithm(0.0)
    below = EPSILON * SURELY
    while open_nodes:
        open_nodes -= 1
        node, score, whole = nodes[open_nodes], reached[open_nodes], shares[open_nodes]
        if score < smallest or (size == values.size - 1 and score < values[0]):
            continue
        if node < leaves:
            size = _offer(values, scratch.names, size, score, node)
            if size == values.size - 1:
                below = max(np.exp(np.float64(values[0])), EPSILON) * SURELY
            continue
        share = float32(1.0 / (1.0 + np.exp(-scratch.products[node - leaves])))
        right, left = whole * (share + EPSILON), whole * (float32(1.0 - share) + EPSILON)
        if not right < below:
            nodes[open_nodes], reached[open_nodes] = tables.right[node], score + _logarithm(share)
            shares[open_nodes] = right
            open_nodes += 1
        if not left < below:
            nodes[open_nodes], reached[open_nodes] = tables.left[node], score + _logarithm(float32(1.0 - share))
            shares[open_nodes] = left
            open_nodes += 1
    return size


@inlined
def _fill_shares(tables: Any, products: Any, shares: Any) -> None:
    """The probability of each label by softmax, or by a sigmoid of its own."""
    count = tables.labels
    largest, total = float32(-np.inf), float32(0)
    for label in range(count):
        largest = max(largest, products[label])
    for label in range(count):
        value = products[label]
        if tables.loss == SOFTMAX:
            shares[label] = np.exp(value - largest)
            total += shares[label]
        elif not value >= -SIGMOID_END:  # also where a damaged model gives no number
            shares[label] = 0
        elif value > SIGMOID_END:
            shares[label] = 1
        else:
            step = float32(value + float32(SIGMOID_END)) * float32(SIGMOIDS) / float32(SIGMOID_END) / float32(2)
            shares[label] = tables.sigmoid[int64(step)]
    if tables.loss == SOFTMAX:
        for label in range(count):
            shares[label] /= total


@inlined
def _choose(shares: Any, count: Any, values: Any, names: Any) -> Any:
    """The labels with the greatest logarithms; one is taken only where it can matter."""
    kept, size = values.size - 1, 0
    smallest = 0.0
    for label in range(count):
        if size == kept and not shares[label] >= smallest:
            continue
        value = _logarithm(shares[label])
        if size == kept and value < values[0]:
            continue
        size = _offer(values, names, size, value, label)
        if size == kept:
            smallest = (np.exp(np.float64(values[0])) - EPSILON) * 0.99 - 1e-10  # below all of equal logarithm
    return size


@inlined
def best_labels(
    vectors: Any, vector: Any, tables: Any, scratch: Any, labels: Any, scores: Any, text: Any, any_row: Any
) -> None:
    """Fill in the best labels of a text, best first, and their scores; -1 and 0 where there are fewer."""
    values, names = scratch.values, scratch.names
    size = 0
    if any_row:
        _multiply(vectors, vector, tables, scratch)
        if tables.loss == HIERARCHICAL:
            size = _walk_tree(tables, scratch)
        else:
            _fill_shares(tables, scratch.products, scratch.reached)
            size = _choose(scratch.reached, tables.labels, values, names)
    for left in range(size, 1, -1):
        _pop(values, names, left)
    for place in range(labels.shape[1]):
        labels[text, place] = names[place] if place < size else -1
        scores[text, place] = np.exp(values[place]) if place < size else float32(0)
