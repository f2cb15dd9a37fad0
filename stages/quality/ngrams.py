"""Repeated word n-grams of a text: how many characters the most frequent and the duplicated ones cover."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

TOP_SIZES = (2, 3, 4)
DUPLICATE_SIZES = (5, 6, 7, 8, 9, 10)


def repeated_characters(words: Sequence[str]) -> list[int]:
    """Characters of repeated n-grams: for sizes 2-4 of the most frequent one, for sizes 5-10 of all duplicates.

    Equal to `repeated_characters_plain`. An n-gram can only repeat where its (n-1)-gram does, so each size looks at
    the places that the last one left over.
    """
    identity = {word: number for number, word in enumerate(dict.fromkeys(words))}
    ids = np.fromiter(map(identity.__getitem__, words), np.int64, len(words))
    lengths = np.fromiter(map(len, identity), np.int64, len(identity))
    before = np.zeros(len(words) + 1, np.int64)
    np.cumsum(lengths[ids], out=before[1:])
    found: list[int] = []
    starts, ranks = np.arange(len(words)), ids
    for size in TOP_SIZES + DUPLICATE_SIZES:
        fits = int(np.searchsorted(starts, len(words) - size, side="right"))
        starts, ranks = starts[:fits], ranks[:fits]
        if not len(starts):
            found.append(_top(size, before, starts, starts) if size in TOP_SIZES else 0)
            continue
        ranks = _ranks(ranks * len(identity) + ids[starts + size - 1])
        counts = np.bincount(ranks)[ranks]
        if size in TOP_SIZES:
            found.append(_top(size, before, starts, counts))
        starts, ranks = starts[counts > 1], ranks[counts > 1]
        if size in DUPLICATE_SIZES:
            found.append(_duplicates(size, before, starts, ranks))
    return found


def _ranks(keys: np.ndarray) -> np.ndarray:
    """Keys renumbered from 0 by first occurrence."""
    return np.asarray(pa.array(keys).dictionary_encode().indices, np.int64)


def _top(size: int, before: np.ndarray, starts: np.ndarray, counts: np.ndarray) -> int:
    """Length of the most frequent n-gram, joined by spaces, times its count; of equals the first in the text."""
    best = int(counts.max()) if len(counts) else 1
    # where all differ the first of the text counts, which may have been left out because it does not repeat
    start = int(starts[counts.argmax()]) if best > 1 else 0
    if start + size >= len(before):
        return 0
    return best * (int(before[start + size] - before[start]) + size - 1)


def _duplicates(size: int, before: np.ndarray, starts: np.ndarray, ranks: np.ndarray) -> int:
    """Characters in n-grams seen before, read from left to right without overlap."""
    seen: set[int] = set()
    total, free = 0, 0
    for start, rank in zip(starts.tolist(), ranks.tolist(), strict=True):
        if start < free:
            continue
        if rank in seen:
            total += int(before[start + size] - before[start])
            free = start + size
        else:
            seen.add(rank)
    return total


def repeated_characters_plain(words: Sequence[str]) -> list[int]:
    """The reference of `repeated_characters`, as the rules are written."""
    found = []
    for size in TOP_SIZES:
        counts = Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))
        ngram, count = counts.most_common(1)[0] if counts else ((), 0)
        found.append(len(" ".join(ngram)) * count)
    for size in DUPLICATE_SIZES:
        seen: set[tuple[str, ...]] = set()
        total = start = 0
        while start + size <= len(words):
            ngram = tuple(words[start : start + size])
            if ngram in seen:
                total += sum(map(len, ngram))
                start += size
            else:
                seen.add(ngram)
                start += 1
        found.append(total)
    return found
