"""The sums of words that are remembered from text to text, in pairs that are named by the upper bits of a hash."""

from typing import Any, Final

import numpy as np
from numba import int64, uint64

from stages.identify.compiled import inlined
from stages.identify.lanes import KEY, LANES, copy_lanes, fetch, same_key
from stages.identify.word_search import PENDING
from stages.text.windows import WINDOW

REMEMBERED_BYTES: Final = WINDOW - 1
"""Longest word whose sum of rows is remembered: with the number of its rows it takes four 64-bit numbers."""

MOST_ROWS: Final = 127
"""A word of fewer rows is remembered: seven bits hold their number + 1."""

UPPER_LAST: Final = np.uint64(1 << 63)
"""Set in the last number of the first word of a pair where the second word was used last."""


@inlined
def recall(listed: Any, shift: Any, scratch: Any) -> Any:
    """Note where the sums of the listed words are or will be, and ask for them; how many words are not remembered.

    Without a branch: whether a word is remembered cannot be foreseen.
    """
    pending, known, width = scratch.pending, scratch.known, uint64(scratch.sums.shape[1])
    fresh, missed = uint64(scratch.sums.shape[0] - PENDING), uint64(0)
    for number in range(listed):
        word = uint64(number)
        place = word << uint64(3)
        row = uint64(3) * (pending[place + uint64(4)] >> uint64(shift))
        words = row * (width >> uint64(1))
        short = uint64(pending[place + uint64(6)] <= uint64(REMEMBERED_BYTES))
        upper = same_key(known, words + uint64(KEY), pending, place) & short
        there = (same_key(known, words, pending, place) & short) | upper
        facts = known[words + uint64(3)]
        unused = uint64(1) - (facts >> uint64(63))  # the word of the pair that was not used last
        side = upper + (unused & (uint64(1) - there))
        known[words + uint64(3)] = (facts & (UPPER_LAST - uint64(1))) | ((side ^ (uint64(1) - there)) << uint64(63))
        rows = (known[words + (side << uint64(2)) + uint64(3)] >> uint64(56)) & uint64(127)
        at = row + uint64(1) + side
        fetch(scratch.sums, at * width)
        scratch.found[word] = int64(rows) - 1
        scratch.places[word] = int64(at)
        scratch.at[word] = int64(fresh + word + (at - fresh - word) * there)
        scratch.missed[missed] = number
        missed += uint64(1) - there
    return int64(missed)


@inlined
def remember(missed: Any, shift: Any, scratch: Any) -> None:
    """Keep the sums that were made in the places of their pairs that were not used last.

    They count as used once they are used again: words that do not come back then take the place of each other.
    """
    pending, known, sums = scratch.pending, scratch.known, scratch.sums
    for number in range(missed):
        word = uint64(scratch.missed[number])
        place, found = word << uint64(3), scratch.found[word]
        if pending[place + uint64(6)] > uint64(REMEMBERED_BYTES) or found >= MOST_ROWS:
            continue
        at = uint64(scratch.places[word])
        for column in range(0, sums.shape[1], LANES):
            copy_lanes(sums, int64(at), scratch.at[word], column)
        row = uint64(3) * (pending[place + uint64(4)] >> uint64(shift))
        to = row * uint64(sums.shape[1] >> 1) + ((at - row - uint64(1)) << uint64(2))
        known[to], known[to + uint64(1)] = pending[place], pending[place + uint64(1)]
        known[to + uint64(2)] = pending[place + uint64(2)]
        facts = pending[place + uint64(3)] | (uint64(found + 1) << uint64(56))
        known[to + uint64(3)] = facts | (known[to + uint64(3)] & UPPER_LAST)
