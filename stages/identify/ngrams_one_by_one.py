"""N-grams that are hashed one after the other: of the characters of words of any bytes, and of words."""

from typing import Any, Final

from numba import int32, int64, uint32, uint64

from stages.identify.bucket_rows import add_row, add_rows, bucket_of, fnv, is_kept, name_rows, row_of
from stages.identify.compiled import inlined, kernel
from stages.identify.lanes import FNV_BASIS

WORD_NGRAM: Final = 116049371
"""By which fastText multiplies the hash of the words before another one."""


@kernel
def add_any_ngrams(sums: Any, row: Any, data: Any, start: Any, end: Any, tables: Any, scratch: Any) -> Any:
    """Add the rows of the character n-grams of `<word>`, whatever its bytes are, and return how many there are."""
    rows, found, listed, room = scratch.rows, int64(0), uint64(0), uint64(scratch.rows.size)
    for place in range(start - 1, end):  # start - 1 is where the `<` would be
        first = uint32(60) if place < start else uint32(data[place])
        if first & uint32(0xC0) == uint32(0x80):
            continue
        hashed = fnv(uint32(FNV_BASIS), first)
        after, length = place + 1, 1
        while True:
            while after < end and data[after] & 0xC0 == 0x80:
                hashed = fnv(hashed, data[after])
                after += 1
            if length >= tables.minn and (length > 1 or place >= start):
                bucket = bucket_of(hashed, tables.buckets, tables.magic, tables.shift)
                rows[listed] = int64(bucket)
                listed += uint64(1)
            if length >= tables.maxn or after > end:
                break
            hashed = fnv(hashed, data[after] if after < end else 62)  # `>` ends the word
            after += 1
            length += 1
            if listed >= room:
                found += _add_listed(sums, row, listed, tables, scratch)
                listed = uint64(0)
    return found + _add_listed(sums, row, listed, tables, scratch)


@inlined
def _add_listed(sums: Any, row: Any, listed: Any, tables: Any, scratch: Any) -> Any:
    """Add the rows of the listed buckets that have one and return how many there are."""
    name_rows(scratch.rows, listed, scratch.ranks, tables)
    add_rows(sums, row, tables.matrix, scratch.rows, 0, int64(listed))
    return scratch.ranks[listed]


@kernel
def word_hash(data: Any, start: Any, end: Any) -> Any:
    """fastText's hash of a word, sign-extended as it enters the hash of a word n-gram."""
    hashed = uint32(FNV_BASIS)
    for place in range(start, end):
        hashed = fnv(hashed, data[place])
    return uint64(int64(int32(hashed)))


@kernel
def add_word_ngrams(target: Any, row: Any, hashed: Any, words: Any, tables: Any, running: Any, rows: Any) -> Any:
    """Add the rows of the word n-grams that end with the word number `words` of the text."""
    found, window = 0, running.size
    for back in range(1, min(window, words) + 1):
        at = (words - back) % window
        running[at] = uint64(running[at] * uint64(WORD_NGRAM) + hashed)
        bucket = running[at] % uint64(tables.buckets)
        if is_kept(bucket, tables):
            add_row(target, row, tables.matrix, row_of(bucket, tables), rows)
            found += 1
    running[words % window] = hashed
    return found
