"""What an identifier says of each line of a text."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from stages.columns import IDENTIFICATION
from stages.identify.strings import Texts, lines


def by_lines(texts: Texts, identify: Callable[[Texts], pa.RecordBatch]) -> pa.ListArray:
    """For each text, rows of `columns.IDENTIFICATION` for its lines; an empty text, or null, has one line."""
    found, owner = lines(texts)
    rows = identify(found)
    offsets = np.searchsorted(owner, np.arange(len(texts.starts) + 1)).astype(np.int32)
    structs = pa.StructArray.from_arrays(rows.columns, fields=list(IDENTIFICATION))
    return pa.ListArray.from_arrays(pa.array(offsets), structs)
