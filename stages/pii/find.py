"""Personal data in a text: e-mail addresses, public IP addresses, phone numbers, IBANs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
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
from stages.text.batch import TextBatch

Kind = Literal["email", "ip", "iban", "phone"]
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
    windows = candidates(batch.segments)
    counts = np.zeros(len(batch) + 1, np.int32)
    spans: list[tuple[int, int, str]] = []
    places = zip(*(array.tolist() for array in windows), strict=True)
    for document, those in groupby(places, itemgetter(0)):
        found = _checked(batch.segments.text(document), [place[1:] for place in those], config.kinds)
        counts[document + 1] = len(found)
        spans += found
    offsets = pa.array(np.cumsum(counts, dtype=np.int32))
    return pa.RecordBatch.from_arrays([pa.ListArray.from_arrays(offsets, _column(spans), type=SPANS)], schema=COLUMNS)


def _column(spans: list[tuple[int, int, str]]) -> pa.StructArray:
    if not spans:
        return _NO_SPANS
    values = [pa.array(part, field.type) for part, field in zip(zip(*spans, strict=True), _FIELDS, strict=True)]
    return pa.StructArray.from_arrays(values, fields=_FIELDS)


def _checked(text: str, windows: list[tuple[int, int, int]], kinds: tuple[Kind, ...]) -> list[tuple[int, int, str]]:
    """The spans of a text that lie in its windows: (kind of window, start, end)."""
    spans: dict[Kind, list[tuple[int, int]]] = {kind: [] for kind in FINDERS if kind in kinds}
    for window, start, end in windows:
        kind, finder, after = WINDOWS[window]
        if kind in spans:
            spans[kind] += finder(text, start, end + after)
    found: list[tuple[int, int, str]] = []
    for kind, those in spans.items():
        _add(found, kind, those)
    return sorted(found)


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
