"""Words of scripts without spaces: ICU's dictionaries over all runs of a batch in one pass."""

from threading import local
from typing import Any

import icu
import numpy as np
from numba import int64, uint8, uint32

from stages.text.code_points import decode, entry
from stages.text.compiled import borrowed, item, kernel
from stages.text.memory import room
from stages.text.scan import CHANGED, MAY_COMPOSE, RUN, WordArrays, put_word

_THREAD = local()


def cut_runs(data: np.ndarray, words: WordArrays, first: np.ndarray, tables: Any) -> tuple[WordArrays, np.ndarray]:
    """Words and the first of each document, with each run of an unspaced script replaced by its words.

    Equal runs are cut once.
    """
    runs = np.flatnonzero(words.classes & RUN)
    if not runs.size:
        return words, first
    _, distinct, kinds = np.unique(words.raw_hashes[runs], return_index=True, return_inverse=True)
    distinct = runs[distinct]
    begins = np.zeros(distinct.size, np.int64)
    np.cumsum(words.ends[distinct[:-1]] - words.starts[distinct[:-1]] + 1, out=begins[1:])
    joined = room(int((words.ends[distinct] - words.starts[distinct]).sum()) + distinct.size, np.uint8)
    join_runs(data, words, distinct, joined)
    cuts = np.array(word_boundaries(joined.tobytes().decode()), np.int64)
    cuts = cuts[: byte_offsets(joined, cuts)]
    first_cuts = np.searchsorted(cuts, begins, "right")
    most = words.starts.size + int(np.diff(np.append(first_cuts, cuts.size))[kinds].sum())
    found, new_first = WordArrays.of_size(most), np.zeros(first.size, np.int64)
    count = replace_runs(data, words, first, begins, kinds, cuts, first_cuts, tables, found, new_first)
    return found.cut(count), new_first


def word_boundaries(text: str) -> list[int]:
    """Ends of ICU's words, in UTF-16 units; a line break in the text is a word of its own."""
    iterator = getattr(_THREAD, "iterator", None)
    if iterator is None:  # made once per thread: it is not to be shared
        iterator = _THREAD.iterator = icu.BreakIterator.createWordInstance(icu.Locale.getRoot())
    iterator.setText(text)
    return list(iterator)


@kernel
def join_runs(data: Any, words: Any, runs: Any, joined: Any) -> None:
    """The bytes of the runs, each followed by a line break, so that ICU looks at each alone."""
    data, words, runs, joined = borrowed((data, words, runs, joined))
    place = int64(0)
    for run in runs:
        for byte in range(words.starts[run], words.ends[run]):
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


@kernel
def replace_runs(
    data: Any,
    words: Any,
    first: Any,
    begins: Any,
    kinds: Any,
    cuts: Any,
    first_cuts: Any,
    tables: Any,
    found: Any,
    new_first: Any,
) -> Any:
    """Fill `found` with the words, each run cut, and return how many there are.

    Run i is the one of `kinds[i]` among the joined ones: that begins at `begins` and its cuts at `first_cuts`.
    """
    data, words, first, begins, kinds, cuts = borrowed((data, words, first, begins, kinds, cuts))
    first_cuts, tables, found, new_first = borrowed((first_cuts, tables, found, new_first))
    count = run = int64(0)
    for document in range(first.size - 1):
        for word in range(first[document], first[document + 1]):
            start, end = words.starts[word], words.ends[word]
            if not words.classes[word] & uint8(RUN):
                found.starts[count], found.ends[count], found.lengths[count] = start, end, words.lengths[word]
                found.classes[count] = words.classes[word]
                found.raw_hashes[count], found.dedup_hashes[count] = words.raw_hashes[word], words.dedup_hashes[word]
                count += 1
                continue
            more = words.classes[word] & uint8(MAY_COMPOSE | CHANGED) | uint8(RUN)
            kind = kinds[run]
            run += 1
            offset, cut = start - begins[kind], first_cuts[kind]
            while start < end:
                stop = min(end, cuts[cut] + offset) if cut < cuts.size else end
                cut += 1
                seen, length, place = uint32(0), int64(0), start
                while place < stop:
                    point, place = decode(data, place)
                    seen |= item(tables.flags, entry(tables.blocks, point))
                    length += 1
                put_word(data, start, stop, length, seen, more, tables, found, count)
                count += 1
                start = stop
        new_first[document + 1] = count
    return count
