"""Spans applied to a text: cuts and replacements in one pass."""

from collections.abc import Iterable, Mapping
from typing import Any

CUT = "cut"
"""Kind of a span whose characters are removed; every other kind leaves a placeholder."""


def apply_spans(text: str, spans: Iterable[Mapping[str, Any]], replacements: Mapping[str, str] | None = None) -> str:
    """The text with each span replaced by what `replacements` has for its kind, by default `<KIND>`.

    Spans are as in `columns.SPANS`: half-open character ranges, in any order. Overlapping spans become one, of the
    kind of the longest, of equals the first. Ranges are clipped to the text; empty ones do nothing.
    """
    replacements = replacements or {}
    pieces, end = [], 0
    for start, stop, kind in merged(spans, len(text)):
        pieces.append(text[end:start])
        if kind != CUT:
            pieces.append(replacements.get(kind, f"<{kind.upper()}>"))
        end = stop
    pieces.append(text[end:])
    return "".join(pieces)


def merged(spans: Iterable[Mapping[str, Any]], length: int) -> list[tuple[int, int, str]]:
    """Ascending ranges without overlap within a text of that length; ranges that only touch stay apart."""
    clipped = sorted((max(span["start"], 0), min(span["end"], length), span["kind"]) for span in spans)
    found: list[tuple[int, int, str]] = []
    longest = 0
    for start, end, kind in clipped:
        if start >= end:
            continue
        if found and start < found[-1][1]:
            first, last, known = found[-1]
            found[-1] = (first, max(last, end), kind if end - start > longest else known)
            longest = max(longest, end - start)
        else:
            found.append((start, end, kind))
            longest = end - start
    return found
