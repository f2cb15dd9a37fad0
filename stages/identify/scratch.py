"""The memory that the kernel of a fastText model works in."""

from typing import Any, Final, NamedTuple

import numpy as np

from stages.identify.lanes import zeros
from stages.identify.ngrams_side_by_side import LONGEST_NGRAM, LOOKED_AT
from stages.identify.word_search import PENDING
from stages.text.windows import WINDOW

CACHE_BYTES: Final = 1 << 28
"""Of words and their sums, at most."""

FIRST_CACHE_BYTES, MUCH_TEXT = 1 << 23, 1 << 25
"""The same until so many bytes of text were read: to touch CACHE_BYTES takes about as long as to identify that much."""

FEWEST_PAIRS: Final = 128

ROOM: Final = 512
"""Characters that are listed before their n-grams are added."""


class Scratch(NamedTuple):
    """What the kernel writes to: the word n-grams that are open, the words that it remembers and their sums, and the
    nodes or labels that are looked at.

    Words are remembered in pairs by the upper bits of their hash. A pair has three rows of `sums`: in the first its two
    words, of four 64-bit numbers each, highest in 7 bits the number of a word's rows + 1, and `remembered.UPPER_LAST`;
    then their sums. So they are in one page.

    Kept from call to call for the same model: what is remembered is what would be computed anew.
    """

    running: np.ndarray  # uint64, hashes
    sums: np.ndarray  # float32, (3 pairs + 1 + PENDING, width): three for each pair, of the text, of the words to add
    known: np.ndarray  # uint64, the same memory: each pair's first row has its words
    edges: np.ndarray  # int64, where words begin and end
    pending: np.ndarray  # uint64, eight for each word that is still to be added: bytes, hash, start, size
    places: np.ndarray  # int64, where each of these words is remembered or may be
    at: np.ndarray  # int64, where the sum of each of these words is
    found: np.ndarray  # int64, and of how many rows; -1 for a label, which is no text
    missed: np.ndarray  # int64, which of them are not remembered
    others: np.ndarray  # int64, which of those are long or no UTF-8
    window: np.ndarray  # uint8, the last bytes of a buffer and zeros
    codes: np.ndarray  # uint32, listed characters: their bytes, the first the lowest
    buckets: np.ndarray  # uint32, maxn times the codes: of the n-grams that begin with each, by length
    offsets: np.ndarray  # int64, of the n-grams of a group in these, from the first that it ends with
    masks: np.ndarray  # uint64, two for each group: which of them are listed, and how many are before
    segments: np.ndarray  # int64, four each: of which word, where its n-grams end from and to, OPENS and CLOSES
    rows: np.ndarray  # int64, of n-grams that are still to be added
    ranks: np.ndarray  # int64, how many of those before have a row of their own
    nodes: np.ndarray  # int64
    reached: np.ndarray  # float32
    shares: np.ndarray  # float64, what `reached` is the logarithm of, about
    products: np.ndarray  # float32, of the text's vector with each of the output matrix
    names: np.ndarray  # int64, a heap of one more than the labels that are asked for
    values: np.ndarray  # float32


class Memory:
    """What one thread works in, kept from call to call."""

    def __init__(self, tables: Any) -> None:
        self._tables, self._read = tables, 0
        self._scratch: Scratch | None = None

    def scratch(self, top_k: int, size: int) -> Scratch:
        """Room for texts of so many bytes; where much has been read it remembers more words, and none at first."""
        before, self._read = self._read, self._read + size
        if self._scratch is None or before < MUCH_TEXT <= self._read:
            much = self._read >= MUCH_TEXT
            self._scratch = make_scratch(self._tables, top_k, CACHE_BYTES if much else FIRST_CACHE_BYTES)
        self._scratch = _with_top_k(self._scratch, top_k)
        return self._scratch


def make_scratch(tables: Any, top_k: int, cache_bytes: int) -> Scratch:
    """Room for any number of texts, with so many bytes for words and their sums."""
    width, pairs = tables.matrix.shape[1], FEWEST_PAIRS
    longest = tables.maxn if 0 < tables.maxn <= LONGEST_NGRAM else 0
    while pairs * 2 * 12 * width <= cache_bytes:
        pairs *= 2
    sums = zeros((3 * pairs + 1 + PENDING, width), np.float32)
    room = ROOM + 4 * longest + 2 * WINDOW
    return Scratch(
        np.zeros(tables.word_ngrams - 1, np.uint64),
        sums,
        sums.reshape(-1).view(np.uint64),
        np.zeros(2 * PENDING + 2 * WINDOW, np.int64),
        zeros((8 * PENDING,), np.uint64),
        np.zeros(PENDING, np.int64),
        np.zeros(PENDING, np.int64),
        np.zeros(PENDING, np.int64),
        np.zeros(PENDING, np.int64),
        np.zeros(PENDING, np.int64),
        np.zeros(LOOKED_AT, np.uint8),
        np.zeros(room, np.uint32),
        np.zeros(max(longest, 1) * room, np.uint32),
        np.array(_offsets(range(max(tables.minn, 1), longest + 1), room), np.int64),
        np.zeros(2 * room, np.uint64),
        np.zeros(4 * PENDING, np.int64),
        np.zeros(room * max(longest, 1), np.int64),
        np.zeros(room * max(longest, 1) + 1, np.int64),
        np.zeros(2 * tables.labels, np.int64),
        np.zeros(2 * tables.labels, np.float32),
        np.zeros(2 * tables.labels, np.float64),
        np.zeros(tables.output.shape[1], np.float32),
        np.zeros(top_k + 1, np.int64),
        np.zeros(top_k + 1, np.float32),
    )


def _offsets(sizes: range, room: int) -> list[int]:
    """Places of the n-grams of a group, by where they end: as many ends as 64 bits hold."""
    return [(size - 1) * room + end + 1 - size for end in range(64 // max(len(sizes), 1)) for size in sizes]


def _with_top_k(scratch: Scratch, top_k: int) -> Scratch:
    """The same room for another number of labels."""
    if len(scratch.names) == top_k + 1:
        return scratch
    return scratch._replace(names=np.zeros(top_k + 1, np.int64), values=np.zeros(top_k + 1, np.float32))
