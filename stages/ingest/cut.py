"""How one file is cut into ranges that can be read apart."""

from collections.abc import Callable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from stages.ingest.detect import detect
from stages.ingest.parquet import Watched
from stages.ingest.read import Read
from stages.ingest.streams import compression

WHOLE = Read()


def cuts(
    name: str, size: int, target: int, open_stream: Callable[[], BinaryIO], config: Read = WHOLE
) -> list[tuple[int, int]]:
    """Ranges of about `target` bytes, in order and without gaps, for `read_records`.

    Uncompressed JSONL, and text by lines, is cut by bytes; Parquet by row groups (the range counts row groups, its
    target their compressed bytes). Anything else is one range, (0, size).
    """
    if size <= target:
        return [(0, size)]
    with open_stream() as stream:
        found, head = detect(name, stream)
        kind = config.format if config.format != "auto" else found
        if kind == "parquet":
            return _row_groups(stream, target) or [(0, size)]
    if compression(head) is None and (kind == "jsonl" or (kind == "text" and config.text_unit == "line")):
        return [(start, min(start + target, size)) for start in range(0, size, target)]
    return [(0, size)]


def _row_groups(stream: BinaryIO, target: int) -> list[tuple[int, int]]:
    watched = Watched(stream)
    try:
        about = pq.ParquetFile(watched).metadata
    except (pa.ArrowException, OSError, ValueError):
        if watched.failure is not None:
            raise watched.failure from None
        return []
    ranges: list[tuple[int, int]] = []
    start, held = 0, 0
    for group in range(about.num_row_groups):
        columns = about.row_group(group)
        held += sum(columns.column(at).total_compressed_size for at in range(columns.num_columns))
        if held >= target:
            ranges.append((start, group + 1))
            start, held = group + 1, 0
    return [*ranges, (start, about.num_row_groups)] if start < about.num_row_groups else ranges
