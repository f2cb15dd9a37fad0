"""How fast the words of each language are found: measured anew on a little of its text."""

from time import process_time
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.rundir import RunDir
from stages.text.arrays import Segments
from stages.text.language import DICTIONARY

FILES: Final = 4
"""Of so many files at most: what is read does not grow with the run."""

SAMPLE_BYTES: Final = 50_000
"""Of each language, of its first row group in one of the files."""

LEAST_BYTES: Final = 1_000
"""Less takes too little time to be told."""

ROWS_AT_ONCE: Final = 32


def segmentation_speeds(run: RunDir) -> dict[str, float]:
    """MB of text per second of one core in which words are found, by language; none for languages of little text."""
    speeds: dict[str, float] = {}
    for path in run.files("documents")[:FILES]:
        with run.opened(path) as file:
            for code, group in _first_groups(file).items():
                if code not in speeds and len(texts := _texts(file, group)):
                    segmenter = run.record["languages"].get(code, {}).get("text", {}).get("segmenter", DICTIONARY)
                    _ = Segments(texts, segmenter).words  # loads what these texts need: not all is needed by the first
                    segments = Segments(texts, segmenter)
                    begun = process_time()
                    _ = segments.words
                    seconds = process_time() - begun
                    size = int(segments.offsets[-1] - segments.offsets[0])
                    if size >= LEAST_BYTES and seconds > 0:
                        speeds[code] = size / 1e6 / seconds
    return speeds


def _first_groups(file: pq.ParquetFile) -> dict[str, int]:
    """The first row group of each language; those without statistics are left out."""
    names = file.schema_arrow.names
    if "language" not in names or "text" not in names:
        return {}
    place = next(number for number in range(file.metadata.num_columns) if file.schema.column(number).path == "language")
    found: dict[str, int] = {}
    for group in range(file.metadata.num_row_groups):
        statistics = file.metadata.row_group(group).column(place).statistics
        if statistics is not None and statistics.has_min_max:
            found.setdefault(str(statistics.min), group)
    return found


def _texts(file: pq.ParquetFile, group: int) -> pa.ChunkedArray:
    """The first texts of a row group; of a long one no more is read than is needed."""
    held: list[pa.Array] = []
    size = 0
    for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group], columns=["text"], use_threads=False):
        sizes = pc.cumulative_sum(pc.binary_length(batch.column(0).cast(pa.large_string()))).to_numpy()
        rows = int((sizes < SAMPLE_BYTES - size).sum()) + 1
        held.append(batch.column(0)[:rows])
        size += int(sizes[-1])
        if size >= SAMPLE_BYTES:
            break
    return pa.chunked_array(held, pa.large_string())
