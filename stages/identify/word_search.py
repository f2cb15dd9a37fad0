"""Words of a text, found in windows of 32 bytes and listed with their first bytes and their hash."""

from typing import Any, Final

from numba import int64, uint8, uint32, uint64

from stages.identify.compiled import inlined
from stages.identify.lanes import fetch
from stages.identify.word_table import KEPT, slot_hash, window_of
from stages.text.windows import WINDOW, first_one, ones_in, separators

PENDING: Final = 64
"""Words that are found before the first of them is added, so that what is remembered of them comes from memory."""

END_OF_LINE: Final = 0x3E732F3C
"""The bytes of `</s>`, which ends a line for fastText wherever it stands."""

FEW_EDGES: Final = 12
"""Of words in a window: most have fewer."""


@inlined
def find_edges(data: Any, place: Any, end: Any, opened: Any, scratch: Any) -> Any:
    """List where words begin and end in the next windows of a text; how many places, and the one to go on from.

    `opened` is where a word began that has not ended yet, or -1. No branch depends on how many there are, but for
    windows of very many.
    """
    edges, window = scratch.edges, scratch.window
    edges[0] = opened
    count, before = uint64(opened >= 0), uint32(opened >= 0)
    while place < end and count <= uint64(2 * PENDING - WINDOW):
        if place + WINDOW <= data.size:
            inside = ~separators(data, uint64(place))
        else:
            for at in range(WINDOW):
                window[at] = data[place + at] if place + at < end else uint8(0)
            inside = ~separators(window, uint64(0))
        inside &= uint32((uint64(1) << uint64(min(end - place, WINDOW))) - uint64(1))
        changes = inside ^ ((inside << uint32(1)) | before)
        before, more, at = inside >> uint32(31), count + uint64(ones_in(changes)), count
        while True:
            for _ in range(FEW_EDGES):
                edges[at] = place + int64(first_one(changes))
                changes &= changes - uint32(1)
                at += uint64(1)
            if at >= more:
                break
        count = more
        place += WINDOW
    if place >= end and count & uint64(1):
        edges[count] = end
        count += uint64(1)
    return count, min(place, end)


@inlined
def list_words(data: Any, words: Any, end: Any, shift: Any, scratch: Any) -> Any:
    """List the words between edges, and ask for what is remembered of them; how many are before an end of line."""
    pending, edges = scratch.pending, scratch.edges
    for word in range(words):
        start = edges[uint64(2) * word]
        size = uint64(edges[uint64(2) * word + uint64(1)] - start)
        first, second, third, fourth = window_of(data, start, end, scratch.window)
        kept = min(size, uint64(WINDOW)) << uint64(2)
        first, second = first & KEPT[kept], second & KEPT[kept + uint64(1)]
        third, fourth = third & KEPT[kept + uint64(2)], fourth & KEPT[kept + uint64(3)]
        if size == uint64(4) and first == uint64(END_OF_LINE):
            return word
        hashed = slot_hash(first, second, third, fourth, size)
        fetch(scratch.sums, uint64(3) * (hashed >> uint64(shift)) * uint64(scratch.sums.shape[1]))
        at = word << uint64(3)
        pending[at], pending[at + uint64(1)] = first, second
        pending[at + uint64(2)], pending[at + uint64(3)] = third, fourth
        pending[at + uint64(4)], pending[at + uint64(5)], pending[at + uint64(6)] = hashed, uint64(start), size
    return words
