"""Repeated word n-grams of a text: how many characters the most frequent and the duplicated ones cover."""

from collections import Counter
from collections.abc import Sequence

TOP_SIZES = (2, 3, 4)
DUPLICATE_SIZES = (5, 6, 7, 8, 9, 10)


def repeated_characters_plain(words: Sequence[str]) -> list[int]:
    """Characters of repeated n-grams: for sizes 2-4 of the most frequent one, for sizes 5-10 of all duplicates.

    The most frequent counts with its spaces and every occurrence, of equals the first; duplicates count without
    spaces, without their first occurrence and without overlap. The reference of `repetition_kernel`.
    """
    found = []
    for size in TOP_SIZES:
        counts = Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))
        ngram, count = counts.most_common(1)[0] if counts else ((), 0)
        found.append(len(" ".join(ngram)) * count)
    return found + [duplicated_characters(words, size) for size in DUPLICATE_SIZES]


def duplicated_characters(words: Sequence[str], size: int) -> int:
    """Characters of the n-grams that stood before, without spaces and without overlap."""
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
    return total
