"""Labels of texts by a fastText model: the compiled kernel, straight on the buffers of an Arrow string array."""

from typing import Any

from numba import float32, int64, uint64

from stages.identify.best import best_labels
from stages.identify.bucket_rows import add_row, add_rows
from stages.identify.compiled import inlined, kernel
from stages.identify.lanes import LANES, clear_lanes
from stages.identify.ngrams_one_by_one import add_word_ngrams, word_hash
from stages.identify.remembered import recall, remember
from stages.identify.word_search import PENDING, find_edges, list_words
from stages.identify.word_sums import sum_up
from stages.text.windows import count_ones


@inlined
def _add_words(listed: Any, words: Any, data: Any, tables: Any, scratch: Any) -> Any:
    """Add the sums of the listed words, and word n-grams, to that of the text; how many rows, how many words."""
    sums, pending, rows, running = scratch.sums, scratch.pending, scratch.rows, scratch.running
    total = sums.shape[0] - PENDING - 1
    count, texts = 0, uint64(0)
    for word in range(listed):
        found = scratch.found[word]
        if running.size == 0:
            rows[texts] = scratch.at[word]
        elif found >= 0:
            add_row(sums, total, sums, scratch.at[word], rows)
            start = int64(pending[(word << uint64(3)) + uint64(5)])
            hashed = word_hash(data, start, start + int64(pending[(word << uint64(3)) + uint64(6)]))
            count += add_word_ngrams(sums, total, hashed, words, tables, running, rows)
            words += 1
        texts += uint64(found >= 0)
        count += max(found, 0)
    if running.size == 0:
        add_rows(sums, total, sums, rows, 0, int64(texts))
    return count, words


@kernel
def predict(data: Any, starts: Any, ends: Any, tables: Any, scratch: Any, labels: Any, scores: Any) -> None:
    """Fill in the best labels and their scores, (texts, k), of the texts data[starts[i]:ends[i]]; -1 where none is."""
    running, sums = scratch.running, scratch.sums
    width, total = sums.shape[1], sums.shape[0] - PENDING - 1
    shift = 64 - int64(count_ones(uint64(total // 3 - 1)))  # upper bits of a hash name a pair
    for text in range(starts.size):
        place, end = starts[text], ends[text]
        count, words = 0, 0
        for column in range(0, width, LANES):
            clear_lanes(sums, total, column)
        opened = int64(-1)
        while place < end:
            edges, place = find_edges(data, place, end, opened, scratch)
            opened = scratch.edges[edges - uint64(1)] if edges & uint64(1) else int64(-1)
            listed = list_words(data, edges >> uint64(1), end, shift, scratch)
            if listed < edges >> uint64(1):
                place = end
            missed = recall(listed, shift, scratch)
            if missed:
                sum_up(data, missed, tables, scratch)
            found, words = _add_words(listed, words, data, tables, scratch)
            count += found
            remember(missed, shift, scratch)
        if tables.end_of_line >= 0:
            add_row(sums, total, tables.matrix, tables.end_of_line, scratch.rows)
            count += 1
        if running.size:
            hashed = word_hash(b"</s>", 0, 4)
            count += add_word_ngrams(sums, total, hashed, words, tables, running, scratch.rows)
        for column in range(width):
            sums[total, column] *= float32(1.0) / float32(max(count, 1))
        best_labels(sums, total, tables, scratch, labels, scores, text, count > 0)
