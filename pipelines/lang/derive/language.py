"""The file of one language, derived from its reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pipelines.lang.derive.bounds import (
    DERIVED,
    LEAST_DOCUMENTS,
    PUBLISHED,
    Finding,
    balanced,
    derive_bounds,
    long_enough,
)
from pipelines.lang.derive.methods import language_threshold
from pipelines.lang.derive.reference import Measured, Measurer, Reference, Scorer, joined
from pipelines.lang.derive.stop_words import MISSED, NEEDED, StopWords, derive_stop_words
from pipelines.languages import (
    Bound,
    BoundTable,
    LanguageFile,
    bounds_under,
    inherited_bounds,
    load_language,
    own_file,
    script_file,
)
from stages.identify.codes import name_of
from stages.text.language import LanguageText

DEFAULT: Final = "_default"

BALANCE: Final = 60
"""Documents of a language and source that count among all languages."""

LEAST_BYTES: Final = 100_000
"""Of reference text, below which a language has the settings of its script."""

LEAST_SCORES: Final = 100
"""Correctly identified documents, below which a threshold of language identification is not written."""

LOST_SCORES: Final = 0.005
"""Of correctly identified clean text that the written threshold may lose."""

HIGHEST_THRESHOLD: Final = 0.5
"""Pages of the web score lower than the clean text that a threshold is derived of."""


@dataclass(frozen=True)
class Threshold:
    """A threshold of language identification: FineWeb-2's τ, what it loses of right text, and what is written."""

    model: str
    documents: int
    tau: float
    tau_loses: float
    value: float

    @property
    def why(self) -> str:
        """Where the number was measured."""
        return (
            f"{DERIVED}{self.model} gives {self.documents:,} clean documents that it identifies so a lower score in at "
            f"most {LOST_SCORES:.1%}; FineWeb-2's τ = {self.tau:.2f} would lose {self.tau_loses:.1%} of them"
        )


@dataclass(frozen=True)
class Derived:
    """What was found for a language, and the file that says it."""

    code: str
    described: str
    findings: tuple[Finding, ...]
    stop_words: StopWords | None
    threshold: Threshold | None
    before: LanguageFile
    file: LanguageFile

    def differences(self) -> list[str]:
        """What the file would change, one line each."""
        lines = [
            f"{finding.column}: {finding.side} {finding.inherited:g} → {finding.value:g}"
            for finding in self.findings
            if finding.changed
        ]
        if self.findings and self.findings[0].documents < LEAST_DOCUMENTS:
            lines.append(f"{self.findings[0].documents} documents, {LEAST_DOCUMENTS} needed: bounds of its script")
        lines += [f"refused: {finding.refused}" for finding in self.findings if finding.refused]
        score = self.file.bounds.get("language_score")
        if self.threshold is not None and score is not None and score.why == self.threshold.why:
            lines.append(f"language_score: min → {self.threshold.value:g} (τ = {self.threshold.tau:.2f})")
        if self.stop_words is not None:
            lines.append(f"stop words: {' '.join(self.stop_words.words)}")
        if self.file.backoff:
            lines.append(f"back-off: {self.file.backoff}")
        return lines


def derive_language(
    reference: Reference,
    words: Reference | None,
    measure: Measurer,
    score: Scorer | None,
    medians: Mapping[str, float] | None = None,
    extra_dir: str | None = None,
) -> Derived:
    """What the reference says of its language.

    Values that a person set stay; those of an earlier derivation are replaced. Bounds and stop words need
    `LEAST_BYTES` of reference; `words` is the text that the list may be taken from, None for no list.
    """
    code = reference.code
    before = own_file(code, extra_dir)
    kept = without_derived(before)
    stop_words = derive_stop_words(words) if words is not None and not kept.text.stop_words else None
    text = load_language(code, extra_dir).text
    if stop_words is not None:
        text = replace(text, stop_words=frozenset(stop_words.words))
    elif not kept.text.stop_words:
        text = replace(text, stop_words=LanguageText().stop_words)
    measured = measure(reference, text)
    if stop_words is not None and misses(measured, inherited_bounds(code, extra_dir)):
        stop_words, text = None, replace(text, stop_words=LanguageText().stop_words)
        measured = measure(reference, text)
    below = bounds_under(inherited_bounds(code, extra_dir), kept)
    enough = reference.text_bytes >= LEAST_BYTES
    findings = derive_bounds(measured, below, kept.bounds, medians) if enough else []
    threshold = derive_threshold(reference, score, below.get("language_score")) if score is not None else None
    bounds = {**kept.bounds, **_tables(findings)}
    if threshold is not None and "language_score" not in bounds and threshold.value > _least(below):
        bounds["language_score"] = BoundTable(min=threshold.value, why=threshold.why)
    table = kept.text
    if stop_words is not None:
        table = table.model_copy(update={"stop_words": stop_words.words, "stop_words_why": stop_words.why})
    own = bool(bounds) or table != LanguageFile().text
    file = LanguageFile(
        name=before.name or name_of(code),
        backoff=None if own else _backoff(reference, findings, enough),
        text=table,
        bounds=dict(sorted(bounds.items())),
    )
    described = reference.described() if reference.texts or words is None else words.described()
    return Derived(code, described, tuple(findings), stop_words, threshold, before, file)


