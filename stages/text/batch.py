"""A batch of documents of one language with their shared segmentation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from stages.text.arrays import Segments
from stages.text.language import DICTIONARY, LanguageText
from stages.text.segmentation import Segmentation, segment


@dataclass(frozen=True)
class TextBatch:
    """Rows of `documents`, all of one language, segmented at most once.

    Every text stage of a worker gets the same object, so words, lines and sentences are found once per
    document whatever the number of signals.
    """

    rows: pa.RecordBatch
    language: LanguageText

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @cached_property
    def segments(self) -> Segments:
        """The parts of all rows as arrays, for kernels, words as the language's segmenter cuts them."""
        return Segments(self.rows.column("text"), self.language.segmenter)

    @cached_property
    def sketch_segments(self) -> Segments:
        """The same whatever the language: a sketch does not depend on what a text was identified as."""
        return self.segments if self.language.segmenter == DICTIONARY else Segments(self.rows.column("text"))

    @cached_property
    def texts(self) -> list[str]:
        """The text of each row; null reads as the empty string."""
        return [text or "" for text in self.rows.column("text").to_pylist()]

    @cached_property
    def segmentations(self) -> list[Segmentation]:
        """Words, sentences, lines and paragraphs of each row."""
        return [segment(text, self.language) for text in self.texts]

    def __iter__(self) -> Iterator[tuple[str, Segmentation]]:
        return iter(zip(self.texts, self.segmentations, strict=True))


def measured(schema: pa.Schema, rows: Sequence[Sequence[object]]) -> pa.RecordBatch:
    """Columns of a schema from the values of each document, in the schema's order."""
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def columns_in(schema: pa.Schema) -> Callable[[Sequence[np.ndarray]], pa.RecordBatch]:
    """What makes a batch of a schema of numbers from their values, int64 or float64, in the schema's order."""
    kinds = [(kind, np.dtype(kind.to_pandas_dtype())) for kind in schema.types]

    def columns(found: Sequence[np.ndarray]) -> pa.RecordBatch:
        arrays = [as_column(values, *kind) for values, kind in zip(found, kinds, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    return columns


def as_column(values: np.ndarray, kind: pa.DataType, dtype: np.dtype) -> pa.Array:
    """Numbers as a column without nulls; `pa.array` takes thrice the time, which a small batch feels."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values.astype(dtype, order="C"))])
