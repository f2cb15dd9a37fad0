"""Where datatrove's filters and our columns decide otherwise, and what explains it."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations

from infra.benchmarks.agreement.bounds import FILTERS, our_columns, our_decisions, reasons_of
from infra.benchmarks.agreement.differences import DELIBERATE, Difference
from infra.benchmarks.agreement.theirs import Theirs
from infra.benchmarks.agreement.values import differing_values
from infra.benchmarks.documents import Batch
from stages.adapter.splitter import splitter
from stages.text.batch import TextBatch


@dataclass(frozen=True)
class Outcome:
    """A difference on a document; `explanation` names what explains it, empty if nothing does."""

    document: str
    filter: str
    what: str
    explanation: str


def compare(batch: Batch, filters: Sequence[str] = FILTERS) -> list[Outcome]:
    """Every difference between these filters of datatrove and our columns on the documents of a batch."""
    shared = TextBatch(batch.rows, batch.language)
    words = splitter()
    theirs = Theirs(words, batch.language)
    found = []
    ids = batch.rows.column("doc_id").to_pylist()
    for document, (text, parts), row in zip(ids, shared, our_columns(batch), strict=True):
        words.current = parts
        for name, reasons in reasons_of(row).items():
            if name in filters:
                found += _decision(theirs, name, text, reasons, document)
        found += [Outcome(document, *difference) for difference in differing_values(theirs, text, parts, row, filters)]
    return found


def causes(batch: Batch, decided: Sequence[Mapping[str, str | None]]) -> list[dict[str, str]]:
    """For each row what makes each filter keep or drop otherwise than datatrove with its own words, as `decided`.

    Its filters get our words: where they then decide as we do, its words (C4: its sentences) are the cause, else what
    is different on purpose.
    """
    shared = TextBatch(batch.rows, batch.language)
    words = splitter()
    theirs = Theirs(words, batch.language)
    found = []
    for (text, parts), ours, own in zip(shared, our_decisions(batch), decided, strict=True):
        words.current = parts
        found.append(
            {
                name: _cause(theirs, name, text, reasons, own[name])
                for name, reasons in ours.items()
                if (own[name] is None) != (not reasons)
            }
        )
    return found


def _cause(theirs: Theirs, name: str, text: str, ours: frozenset[str], own: str | None) -> str:
    if own is not None and own.startswith("error"):
        return f"it fails ({own.removeprefix('error: ')})"
    if (theirs.decide(name, text) is None) == (not ours):
        return "its sentences" if name.startswith("c4") else "its words"
    return _explained(theirs, name, text, ours) or "unexplained"


def _decision(theirs: Theirs, name: str, text: str, ours: frozenset[str], document: str) -> list[Outcome]:
    first = theirs.decide(name, text)
    if _equal(first, ours):
        return []
    what = f"{first or 'keep'} → {' or '.join(sorted(ours)) or 'keep'}"
    return [Outcome(document, name, what, _explained(theirs, name, text, ours))]


def _equal(theirs: str | None, ours: frozenset[str]) -> bool:
    return theirs in ours if theirs is not None else not ours


def _explained(theirs: Theirs, name: str, text: str, ours: frozenset[str]) -> str:
    """The fewest deliberate differences without which datatrove decides as we do; empty where none do."""
    candidates = [difference for difference in DELIBERATE if name in difference.filters]
    for count in range(1, len(candidates) + 1):
        for chosen in combinations(candidates, count):
            if _equal(_decide_without(theirs, name, text, chosen), ours):
                return " and ".join(difference.name for difference in chosen)
    return ""


def _decide_without(theirs: Theirs, name: str, text: str, chosen: Sequence[Difference]) -> str | None:
    with ExitStack() as stack:
        for difference in chosen:
            stack.enter_context(difference.without())
        return theirs.decide(name, text)
