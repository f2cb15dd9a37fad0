"""A fastText model as the kernels read it: flat arrays, made once when it is opened."""

from typing import Final, NamedTuple

import numpy as np

from stages.identify.best import HIERARCHICAL, sigmoid_table
from stages.identify.lanes import LANES, zeros
from stages.identify.model_file import MOST_EXAMPLES, ModelFile
from stages.identify.word_table import fill_slots
from stages.text.windows import WINDOW

LARGEST_COPY: Final = 1 << 28
"""Bytes of a matrix from which it is not held twice while a model is opened."""

LIKELY: Final = 8
"""Slots for each 64 bits of the filter of the dictionary: a sixteenth of other words pass, or fewer."""

SIEVE: Final = 8
"""Bits, or more, for each bucket that has a row: small enough to stay near the processor, and few others pass."""


class Tables(NamedTuple):
    """A model as the kernel reads it.

    Words (then labels) are found by open addressing: `slots` holds the number of an entry or -1, `entry_bytes` from
    `entry_starts` its spelling. The row of bucket b is `words` + b, or with `blocks` `words` + the number of buckets
    below b that have one: each block tells of 32 buckets by a bit which have one, and in its upper half how many have
    one up to the last of them. `sieve` is smaller and read first: a bit is set if one of the buckets whose numbers end
    with that of the bit has a row.
    """

    slots: np.ndarray  # int32, a power of two of them
    likely: np.ndarray  # uint64, a bit for each hash of an entry, by its upper bits
    likely_shift: int
    entry_starts: np.ndarray  # int64
    entry_bytes: np.ndarray  # uint8
    words: int
    end_of_line: int  # row of `</s>`, -1 where the dictionary lacks it
    matrix: np.ndarray  # float32, (rows, a multiple of LANES); with `blocks` one more, of zeros
    blocks: np.ndarray  # uint64, empty where every bucket has a row
    sieve: np.ndarray  # uint64, a power of two of them; as empty
    buckets: int
    magic: int  # floor(2^shift / buckets), at most 2^32 - 1
    shift: int  # 32 + floor(log2(buckets))
    minn: int
    maxn: int
    word_ngrams: int
    loss: int
    labels: int
    output: np.ndarray  # float32, (width of the matrix, a multiple of LANES): a column for each label or inner node
    left: np.ndarray  # int32, children of the nodes of the tree; empty without hierarchical softmax
    right: np.ndarray
    sigmoid: np.ndarray  # float32


def make_tables(model: ModelFile) -> Tables:
    """The arrays of a model."""
    entries = [*model.words, *(label.encode() for label in model.labels)]
    starts = np.concatenate([[0], np.cumsum([len(entry) for entry in entries], dtype=np.int64)]).astype(np.int64)
    spelled = np.frombuffer(b"".join(entries) or b"\0", np.uint8)
    slots = np.full(1 << (2 * len(entries)).bit_length(), -1, np.int32)
    likely = np.zeros(max(len(slots) // LIKELY, 1), np.uint64)
    likely_shift = 64 - (64 * len(likely) - 1).bit_length()
    fill_slots(slots, likely, likely_shift, starts, spelled, np.zeros(WINDOW, np.uint8))
    blocks, sieve = _blocks_and_sieve(model)
    left, right = tree(model.label_counts) if model.loss == HIERARCHICAL else ([], [])
    shift = 32 + max(model.buckets.bit_length() - 1, 0)
    return Tables(
        slots=slots,
        likely=likely,
        likely_shift=likely_shift,
        entry_starts=starts,
        entry_bytes=spelled,
        words=len(model.words),
        end_of_line=model.words.index(b"</s>") if b"</s>" in model.words else -1,
        matrix=_widened(model.matrix, len(model.matrix) + (model.kept is not None)),
        blocks=blocks,
        sieve=sieve,
        buckets=model.buckets,
        magic=min((1 << shift) // max(model.buckets, 1), (1 << 32) - 1),
        shift=shift,
        minn=model.minn,
        maxn=model.maxn,
        word_ngrams=model.word_ngrams,
        loss=int(model.loss),
        labels=len(model.labels),
        output=_widened(model.output.T, model.matrix.shape[1] + -model.matrix.shape[1] % LANES),
        left=np.array(left, np.int32),
        right=np.array(right, np.int32),
        sigmoid=sigmoid_table(),
    )


def _widened(matrix: np.ndarray, rows: int) -> np.ndarray:
    """The matrix with rows and columns of zeros up to a multiple of LANES; where it is not large, aligned."""
    given, columns = matrix.shape
    if rows == given and columns % LANES == 0 and matrix.nbytes > LARGEST_COPY:
        return np.ascontiguousarray(matrix)
    wide = zeros((rows, columns + -columns % LANES), np.float32)
    wide[:given, :columns] = matrix
    return wide


def _blocks_and_sieve(model: ModelFile) -> tuple[np.ndarray, np.ndarray]:
    """Which buckets have a row, exactly and as it is read first; empty where all have one."""
    if model.kept is None:
        return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
    blocks = zeros((model.buckets // 32 + 1,), np.uint64)
    np.bitwise_or.at(blocks, model.kept >> 5, np.uint64(1) << (model.kept & 31).astype(np.uint64))
    through = np.searchsorted(model.kept, np.arange(1, len(blocks) + 1, dtype=np.int64) << 5)
    blocks |= through.astype(np.uint64) << np.uint64(32)
    sieve = zeros((1 << (SIEVE * len(model.kept) // 64).bit_length(),), np.uint64)
    places = model.kept & (64 * len(sieve) - 1)
    np.bitwise_or.at(sieve, places >> 6, np.uint64(1) << (places & 63).astype(np.uint64))
    return blocks, sieve


def tree(counts: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """Left and right child of each node of fastText's Huffman tree over the labels; -1 for leaves, the root last.

    Labels are in descending order of their counts, as they lie in the file: the two smallest that are left are joined.
    """
    size = len(counts)
    weights = [*counts, *([MOST_EXAMPLES] * (size - 1))]
    left, right = [-1] * len(weights), [-1] * len(weights)
    leaf, node = size - 1, size
    for parent in range(size, len(weights)):
        pair = []
        for _ in range(2):
            if leaf >= 0 and weights[leaf] < weights[node]:
                pair.append(leaf)
                leaf -= 1
            else:
                pair.append(node)
                node += 1
        left[parent], right[parent] = pair
        weights[parent] = weights[pair[0]] + weights[pair[1]]
    return left, right
