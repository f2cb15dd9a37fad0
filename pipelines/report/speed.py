"""How fast the words of each language are found: measured anew on some of its text."""

from collections.abc import Iterator
from time import process_time
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.rundir import RunDir
from stages.text.arrays import Segments
from stages.text.language import DICTIONARY

SAMPLE_BYTES: Final = 100_000
"""Of each language, of its first row groups."""

LEAST_BYTES: Final = 1_000
"""Less takes too little time to be told."""

TIMES: Final = 2
"""How often a sample is cut; the shortest time counts, so that nothing is loaded in it."""


def segmentation_speeds(run: RunDir) -> dict[str, float]:
    """MB of text per second of one core in which words are found, by language; none for languages of little text."""
    samples: dict[str, list[pa.ChunkedArray]] = {}
    sizes: dict[str, int] = {}
    for file in run.parquet_files("documents"):
        for code, group in _groups(file):
            if sizes.get(code, 0) < SAMPLE_BYTES:
                texts = file.read_row_group(group, columns=["text"]).column("text")
                samples.setdefault(code, []).append(texts)
                sizes[code] = sizes.get(code, 0) + texts.nbytes
    return {code: speed for code, parts in samples.items() if (speed := _speed(run, code, parts)) is not None}


def _groups(file: pq.ParquetFile) -> Iterator[tuple[str, int]]:
    """Language and number of each row group; those without statistics are left out."""
    names = file.schema_arrow.names
    if "language" not in names or "text" not in names:
        return
    place = next(number for number in range(file.metadata.num_columns) if file.schema.column(number).path == "language")
    for group in range(file.metadata.num_row_groups):
        statistics = file.metadata.row_group(group).column(place).statistics
        if statistics is not None and statistics.has_min_max:
            yield str(statistics.min), group


def _speed(run: RunDir, code: str, parts: list[pa.ChunkedArray]) -> float | None:
    texts = pa.chunked_array([chunk for part in parts for chunk in part.chunks])
    segmenter = run.record["languages"].get(code, {}).get("text", {}).get("segmenter", DICTIONARY)
    shortest, size = float("inf"), 0
    for _ in range(TIMES):
        segments = Segments(texts, segmenter)
        begun = process_time()
        _ = segments.words
        shortest = min(shortest, process_time() - begun)
        size = int(segments.offsets[-1] - segments.offsets[0])
    return size / 1e6 / shortest if size >= LEAST_BYTES and shortest > 0 else None
