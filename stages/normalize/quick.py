"""Texts of a batch in their normal form: a look at the bytes tells which need what, and few need the careful code."""

import unicodedata
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from stages.normalize.edit_kernel import cleaned, trimmed
from stages.normalize.kinds import (
    COMPOSES,
    FIRST,
    MISREAD,
    NEWLINE,
    ONCE,
    SECOND_OF,
    SPACE,
    TRIM,
    TWICE,
    UNCLEAN,
    kind_of,
    kind_tables,
    seconds,
)
from stages.normalize.look_kernel import flags_of_texts, lines_misread
from stages.normalize.mojibake import repair_candidate, repair_line
from stages.normalize.unicode import SOFT_HYPHEN, NormalizeUnicode, clean, has_late_control, normalize_text
from stages.text.arrays import buffers
from stages.text.ordered import ordered


class _Part(NamedTuple):
    """Texts that stand for some rows of a batch, and what is still to be done with them."""

    texts: pa.LargeStringArray
    rows: np.ndarray
    flags: np.ndarray


def normalize_texts(texts: list[str], config: NormalizeUnicode) -> list[str]:
    """`normalize_text` of each text."""
    found: list[str] = normalized(texts, config).to_pylist()
    return found


def normalized(texts: list[str] | pa.LargeStringArray, config: NormalizeUnicode) -> pa.LargeStringArray:
    """`normalize_text` of each text; those that it would not change are only looked at, as bytes.

    Where no sign of mojibake is left when a text is clean, nothing but `trim` remains to be done.
    """
    try:
        column = pa.array(texts, pa.large_string()) if isinstance(texts, list) else texts
    except UnicodeEncodeError:  # a lone surrogate somewhere
        return pa.array([normalize_text(text, config) for text in texts], pa.large_string())
    flags = suspects(column)
    if not flags.any():
        return column
    edited = flags & (UNCLEAN | COMPOSES) > 0
    parts = [_Part(column, np.arange(len(column)), np.where(edited, 0, flags))]
    misread = _soft_misread(column, flags)
    if edited.any():
        parts += _edited(column, flags)
    for part in parts:
        misread |= _misread_rows(part)
    return _replaced(parts, {row: normalize_text(column[row].as_py(), config) for row in sorted(misread)})


def _soft_misread(column: pa.LargeStringArray, flags: np.ndarray) -> set[int]:
    """Rows in which a soft hyphen may be half of a character: `normalize_text` looks before it cleans them."""
    rows = np.flatnonzero((flags & MISREAD > 0) & (flags & UNCLEAN > 0)).tolist()
    return {row for row in rows if SOFT_HYPHEN in column[row].as_py()}


def _edited(column: pa.LargeStringArray, flags: np.ndarray) -> list[_Part]:
    """The texts that are not clean, as `clean` makes them; those that NFC may change apart."""
    rows = np.flatnonzero(flags & UNCLEAN)
    parts = []
    composed = {
        row: unicodedata.normalize("NFC", column[row].as_py())
        for row in np.flatnonzero(flags & (UNCLEAN | COMPOSES) == COMPOSES).tolist()
    }
    if rows.size:
        texts = _column(*cleaned(*buffers(column), rows, kind_tables()))
        left = suspects(texts)
        hard = left & COMPOSES > 0
        composed |= {row: clean(column[row].as_py()) for row in rows[hard].tolist()}
        parts.append(_Part(texts, rows, np.where(hard, 0, left)))
    if composed:
        texts = pa.array(list(composed.values()), pa.large_string())
        parts.append(_Part(texts, np.array(list(composed)), suspects(texts)))
    return parts


def _misread_rows(part: _Part) -> set[int]:
    """Rows whose clean texts have a line that is mojibake after all, trimmed or not, or hold a C1 control."""
    suspected = np.flatnonzero(part.flags & MISREAD)
    if not suspected.size:
        return set()
    data, bounds = buffers(part.texts)
    found = set()
    for at, start, end in lines_misread(data, bounds, suspected, kind_tables()).T.tolist():
        if at not in found and not _is_well_read(data[start:end].tobytes().decode()):
            found.add(at)
    return {int(part.rows[at]) for at in found}


def _is_well_read(line: str) -> bool:
    """Whether the careful code would leave a line as it is, but for trimming it."""
    if has_late_control(line) or repair_candidate(line) != line:
        return False
    return not line[-1].isspace() or repair_line(line.rstrip()) == line.rstrip()


def _replaced(parts: list[_Part], changed: dict[int, str]) -> pa.LargeStringArray:
    """The texts of the first part, which are all rows of a batch, with those of the others in their place, trimmed."""
    order = np.arange(len(parts[0].rows))
    columns: list[pa.LargeStringArray] = []
    for part in parts:
        _place(order, columns, part.rows, part.texts)
        rows = np.flatnonzero(part.flags & TRIM)
        if rows.size:
            _place(order, columns, part.rows[rows], _column(*trimmed(*buffers(part.texts), rows, kind_tables())))
    if changed:
        _place(order, columns, np.array(list(changed)), pa.array(list(changed.values()), pa.large_string()))
    return ordered(columns, order) if len(columns) > 1 else columns[0]


def _place(order: np.ndarray, columns: list[pa.LargeStringArray], rows: np.ndarray, texts: Any) -> None:
    """Put the texts in the place of these rows."""
    order[rows] = sum(map(len, columns)) + np.arange(len(rows))
    columns.append(texts)


def _column(data: np.ndarray, bounds: np.ndarray) -> pa.LargeStringArray:
    return pa.LargeStringArray.from_buffers(len(bounds) - 1, pa.py_buffer(bounds), pa.py_buffer(data))


def suspects(column: pa.LargeStringArray) -> np.ndarray:
    """For each text the flags UNCLEAN, COMPOSES, TRIM and MISREAD; zero means that normalization leaves it as it is.

    A text may be flagged in vain, never the other way round.
    """
    return flags_of_texts(*buffers(column), kind_tables()) if len(column) else np.zeros(0, np.uint8)


def suspect_plain(text: str) -> int:
    """Reference of `suspects` for one text."""
    kinds = [kind_of(character) for character in text]
    flags = 0
    for kind in kinds:
        flags |= kind & (UNCLEAN | COMPOSES | MISREAD)
    met = [(first >> FIRST) & (second >> SECOND_OF) for first, second in pairwise(kinds)]
    if any(found & ONCE for found in met) or any(a & b & TWICE for a, b in zip(met, met[2:], strict=False)):
        flags |= MISREAD
    if any(_meet(*both) for both in pairwise(text)):
        flags |= COMPOSES
    if any(kind & SPACE and following & NEWLINE for kind, following in pairwise([*kinds, NEWLINE])):
        flags |= TRIM
    if text.startswith("\n") or text.endswith("\n") or "\n\n\n\n" in text:
        flags |= TRIM
    return flags


def _meet(before: str, character: str) -> bool:
    """Whether NFC may join two neighbours, the first of which stands for all marks before, or change their order."""
    order, order_before = unicodedata.combining(character), unicodedata.combining(before)
    if order_before:
        return order_before > order > 0 or (character in seconds() and order_before < order)
    return character in seconds() and not unicodedata.is_normalized("NFC", before + character)
