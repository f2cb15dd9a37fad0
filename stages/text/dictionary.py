"""Words of scripts without spaces that `ideographs` does not cut, by ICU: all runs of a batch in one pass."""

from threading import local
from typing import Any, NamedTuple

import icu
import numpy as np
from numba import int64, uint8, uint32

from stages.text.code_points import decode, entry
from stages.text.compiled import borrowed, inlined, item, kernel, put
from stages.text.language import DICTIONARY, Segmenter
from stages.text.memory import room
from stages.text.tables import MARK
from stages.text.word_arrays import UNCUT, WordArrays, list_words, put_part

_THREAD = local()


class Cuts(NamedTuple):
    """Ends of the words of runs, in bytes from each run's start."""

    ends: np.ndarray
    """int64, the last of each run at or behind its end."""
    first: np.ndarray
    """Where those of each run begin, int64."""
    counts: np.ndarray
    """How many each run has, int64."""


def cut_runs(
    data: np.ndarray, words: WordArrays, first: np.ndarray, tables: Any, segmenter: Segmenter = DICTIONARY
) -> tuple[WordArrays, np.ndarray]:
    """Words and the first of each document, with each run that is not cut yet replaced by its words."""
    if segmenter == "spaces":
        return words, first
    runs = room(words.classes.size + 8, np.int64)
    runs = runs[: list_words(words.classes, first, np.full(first.size - 1, UNCUT, np.uint8), runs)]
    if not runs.size:
        return words, first
    cuts = find_cuts(data, words.starts[runs], words.ends[runs], words.raw_hashes[runs], tables, segmenter)
    found = WordArrays.of_size(words.starts.size + int(cuts.counts.sum()))
    new_first = np.zeros(first.size, np.int64)
    count = replace_runs(data, words, runs, first, cuts, tables, found, new_first)
    return found.cut(count), new_first


def find_cuts(
    data: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    hashes: np.ndarray,
    tables: Any,
    segmenter: Segmenter = DICTIONARY,
) -> Cuts:
    """The words of runs; ICU's count the line break, too.

    `hashes` are the same for equal runs: ICU cuts those once.
    """
    if segmenter == "clusters":
        counts = np.zeros(starts.size, np.int64)
        found = room(int((ends - starts).sum()) // 3, np.int64)
        found = found[: cut_clusters(data, starts, ends, tables, found, counts)]
        return Cuts(found, np.cumsum(counts) - counts, counts)
    _, distinct, kinds = np.unique(hashes, return_index=True, return_inverse=True)
    cuts = _cut_by_icu(data, starts[distinct], ends[distinct])
    return Cuts(cuts.ends, cuts.first[kinds], cuts.counts[kinds])


def _cut_by_icu(data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> Cuts:
    begins = np.cumsum(ends - starts + 1)
    joined = room(int(begins[-1]), np.uint8)
    begins -= ends - starts + 1
    join_runs(data, starts, ends, joined)
    cuts = np.array(word_boundaries(joined.tobytes().decode()), np.int64)
    cuts = cuts[: byte_offsets(joined, cuts)]
    first = np.searchsorted(cuts, begins, "right")
    counts = np.diff(first, append=cuts.size)
    return Cuts(cuts - np.repeat(begins, counts), first, counts)


def word_boundaries(text: str) -> list[int]:
    """Ends of ICU's words, in UTF-16 units; a line break in the text is a word of its own."""
    iterator = getattr(_THREAD, "iterator", None)
    if iterator is None:  # made once per thread: it is not to be shared
        iterator = _THREAD.iterator = icu.BreakIterator.createWordInstance(icu.Locale.getRoot())
    iterator.setText(text)
    return list(iterator)


@kernel
def cut_clusters(data: Any, starts: Any, ends: Any, tables: Any, found: Any, counts: Any) -> Any:
    """Fill in the ends of each run's characters with their marks and joiners; returns how many there are."""
    data, starts, ends, tables, found, counts = borrowed((data, starts, ends, tables, found, counts))
    total = int64(0)
    for run in range(starts.size):
        place, before = starts[run], total
        while place < ends[run]:
            point, after = decode(data, place)
            mark = item(tables.flags, entry(tables.blocks, point)) & uint32(MARK) or point == 0x200C or point == 0x200D
            if mark and total > before:
                found[total - 1] = after - starts[run]
            else:
                found[total] = after - starts[run]
                total += 1
            place = after
        counts[run] = total - before
    return total


@kernel
def join_runs(data: Any, starts: Any, ends: Any, joined: Any) -> None:
    """The bytes of the runs, each followed by a line break, so that ICU looks at each alone."""
    data, starts, ends, joined = borrowed((data, starts, ends, joined))
    place = int64(0)
    for run in range(starts.size):
        for byte in range(starts[run], ends[run]):
            joined[place] = item(data, byte)
            place += 1
        joined[place] = uint8(10)
        place += 1


@kernel
def byte_offsets(text: Any, units: Any) -> Any:
    """Replace ascending UTF-16 positions by byte positions and return how many there are.

    Those within a surrogate pair are left out.
    """
    text, units = borrowed((text, units))
    count = place = unit = int64(0)
    for number in range(units.size):
        wanted = units[number]
        while unit < wanted and place < text.size:
            unit += 1 + int64(text[place] >= 0xF0)
            place += 1
            while place < text.size and (text[place] & 0xC0) == 0x80:
                place += 1
        if unit == wanted:
            units[count] = place
            count += 1
    return count


@inlined
def _copy_words(words: Any, start: Any, end: Any, found: Any, at: Any) -> None:
    """Enter words from `start` to `end`."""
    for word in range(end - start):
        put(found.starts, at + word, item(words.starts, start + word))
        put(found.ends, at + word, item(words.ends, start + word))
        put(found.lengths, at + word, item(words.lengths, start + word))
        put(found.classes, at + word, item(words.classes, start + word))
        put(found.raw_hashes, at + word, item(words.raw_hashes, start + word))
        put(found.dedup_hashes, at + word, item(words.dedup_hashes, start + word))


@kernel
def replace_runs(
    data: Any, words: Any, runs: Any, first: Any, cuts: Any, tables: Any, found: Any, new_first: Any
) -> Any:
    """Fill `found` with the words, each run cut, and return how many there are."""
    data, words, runs, first, cuts = borrowed((data, words, runs, first, cuts))
    tables, found, new_first = borrowed((tables, found, new_first))
    count = copied = document = int64(0)
    for run in range(runs.size):
        word = runs[run]
        while first[document + 1] <= word:  # documents that end before the run
            document += 1
            new_first[document] = count + first[document] - copied
        _copy_words(words, copied, word, found, count)
        count += word - copied
        copied = word + 1
        offset, end, kind = words.starts[word], words.ends[word], words.classes[word]
        start, cut = offset, cuts.first[run]
        while start < end:
            stop = min(end, cuts.ends[cut] + offset) if cut < cuts.ends.size else end
            cut += 1
            put_part(data, start, stop, kind, tables, found, count)
            count += 1
            start = stop
    while document < first.size - 1:
        document += 1
        new_first[document] = count + first[document] - copied
    last = first[first.size - 1]
    _copy_words(words, copied, last, found, count)
    return count + last - copied
