"""Bounds of a language: those it inherits, widened where they drop more of its clean text than they may."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pipelines.lang.derive.methods import Side, all_methods, interval, quantile
from pipelines.lang.derive.reference import Measured
from pipelines.language_checks import cannot_bind
from pipelines.languages import Bound

SHARE: Final = 0.0075
"""Of the reference that bounds may drop together, so that of text which they were not derived of it is 1 %."""

TAILS: Final = (0.005, 0.0025, 0.001, 0.0005)
"""Shares that one bound may drop, tried in turn until all together drop no more than `SHARE`."""

NEARLY: Final = 1.1
"""Where the ceilings keep all of them above `SHARE`: times the least that can be reached, which is as good."""

LEAST_DOCUMENTS: Final = 250
"""Fewer do not show the tails that bounds are set at: the language keeps what it inherits."""

DERIVED: Final = "derived: "
"""How the reason of a value begins that the next derivation may replace."""

MANY_SOURCES: Final = 5
"""More are not named in a reason."""

NOT_DERIVED: Final = frozenset(
    (
        "word_count",
        "stop_word_count",
        "flagged_word_ratio",
        "url_blocked",
        "lorem_ipsum_count",
        "policy_line_count",
        "javascript_line_count",
    )
)
"""Lengths, signs of the language itself and signs of bad text: a reference that fails them is no reference."""

PUBLISHED: Final[Mapping[str, Bound]] = {
    bound.column: bound
    for bound in (
        *(Bound(f"duplicate_{part}_ratio", None, 0.3, "Gopher, table A1") for part in ("paragraph", "line")),
        *(Bound(f"duplicate_{part}_char_ratio", None, 0.2, "Gopher, table A1") for part in ("paragraph", "line")),
        *(Bound(f"top_{n}gram_char_ratio", None, (24 - 2 * n) / 100, "Gopher, table A1") for n in (2, 3, 4)),
        *(Bound(f"duplicate_{n}gram_char_ratio", None, (20 - n) / 100, "Gopher, table A1") for n in range(5, 11)),
        Bound("line_duplicate_char_ratio", None, 0.1, "FineWeb-2's pipeline (Penedo et al. 2025)"),
    )
}
"""Where the bounds of every language on repetition start: what was published for English."""

CEILINGS: Final[Mapping[tuple[str, Side], float]] = {
    **{(f"duplicate_{part}_ratio", "max"): 0.5 for part in ("paragraph", "line")},
    **{(f"duplicate_{part}_char_ratio", "max"): 0.5 for part in ("paragraph", "line")},
    **{(f"duplicate_{n}gram_char_ratio", "max"): 0.5 for n in range(5, 11)},
    **{(f"top_{n}gram_char_ratio", "max"): 0.3 for n in (2, 3, 4)},
    ("line_duplicate_char_ratio", "max"): 0.5,
    ("symbol_ratio", "max"): 0.2,
    ("bullet_line_ratio", "max"): 0.95,
    ("ellipsis_line_ratio", "max"): 0.5,
    ("newline_word_ratio", "max"): 0.6,
    ("alphabetic_word_ratio", "min"): 0.25,
    ("sentence_count", "min"): 2.0,
    ("digit_ratio", "max"): 0.4,
    ("punctuation_ratio", "max"): 0.5,
    ("symbol_char_ratio", "max"): 0.2,
    ("uppercase_ratio", "max"): 0.7,
    ("url_ratio", "max"): 0.5,
    ("script_ratio", "min"): 0.4,
}
"""How far clean text may widen a bound: beyond it bad pages pass. Half of a text that stood before, a passage that is
three tenths of a text, words of which seven in ten have no letter are no running text in any language."""


@dataclass(frozen=True)
class Finding:
    """One side of a bound on the documents of a reference: what is inherited, what it should be, what each drops.

    `interval` are the 2.5 and 97.5 % points of the quantile over bootstrap samples, `methods` what each published
    method would set. `refused` says why the value that the reference asks for is not set: it cannot bind.
    """

    column: str
    side: Side
    inherited: float
    value: float
    documents: int
    sources: tuple[str, ...]
    dropped_before: int
    dropped_after: int
    interval: tuple[float, float]
    methods: Mapping[str, float]
    refused: str | None = None

    @property
    def changed(self) -> bool:
        return self.value != self.inherited

    def why(self, origin: str = "") -> str:
        """Where the number was measured; `origin` is who has the inherited one."""
        low, high = self.interval
        had = f"{origin}, has {self.inherited:g}, which" if origin else f"{self.inherited:g}"
        of = f" of {', '.join(self.sources)}" if len(self.sources) <= MANY_SOURCES else ""
        before = f"{DERIVED}{had} drops {self.dropped_before} of {self.documents:,} documents{of}"
        if not self.changed:
            return before
        return (
            f"{before}; {self.value:g} drops {self.dropped_after} (quantile in 95 % of bootstrap samples: "
            f"{low:.3g} to {high:.3g})"
        )


def failing(values: np.ndarray, side: Side, limit: float) -> np.ndarray:
    """Which values lie beyond the limit, compared in their own precision as `decide` does; NaN lies beyond."""
    as_read = values.dtype.type(limit) if values.dtype == np.float32 else limit
    passes = values <= as_read if side == "max" else values >= as_read
    return ~passes


def sides(bounds: Iterable[Bound]) -> list[tuple[str, Side, float]]:
    """Each limit that is set, as column, side and value."""
    found: list[tuple[str, Side, float]] = []
    for bound in bounds:
        if bound.minimum is not None:
            found.append((bound.column, "min", bound.minimum))
        if bound.maximum is not None:
            found.append((bound.column, "max", bound.maximum))
    return found


def dropped(measured: Measured, bounds: Mapping[str, Bound]) -> dict[tuple[str, Side], np.ndarray]:
    """For each limit on a measured column the rows that it drops."""
    return {
        (column, side): failing(measured.columns[column], side, limit)
        for column, side, limit in sides(bounds.values())
        if column in measured.columns
    }


def any_of(masks: Iterable[np.ndarray], count: int) -> np.ndarray:
    """Rows in at least one mask."""
    found = np.zeros(count, bool)
    for mask in masks:
        found |= mask
    return found


def long_enough(measured: Measured, bounds: Mapping[str, Bound]) -> Measured:
    """The documents that have as many words as the bounds ask."""
    limit = bounds["word_count"].minimum if "word_count" in bounds else None
    return measured if limit is None else measured.rows(measured.columns["word_count"] >= limit)


def derive_bounds(
    measured: Measured,
    inherited: Mapping[str, Bound],
    fixed: Collection[str] = (),
    medians: Mapping[str, float] | None = None,
) -> list[Finding]:
    """Each side of the inherited bounds, widened so that together they drop at most `SHARE` of the reference.

    Nothing is widened where they drop no more, where that is not significant (one-sided binomial test at 5 %), and
    where there are fewer than `LEAST_DOCUMENTS` documents of as many words as the bounds ask. A bound is widened to a
    quantile of the reference, rounded outward, and never beyond its ceiling; nothing is tightened: a reference of one
    source says nothing of others. Columns in `fixed` stay as they are. `medians` of all languages add the median
    ratio to what the methods say.
    """
    reference = long_enough(measured, inherited)
    if not len(reference):
        return []
    limits = {(column, side): limit for column, side, limit in sides(inherited.values())}
    stay = {*NOT_DERIVED, *fixed}
    before = {place: mask for place, mask in dropped(reference, inherited).items() if place[0] not in stay}
    chosen, beyond = _chosen(reference, limits, before)
    return [_finding(reference, place, limits[place], chosen[place], beyond, medians or {}) for place in before]


def _refusal(column: str, side: Side, value: float) -> str | None:
    return cannot_bind(Bound(column, value, None) if side == "min" else Bound(column, None, value))


def _chosen(
    reference: Measured, limits: Mapping[tuple[str, Side], float], before: Mapping[tuple[str, Side], np.ndarray]
) -> tuple[dict[tuple[str, Side], float], float]:
    """The limits to set, and the share that one of them may drop."""
    chosen = {place: limits[place] for place in before}
    count = int(any_of(before.values(), len(reference)).sum())
    if len(reference) < LEAST_DOCUMENTS or not exceeds(count, len(reference), SHARE):
        return chosen, TAILS[0]
    tried = []
    for beyond in TAILS:
        widened = {
            place: _widened(reference, *place, limits[place], beyond) if mask.any() else limits[place]
            for place, mask in before.items()
        }
        masks = [failing(reference.columns[column], side, limit) for (column, side), limit in widened.items()]
        tried.append((int(any_of(masks, len(reference)).sum()), widened, beyond))
    enough = max(SHARE * len(reference), NEARLY * min(count for count, _, _ in tried))
    return next((found, beyond) for count, found, beyond in tried if count <= enough)


def exceeds(count: int, total: int, share: float) -> bool:
    """Whether so many of `total` are significantly more than the share: a one-sided binomial test at 5 %."""
    if count <= share * total:
        return False
    log_odds = math.log(share) - math.log1p(-share)
    log_term, fewer = total * math.log1p(-share), 0.0
    for number in range(count):
        fewer += math.exp(log_term)
        log_term += math.log(total - number) - math.log(number + 1) + log_odds
    return 1 - fewer < 0.05


def _widened(reference: Measured, column: str, side: Side, limit: float, beyond: float) -> float:
    """The quantile, rounded outward, between the inherited limit and the ceiling."""
    value = _outward(quantile(reference.columns[column], side, beyond), side, column)
    ceiling = CEILINGS.get((column, side))
    if ceiling is not None:
        value = min(value, ceiling) if side == "max" else max(value, ceiling)
    return max(value, limit) if side == "max" else min(value, limit)


def _outward(value: float, side: Side, column: str) -> float:
    """Two decimals for ratios, one for lengths, none for counts."""
    scale = 1 if column.endswith("_count") else 10 if column == "mean_word_length" else 100
    scaled = round(value * scale, 4)  # float32 columns hold 0.3 as 0.30000001
    return (math.ceil(scaled) if side == "max" else math.floor(scaled)) / scale


def _finding(
    reference: Measured,
    place: tuple[str, Side],
    limit: float,
    value: float,
    beyond: float,
    medians: Mapping[str, float],
) -> Finding:
    column, side = place
    values = reference.columns[column].astype(np.float64)
    refused = _refusal(column, side, value) if value != limit else None
    value = value if refused is None else limit
    return Finding(
        column=column,
        side=side,
        inherited=limit,
        value=value,
        documents=len(reference),
        sources=tuple(sorted(set(reference.sources))),
        dropped_before=int(failing(reference.columns[column], side, limit).sum()),
        dropped_after=int(failing(reference.columns[column], side, value).sum()),
        interval=interval(values, lambda some: quantile(some, side, beyond), f"{reference.code} {column} {side}"),
        methods=all_methods(values, side, beyond, limit, medians.get(column)),
        refused=refused,
    )


def applied(bounds: Mapping[str, Bound], findings: Iterable[Finding]) -> dict[str, Bound]:
    """The bounds with what was found to be changed."""
    found = dict(bounds)
    for finding in findings:
        before = found[finding.column]
        if finding.changed and finding.side == "min":
            found[finding.column] = replace(before, minimum=finding.value, why=finding.why())
        elif finding.changed:
            found[finding.column] = replace(before, maximum=finding.value, why=finding.why())
    return found


def balanced(parts: Iterable[Measured], most: int) -> list[Measured]:
    """At most so many documents of each language and source, those whose ids come first."""
    found = []
    for part in parts:
        order = sorted(range(len(part)), key=lambda row: part.ids[row])
        taken: dict[str, int] = {}
        chosen = np.zeros(len(part), bool)
        for row in order:
            taken[part.sources[row]] = taken.get(part.sources[row], 0) + 1
            chosen[row] = taken[part.sources[row]] <= most
        found.append(part.rows(chosen))
    return found
