"""Arrow string arrays as kernels read them."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa

Strings: TypeAlias = "pa.Array | pa.ChunkedArray"
"""An array of `string` or `large_string`."""


class Texts(NamedTuple):
    """Text i is the UTF-8 in data[starts[i]:ends[i]]; null reads as empty."""

    data: np.ndarray  # uint8
    starts: np.ndarray  # int64
    ends: np.ndarray  # int64


def chunks(strings: Strings) -> Iterator[Texts]:
    """The buffers of each chunk, without a copy of the text.

    Raises TypeError for another type, ValueError for offsets that leave their buffer: nothing else keeps kernels
    inside of it.
    """
    for array in strings.chunks if isinstance(strings, pa.ChunkedArray) else [strings]:
        yield _texts(array)


def _texts(array: pa.Array) -> Texts:
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        raise TypeError(f"texts are of type {array.type}; give string or large_string")
    kind = np.int64 if pa.types.is_large_string(array.type) else np.int32
    _, offset_buffer, text_buffer = array.buffers()
    data = np.zeros(1, np.uint8) if not text_buffer else np.frombuffer(text_buffer, np.uint8)
    if not len(array):
        return Texts(data, np.zeros(0, np.int64), np.zeros(0, np.int64))
    offsets = np.frombuffer(offset_buffer, kind, len(array) + 1, array.offset * np.dtype(kind).itemsize)
    whole: np.ndarray = offsets.astype(np.int64, copy=False)
    starts, ends = whole[:-1], whole[1:]
    if array.null_count:
        ends = np.where(np.asarray(array.is_valid()), ends, starts)
    if (
        whole.min() < 0
        or bool((np.asarray(ends) < np.asarray(starts)).any())
        or ends.max() > (text_buffer.size if text_buffer else 0)
    ):
        raise ValueError("offsets of the texts leave their buffer: the array is damaged")
    return Texts(data, np.ascontiguousarray(starts), np.ascontiguousarray(ends))


def lines(texts: Texts) -> tuple[Texts, np.ndarray]:
    """The lines of all texts, without their line feeds, and which text each is of; an empty text has one, empty."""
    feeds = np.flatnonzero(texts.data == 10)
    first = np.searchsorted(feeds, texts.starts)
    counts = np.searchsorted(feeds, texts.ends) - first
    owner = np.repeat(np.arange(len(counts)), counts + 1)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(counts + 1) - counts - 1, counts + 1)
    padded = np.concatenate([feeds, [0]])
    last = number == counts[owner]
    ends = np.where(last, texts.ends[owner], padded[np.minimum(first[owner] + number, len(feeds))])
    starts = np.where(number == 0, texts.starts[owner], padded[np.maximum(first[owner] + number - 1, 0)] + 1)
    return Texts(texts.data, starts.astype(np.int64), ends.astype(np.int64)), owner