def misses(measured: Measured, bounds: Mapping[str, Bound]) -> bool:
    """Whether too many documents have too few of the stop words, so that the list would drop clean text."""
    documents = long_enough(measured, bounds)
    return bool((documents.columns["stop_word_count"] < NEEDED).sum() > MISSED * len(documents))


def derive_default(parts: Sequence[Measured], extra_dir: str | None = None) -> Derived:
    """The file of every language: published bounds, widened on at most `BALANCE` documents of a language and source.

    Languages whose script has a file of its own are left out: it says what is different there.
    """
    before = own_file(DEFAULT, extra_dir)
    kept = without_derived(before)
    plain = [part for part in parts if script_file(part.code) == LanguageFile()]
    start = default_start(kept)
    together = joined(balanced([long_enough(part, start) for part in plain], BALANCE), DEFAULT)
    findings = derive_bounds(together, start, kept.bounds)
    bounds = dict(kept.bounds)
    for finding in findings:
        bounds[finding.column] = BoundTable(max=finding.value, why=finding.why(PUBLISHED[finding.column].why or ""))
    order = list(dict.fromkeys([*before.bounds, *bounds]))
    file = kept.model_copy(update={"bounds": dict(sorted(bounds.items(), key=lambda item: order.index(item[0])))})
    described = f"{len(together):,} documents of {len(plain)} languages"
    return Derived(DEFAULT, described, tuple(findings), None, None, before, file)


def default_start(file: LanguageFile) -> dict[str, Bound]:
    """The bounds of every language before they are derived: published ones, and those that a person set."""
    return bounds_under(PUBLISHED, file)


def without_derived(file: LanguageFile) -> LanguageFile:
    """What of a file a person set."""
    text = file.text
    if (text.stop_words_why or "").startswith(DERIVED):
        text = text.model_copy(update={"stop_words": None, "stop_words_why": None})
    bounds = {column: bound for column, bound in file.bounds.items() if not (bound.why or "").startswith(DERIVED)}
    return LanguageFile(name=file.name, text=text, bounds=bounds)


def derive_threshold(reference: Reference, score: Scorer, inherited: Bound | None) -> Threshold | None:
    """The threshold of the reference's language; None where too few documents are identified as it.

    Written is the smallest of τ, the score that 99.5 % of right text reaches and `HIGHEST_THRESHOLD`, rounded down to
    a twentieth.
    """
    scores = score(reference)
    if scores.size < LEAST_SCORES:
        return None
    tau = language_threshold(scores)
    reached = float(np.quantile(scores, LOST_SCORES, method="lower"))
    value = np.floor(round(min(tau, reached, HIGHEST_THRESHOLD) * 20, 6)) / 20
    return Threshold(score.model, int(scores.size), tau, float((scores < tau).mean()), float(value))


def _least(bounds: Mapping[str, Bound]) -> float:
    bound = bounds.get("language_score")
    return (bound.minimum or 0.0) if bound else 0.0


def _tables(findings: Sequence[Finding]) -> dict[str, BoundTable]:
    """The changed sides as a file has them."""
    found: dict[str, BoundTable] = {}
    for finding in findings:
        if finding.changed:
            before = found.get(finding.column, BoundTable())
            why = f"{before.why}; {finding.why().removeprefix(DERIVED)}" if before.why else finding.why()
            found[finding.column] = before.model_copy(update={finding.side: finding.value, "why": why})
    return found


def _backoff(reference: Reference, findings: list[Finding], enough: bool) -> str:
    script = reference.code.partition("_")[2]
    if not reference.texts:
        return f"no reference text: the settings of its script, {script}"
    if not enough:
        size = f"{reference.text_bytes / 1000:.1f} kB of reference text"
        return f"{size} ({reference.described()}), below {LEAST_BYTES // 1000} kB: the settings of its script, {script}"
    count = findings[0].documents if findings else 0
    if count < LEAST_DOCUMENTS:
        return f"{reference.described()}, fewer than the {LEAST_DOCUMENTS} that show a tail: the settings of {script}"
    worst = max(finding.dropped_before for finding in findings)
    return f"no bound of {script} drops more than {worst} of {reference.described()}: nothing to change"
