"""Words of scripts without spaces: ICU's dictionaries over all runs of a batch in one pass."""

from threading import local
from typing import Any

import icu
import numpy as np
from numba import int64, uint8, uint32, uint64

from stages.text.code_points import decode, entry, final, hash_step
from stages.text.compiled import borrowed, kernel
from stages.text.scan import MAY_COMPOSE, RUN, WordArrays, classes

_THREAD = local()


def cut_runs(data: np.ndarray, words: WordArrays, first: np.ndarray, tables: Any) -> tuple[WordArrays, np.ndarray]:
    """Words and the first of each document, with each run of an unspaced script replaced by its words."""
    runs = np.flatnonzero(words.classes & RUN)
    if not runs.size:
        return words, first
    joined = np.empty(int((words.ends[runs] - words.starts[runs]).sum()) + runs.size, np.uint8)
    join_runs(data, words, runs, joined)
    cuts = np.array(word_boundaries(joined.tobytes().decode()), np.int64)
    cuts = cuts[: byte_offsets(joined, cuts)]
    found, new_first = WordArrays.of_size(words.starts.size + cuts.size), np.zeros(first.size, np.int64)
    return found.cut(replace_runs(data, words, first, cuts, tables, found, new_first)), new_first


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
            joined[place] = data[byte]
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
def replace_runs(data: Any, words: Any, first: Any, cuts: Any, tables: Any, found: Any, new_first: Any) -> Any:
    """Fill `found` with the words, each run cut at the byte positions `cuts` of the joined runs; their number."""
    data, words, first, cuts, tables = borrowed((data, words, first, cuts, tables))
    found, new_first = borrowed((found, new_first))
    count = cut = shift = int64(0)  # shift: where the run begins in the joined runs
    for document in range(first.size - 1):
        for word in range(first[document], first[document + 1]):
            start, end = words.starts[word], words.ends[word]
            if not words.classes[word] & uint8(RUN):
                found.starts[count], found.ends[count], found.lengths[count] = start, end, words.lengths[word]
                found.classes[count] = words.classes[word]
                found.raw_hashes[count], found.dedup_hashes[count] = words.raw_hashes[word], words.dedup_hashes[word]
                count += 1
                continue
            doubt = words.classes[word] & uint8(MAY_COMPOSE)
            offset = start - shift
            shift += end - start + 1
            while start < end:
                while cut < cuts.size and cuts[cut] + offset <= start:
                    cut += 1
                stop = min(end, cuts[cut] + offset) if cut < cuts.size else end
                raw, key, seen, length = uint64(0), uint64(0), uint32(0), int64(0)
                place = start
                while place < stop:
                    point, place = decode(data, place)
                    at = entry(tables.blocks, point)
                    raw, key = hash_step(raw, point), hash_step(key, point + tables.folded[at])
                    seen |= tables.flags[at]
                    length += 1
                found.starts[count], found.ends[count], found.lengths[count] = start, stop, length
                found.classes[count] = classes(seen, raw, key) | uint8(RUN) | doubt
                found.raw_hashes[count], found.dedup_hashes[count] = final(raw), final(key)
                count += 1
                start = stop
        new_first[document + 1] = count
    return count
