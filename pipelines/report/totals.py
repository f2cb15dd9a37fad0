"""Sums over the ledger: what each step and each language took in, kept and rejected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.ledger import ENTERING, LEAVING, imbalances
from pipelines.rundir import RunDir
from stages.columns import UNKNOWN_LANGUAGE

MAIN = ("annotate", "cluster", "decide", "select")
"""Steps that every document passes, whatever the pipeline makes of the corpus."""


@dataclass
class StepTotals:
    """Documents of one step by flow; `reasons` are those of what was rejected."""

    name: str
    flows: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*ENTERING, *LEAVING), 0))
    reasons: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)  # of what ingestion kept: documents, bitext, instructions
    bytes: int = 0
    tokens: int | None = None  # that left the step
    unreadable: int = 0  # pieces of input whose records could not be counted

    def __getitem__(self, flow: str) -> int:
        return self.flows[flow]

    @property
    def entering(self) -> int:
        return sum(self.flows[flow] for flow in ENTERING)


@dataclass
class LanguageTotals:
    """Documents of one language from annotation to the corpus."""

    code: str
    entered: int = 0
    kept: int = 0
    entered_bytes: int = 0
    kept_bytes: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    tokens: int | None = None


@dataclass(frozen=True)
class Balance:
    """Whether every document is accounted for."""

    steps: int
    languages: int
    differences: tuple[str, ...]


def step_totals(run: RunDir) -> list[StepTotals]:
    """One entry for each step of the ledger, in its order."""
    totals: dict[str, StepTotals] = {}
    for row in run.ledger.to_pylist():
        total = totals.setdefault(row["step"], StepTotals(row["step"]))
        documents, flow = row["documents"] or 0, row["flow"]
        total.flows[flow] += documents
        total.bytes += (row["bytes"] or 0) if flow in ENTERING else 0
        if flow == "kept" and row["tokens"] is not None:
            total.tokens = (total.tokens or 0) + row["tokens"]
        if flow == "kept" and row["reason"]:
            total.kinds[row["reason"]] = total.kinds.get(row["reason"], 0) + documents
        if flow == "rejected":
            reason = row["reason"] or "unknown"
            total.reasons[reason] = total.reasons.get(reason, 0) + documents
        if flow == "quarantined" and row["documents"] is None:
            total.unreadable += 1
    return list(totals.values())


def language_totals(run: RunDir) -> list[LanguageTotals]:
    """One entry for each language, the largest first."""
    rows = run.ledger.to_pylist()
    main = [step for step in MAIN if any(row["step"] == step for row in rows)]
    totals: dict[str, LanguageTotals] = {}
    for row in rows:
        if row["language"] == UNKNOWN_LANGUAGE or row["step"] not in main:
            continue
        total = totals.setdefault(row["language"], LanguageTotals(row["language"]))
        _count(total, row, first=row["step"] == main[0], last=row["step"] == main[-1])
    for code, tokens in _tokens(run, rows).items():
        if code in totals:
            totals[code].tokens = tokens
    return sorted(totals.values(), key=lambda total: (-total.entered, total.code))


def _count(total: LanguageTotals, row: Mapping[str, Any], *, first: bool, last: bool) -> None:
    documents, size = row["documents"] or 0, row["bytes"] or 0
    if first and row["flow"] in ENTERING:
        total.entered += documents
        total.entered_bytes += size
    if last and row["flow"] == "kept":
        total.kept += documents
        total.kept_bytes += size
    if row["flow"] == "rejected":
        reason = row["reason"] or "unknown"
        total.reasons[reason] = total.reasons.get(reason, 0) + documents


def _tokens(run: RunDir, rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Tokens of the mixtures, by language."""
    sums: dict[str, int] = {}
    for row in rows:
        if row["step"].startswith("mix") and row["flow"] == "kept" and row["tokens"] is not None:
            sums[row["language"]] = sums.get(row["language"], 0) + row["tokens"]
    return sums


def balance(run: RunDir) -> Balance:
    """The ledger's balance: in + created + repeated = kept + rejected + quarantined, per step and language."""
    rows = run.ledger.to_pylist()
    languages = {row["language"] for row in rows} - {UNKNOWN_LANGUAGE}
    return Balance(len({row["step"] for row in rows}), len(languages), tuple(imbalances(rows)))


def grouped(reasons: Mapping[str, int]) -> dict[str, int]:
    """Reasons summed by the stage that gave them, as `quality.gopher` of `quality.gopher.word_count`."""
    sums: dict[str, int] = {}
    for reason, documents in reasons.items():
        sums[stage_of(reason)] = sums.get(stage_of(reason), 0) + documents
    return sums


def stage_of(reason: str) -> str:
    """The stage part of a reason; reasons of ingestion, deduplication and selection are one group each."""
    first, _, _ = reason.partition(".")
    return first if first in ("ingest", "dedup", "select", "run") else reason.rpartition(".")[0] or reason
