"""Personal data in a text: e-mail addresses, public IP addresses, phone numbers, IBANs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Final, Literal, get_args

import numpy as np
import pyarrow as pa

from stages.columns import SPANS
from stages.pii.candidates import EMAIL, IBAN, IPV4, IPV6, PHONE, candidates
from stages.pii.email import find_emails
from stages.pii.iban import find_ibans
from stages.pii.ip import find_ips, find_ipv4, find_ipv6
from stages.pii.phone import find_phones
from stages.registry import stage
from stages.text.arrays import Segments
from stages.text.batch import TextBatch

Kind = Literal["email", "ip", "iban", "phone"]
Span = tuple[int, int, int, str]
"""Document, first character, end, kind."""
COLUMNS = pa.schema([("pii_spans", SPANS)])
_FIELDS: Final = list(SPANS.value_type)
_NO_SPANS: Final = pa.array([], SPANS.value_type)
FINDERS: Final[dict[Kind, Callable[[str], Iterator[tuple[int, int]]]]] = {
    "email": find_emails,
    "ip": find_ips,
    "iban": find_ibans,
    "phone": find_phones,
}
"""In order of precedence: what one has found, a later one does not see."""

WINDOWS: Final[dict[int, tuple[Kind, Callable[[str, int, int], Iterator[tuple[int, int]]], int]]] = {
    EMAIL: ("email", find_emails, 0),
    IPV4: ("ip", find_ipv4, 1),
    IPV6: ("ip", find_ipv6, 2),
    IBAN: ("iban", find_ibans, 0),
    PHONE: ("phone", find_phones, 1),
}
"""What each kind of window may hold, what looks at it, and how many characters that sees beyond."""


@dataclass(frozen=True, kw_only=True)
class Find:
    """Options of `pii.find`: which kinds are looked for."""

    kinds: tuple[Kind, ...] = get_args(Kind)


@stage("pii.find", config=Find, writes=COLUMNS, version=2)
def find(batch: TextBatch, config: Find) -> pa.RecordBatch:
    """Find personal data as spans of kinds `email`, `ip`, `iban` and `phone`; `select` replaces them.

    IP addresses are public ones (private, reserved and documentation ranges stay), IBANs pass their checksum, phone
    numbers are international, in North American form, or follow a word for telephone. A text without any has an
    empty list.

    Reads:   text
    Writes:  pii_spans: list<struct<start: int32, end: int32, kind: string>>, characters, ascending, no overlap
    Source:  kinds of datatrove's PIIFormatter and of BigScience's PII work; checks: `ipaddress`, ISO 13616, E.164
    """
    found = _checked(batch.segments, config.kinds)
    counts = np.zeros(len(batch) + 1, np.int32)
    if not found:
        return _as_batch(counts, _NO_SPANS)
    documents, *parts = zip(*found, strict=True)
    np.add.at(counts, np.array(documents) + 1, 1)
    values = [pa.array(part, field.type) for part, field in zip(parts, _FIELDS, strict=True)]
    return _as_batch(np.cumsum(counts, dtype=np.int32), pa.StructArray.from_arrays(values, fields=_FIELDS))


def _as_batch(offsets: np.ndarray, spans: pa.StructArray) -> pa.RecordBatch:
    column = pa.ListArray.from_arrays(pa.array(offsets), spans, type=SPANS)
    return pa.RecordBatch.from_arrays([column], schema=COLUMNS)


def _checked(segments: Segments, kinds: tuple[Kind, ...]) -> list[Span]:
    """What the patterns find in the windows of all documents, in order."""
    spans: list[Span] = []
    for document, window, origin, start, end, first, last in candidates(segments).tolist():
        kind, finder, after = WINDOWS[window]
        if kind in kinds:
            text = segments.data[first:last].tobytes().decode()
            for begin, stop in finder(text, start, end + after):
                spans.append((document, origin + begin, origin + stop, kind))
    spans.sort()
    return _without_overlaps(spans) if any(map(_overlap, pairwise(spans))) else spans


def _overlap(pair: tuple[Span, Span]) -> bool:
    """Whether the first of two spans ends behind the start of the second."""
    (document, _, end, _), (other, start, _, _) = pair
    return document == other and start < end


def _without_overlaps(spans: list[Span]) -> list[Span]:
    """Those that no span of a kind before theirs overlaps."""
    kept: list[Span] = []
    for document, those in groupby(spans, itemgetter(0)):
        together = list(those)
        found: list[tuple[int, int, str]] = []
        for kind in FINDERS:
            _add(found, kind, [(start, end) for _, start, end, known in together if known == kind])
        kept += [(document, *span) for span in sorted(found)]
    return kept


def find_plain(batch: TextBatch, config: Find) -> pa.RecordBatch:
    """The reference of `find`: every pattern over the whole of each text."""
    return pa.RecordBatch.from_arrays(
        [pa.array([_spans(text, config.kinds) for text in batch.texts], SPANS)], schema=COLUMNS
    )


def _spans(text: str, kinds: tuple[Kind, ...]) -> list[dict[str, int | str]]:
    found: list[tuple[int, int, str]] = []
    for kind, finder in FINDERS.items():
        if kind in kinds:
            _add(found, kind, list(finder(text)))
    return [{"start": start, "end": end, "kind": kind} for start, end, kind in sorted(found)]


def _add(found: list[tuple[int, int, str]], kind: Kind, spans: list[tuple[int, int]]) -> None:
    """Add the spans that overlap none of another kind."""
    free = [span for span in spans if all(span[1] <= known or span[0] >= stop for known, stop, _ in found)]
    found += [(start, end, kind) for start, end in free]
