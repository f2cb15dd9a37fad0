"""Personal data in a text: e-mail addresses, public IP addresses, phone numbers, IBANs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

import pyarrow as pa

from stages.columns import SPANS
from stages.pii.email import find_emails
from stages.pii.iban import find_ibans
from stages.pii.ip import find_ips
from stages.pii.phone import find_phones
from stages.registry import stage
from stages.text.batch import TextBatch

Kind = Literal["email", "ip", "iban", "phone"]
COLUMNS = pa.schema([("pii_spans", SPANS)])
FINDERS: Final[dict[Kind, Callable[[str], Iterator[tuple[int, int]]]]] = {
    "email": find_emails,
    "ip": find_ips,
    "iban": find_ibans,
    "phone": find_phones,
}
"""In order of precedence: what one has found, a later one does not see."""


@dataclass(frozen=True, kw_only=True)
class Find:
    """Options of `pii.find`: which kinds are looked for."""

    kinds: tuple[Kind, ...] = get_args(Kind)


@stage("pii.find", config=Find, writes=COLUMNS)
def find(batch: TextBatch, config: Find) -> pa.RecordBatch:
    """Find personal data as spans of kinds `email`, `ip`, `iban` and `phone`; `select` replaces them.

    IP addresses are public ones (private, reserved and documentation ranges stay), IBANs pass their checksum, phone
    numbers are international, in North American form, or follow a word for telephone. A text without any has an
    empty list.

    Reads:   text
    Writes:  pii_spans: list<struct<start: int32, end: int32, kind: string>>, characters, ascending, no overlap
    Source:  kinds of datatrove's PIIFormatter and of BigScience's PII work; checks: `ipaddress`, ISO 13616, E.164
    """
    return pa.RecordBatch.from_arrays(
        [pa.array([_spans(text, config.kinds) for text in batch.texts], SPANS)], schema=COLUMNS
    )


def _spans(text: str, kinds: tuple[Kind, ...]) -> list[dict[str, int | str]]:
    found: list[tuple[int, int, str]] = []
    for kind, finder in FINDERS.items():
        if kind in kinds:
            found += [
                (start, end, kind)
                for start, end in finder(text)
                if all(end <= known or start >= stop for known, stop, _ in found)
            ]
    return [{"start": start, "end": end, "kind": kind} for start, end, kind in sorted(found)]
