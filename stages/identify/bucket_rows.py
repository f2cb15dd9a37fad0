"""From the hash of an n-gram to its bucket, to the row of the matrix that it may have, to sums of rows."""

from typing import Any

from numba import int8, int32, int64, uint32, uint64

from stages.identify.compiled import inlined
from stages.identify.lanes import FNV_PRIME, LANES, add_lanes, fetch
from stages.text.windows import count_ones


@inlined
def fnv(value: Any, byte: Any) -> Any:
    """FNV-1a as fastText has it: bytes from 0x80 on are sign-extended."""
    return uint32((uint32(value) ^ uint32(int32(int8(byte)))) * uint32(FNV_PRIME))


@inlined
def bucket_of(hashed: Any, buckets: Any, magic: Any, shift: Any) -> Any:
    """Remainder of a hash by multiplication: the quotient is rounded down, so it may be one too small."""
    bucket = uint64(hashed) - ((uint64(hashed) * uint64(magic)) >> uint64(shift)) * uint64(buckets)
    return bucket - uint64(buckets) if bucket >= uint64(buckets) else bucket


@inlined
def passes(bucket: Any, tables: Any) -> Any:
    """0 for a bucket that surely has no row, else 1."""
    if tables.sieve.size == 0:
        return uint64(bucket != uint32(tables.buckets))
    place = uint64(bucket) & uint64(64 * tables.sieve.size - 1)
    return (tables.sieve[place >> uint64(6)] >> (place & uint64(63))) & uint64(1)


@inlined
def is_kept(bucket: Any, tables: Any) -> Any:
    """1 for a bucket that has a row; 0 for others, and for the number of buckets, which stands for none."""
    if tables.blocks.size == 0:
        return uint64(bucket != uint64(tables.buckets))
    return (tables.blocks[bucket >> uint64(5)] >> (bucket & uint64(31))) & uint64(1)


@inlined
def row_of(bucket: Any, tables: Any) -> Any:
    """Row of a bucket that has one."""
    if tables.blocks.size == 0:
        return int64(tables.words + int64(bucket))
    block = tables.blocks[bucket >> uint64(5)]
    # kept buckets from this one to the end of its block, so those before it
    after = count_ones((block & uint64(0xFFFFFFFF)) >> (bucket & uint64(31)))
    return int64(tables.words + int64(block >> uint64(32)) - int64(after))


@inlined
def name_rows(rows: Any, listed: Any, ranks: Any, tables: Any) -> None:
    """Put the rows of listed buckets in their place and ask for them; before each, how many of them have one.

    For those that have none it is the last row of the matrix, of zeros.
    """
    width, zero, kept = uint64(tables.matrix.shape[1]), int64(tables.matrix.shape[0] - 1), uint64(0)
    for number in range(listed):
        place = uint64(number)
        bucket = uint64(rows[place])
        there = is_kept(bucket, tables)
        found = zero + (row_of(bucket, tables) - zero) * int64(there)  # which cannot be foreseen: no branch
        rows[place], ranks[place] = found, int64(kept)
        fetch(tables.matrix, uint64(found) * width)
        kept += there
    ranks[listed] = int64(kept)


@inlined
def add_rows(target: Any, row: Any, source: Any, rows: Any, first: Any, count: Any) -> None:
    """Add the rows[first:first + count] of a matrix to a row of the target."""
    for column in range(0, source.shape[1], LANES):
        add_lanes(target, row, source, rows, first, count, column)


@inlined
def add_row(target: Any, row: Any, source: Any, source_row: Any, rows: Any) -> None:
    """Add one row of a matrix to a row of the target; `rows` is room to name it."""
    rows[0] = source_row
    add_rows(target, row, source, rows, 0, 1)
