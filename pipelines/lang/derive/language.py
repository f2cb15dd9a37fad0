"""The file of one language, derived from its reference."""

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from pipelines.lang.derive.confusable import find_confusable
from pipelines.lang.derive.methods import language_threshold
from pipelines.lang.derive.reference import Measured, Measurer, Reference, Scorer, joined
from pipelines.lang.derive.segmenter import fit_segmenter
from pipelines.lang.derive.stop_words import MISSED, NEEDED, StopWords, derive_stop_words
from pipelines.languages import (
    DEFAULT,
    Bound,
    BoundTable,
    IdentificationTable,
    LanguageFile,
    bounds_under,
    inherited_bounds,
    load_language,
    own_file,
    script_file,
)
from stages.corpus.fates import SECOND_SCORE
from stages.identify.codes import groups_of, name_of
from stages.text.language import DICTIONARY, LanguageText

BALANCE: Final = 60
"""Documents of a language and source that count among all languages."""

LEAST_BYTES: Final = 100_000
"""Of reference text, below which a language has the settings of its script."""

LEAST_LANGUAGES: Final = 3
"""Of a group with text, below which the group has no settings."""

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
    before: LanguageFile
    file: LanguageFile
    stop_words: StopWords | None = None
    threshold: Threshold | None = None

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
        for key, was, now in (
            ("segmenter", self.before.text.segmenter, self.file.text.segmenter),
            ("confusable", self.before.identification.confusable, self.file.identification.confusable),
        ):
            if was != now:
                lines.append(f"{key}: {_shown(was)} → {_shown(now)}")
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
    segmenter = fit_segmenter(reference) if kept.text.segmenter is None else None
    if kept.text.segmenter is None:
        text = replace(text, segmenter=segmenter.best if segmenter else DICTIONARY)
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
    if segmenter is not None:
        table = table.model_copy(update={"segmenter": segmenter.best, "segmenter_why": f"{DERIVED}{segmenter.told()}"})
    file = LanguageFile(
        name=before.name or name_of(code),
        identification=kept.identification if kept.identification.confusable else confusable_table(reference, score),
        text=table,
        bounds=dict(sorted(bounds.items())),
    )
    if file.falls_back():
        file = file.model_copy(update={"backoff": _backoff(reference, findings, enough)})
    described = reference.described() if reference.texts or words is None else words.described()
    return Derived(code, described, tuple(findings), before, file, stop_words, threshold)


def confusable_table(reference: Reference, score: Scorer | None) -> IdentificationTable:
    """The languages that the model confuses the reference's language with."""
    limit = load_language(DEFAULT).bounds[SECOND_SCORE].maximum
    found = find_confusable(reference, score, limit) if score is not None and limit is not None else None
    if found is None or limit is None or not found.codes:
        return IdentificationTable()
    return IdentificationTable(confusable=found.codes, confusable_why=f"{DERIVED}{found.told(limit)}")


def _shown(value: str | tuple[str, ...] | None) -> str:
    return value if isinstance(value, str) else " ".join(value or ()) or "none"


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
    plain = [part for part in parts if script_file(part.code).is_empty()]
    start = default_start(kept)
    together = joined(balanced([long_enough(part, start) for part in plain], BALANCE), DEFAULT)
    findings = derive_bounds(together, start, kept.bounds)
    bounds = dict(kept.bounds)
    for finding in findings:
        bounds[finding.column] = BoundTable(max=finding.value, why=finding.why(PUBLISHED[finding.column].why or ""))
    order = list(dict.fromkeys([*before.bounds, *bounds]))
    file = kept.model_copy(update={"bounds": dict(sorted(bounds.items(), key=lambda item: order.index(item[0])))})
    described = f"{len(together):,} documents of {len(plain)} languages"
    return Derived(DEFAULT, described, tuple(findings), before, file)


def derive_group(stem: str, parts: Sequence[Measured], extra_dir: str | None = None) -> Derived:
    """The file of a group of languages, over `_default`: wide enough for the clean text of all of them.

    Balanced as `derive_default` is, and without languages whose script has a file of its own.
    """
    before = own_file(stem, extra_dir)
    kept = without_derived(before)
    of_group = members(stem, parts)
    findings = group_findings(of_group, stem, bounds_under(inherited_bounds(stem, extra_dir), kept), kept.bounds)
    bounds = dict(sorted({**kept.bounds, **_tables(findings)}.items()))
    file = kept.model_copy(update={"name": before.name or stem[1:], "bounds": bounds})
    return Derived(stem, f"text of {len(of_group)} languages", tuple(findings), before, file)


def group_findings(
    parts: Sequence[Measured], stem: str, below: Mapping[str, Bound], fixed: Collection[str] = ()
) -> list[Finding]:
    """What the clean text of a group's languages says of bounds; nothing where it has few languages."""
    if len(parts) < LEAST_LANGUAGES:
        return []
    together = joined(balanced([long_enough(part, below) for part in parts], BALANCE), stem)
    return derive_bounds(together, below, fixed)


def members(stem: str, parts: Iterable[Measured]) -> list[Measured]:
    """Those of a group's languages whose script has no file of its own."""
    return [part for part in parts if stem[1:] in groups_of(part.code) and script_file(part.code).is_empty()]


def default_start(file: LanguageFile) -> dict[str, Bound]:
    """The bounds of every language before they are derived: published ones, and those that a person set."""
    return bounds_under(PUBLISHED, file)


def without_derived(file: LanguageFile) -> LanguageFile:
    """What of a file a person set."""
    text = file.text
    if (text.stop_words_why or "").startswith(DERIVED):
        text = text.model_copy(update={"stop_words": None, "stop_words_why": None})
    if (text.segmenter_why or "").startswith(DERIVED):
        text = text.model_copy(update={"segmenter": None, "segmenter_why": None})
    by_hand = not (file.identification.confusable_why or "").startswith(DERIVED)
    identification = file.identification if by_hand else IdentificationTable()
    bounds = {column: bound for column, bound in file.bounds.items() if not (bound.why or "").startswith(DERIVED)}
    return LanguageFile(name=file.name, identification=identification, text=text, bounds=bounds)


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
