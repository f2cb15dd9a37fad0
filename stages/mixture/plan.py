"""Token quotas of every phase, dataset and language, or an error that shows why there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from stages.errors import ConfigError
from stages.mixture.mix import Mix, Phase, Source, named_languages
from stages.mixture.shares import normalised, water_fill, weights, whole

Key = tuple[str, str]
"""Dataset and language."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Tokens that a phase takes from one language of one dataset.

    `start` is where it starts on the endless repetition of that language's `available` tokens in hash order: the sum
    of what earlier phases take.
    """

    phase: str
    dataset: str
    language: str
    available: int
    start: int
    tokens: int

    @property
    def key(self) -> Key:
        return self.dataset, self.language

    @property
    def epochs(self) -> float:
        """How often the phase sees the language's tokens."""
        return self.tokens / self.available

    @property
    def stop(self) -> int:
        """One past its last token."""
        return self.start + self.tokens


@dataclass(frozen=True)
class Demand:
    """What a source is asked for: its languages with weight and remaining tokens under the cap."""

    source: Source
    share: float
    weight: Mapping[Key, float]
    cap: Mapping[Key, float]

    @property
    def fixed(self) -> bool:
        """True where a language cannot take over what another has not."""
        return not isinstance(self.source.method, str)

    def capacity(self) -> float:
        """The most tokens that the source can give."""
        if not self.fixed:
            return sum(self.cap[key] for key in self.weight if self.weight[key] > 0)
        return min((self.cap[key] / share for key, share in normalised(self.weight).items() if share > 0), default=0.0)

    def divide(self, budget: float) -> dict[Key, float]:
        """Tokens per language of a part of the phase's budget that fits the capacity."""
        if self.fixed:
            return {key: budget * share for key, share in normalised(self.weight).items()}
        return water_fill(budget, self.weight, self.cap)


def solve(config: Mix, available: Mapping[Key, int]) -> tuple[Quota, ...]:
    """The quotas of a mixture over the tokens that each (dataset, language) has, ordered by phase, dataset, language.

    Quotas of a phase sum to its budget exactly. Raises ConfigError where a budget, with its shares and epoch caps, asks
    for more than there is.
    """
    used: dict[Key, int] = {}
    quotas: list[Quota] = []
    for phase in config.phases:
        where = f"mix {config.name!r}, phase {phase.name!r}"
        demands = _demands(phase, available, used, where)
        budget = _budget(phase, demands, available, where)
        if any(budget * demand.share > _tolerated(demand) for demand in demands):
            raise ConfigError(_infeasible(where, budget, demands, used, available))
        parts = [demand.divide(budget * demand.share) for demand in demands]
        tokens = whole({key: part for quota in parts for key, part in quota.items()}, budget)
        for dataset, language in sorted(tokens):
            key = dataset, language
            if tokens[key] > 0:
                quotas.append(
                    Quota(
                        phase=phase.name,
                        dataset=dataset,
                        language=language,
                        available=available[key],
                        start=used.get(key, 0),
                        tokens=tokens[key],
                    )
                )
                used[key] = used.get(key, 0) + tokens[key]
    return tuple(quotas)


def _demands(phase: Phase, available: Mapping[Key, int], used: Mapping[Key, int], where: str) -> list[Demand]:
    found = [(source, _sizes(source, phase, available)) for source in phase.sources]
    found = [(source, size) for source, size in found if source.required or any(size.values())] or found
    for source, size in found:
        missing = [
            language for language in named_languages(source) or () if not available.get((source.dataset, language))
        ]
        if missing:
            has = ", ".join(
                sorted(language for (dataset, language), n in available.items() if dataset == source.dataset and n)
            )
            raise ConfigError(
                f"{where}: {source.dataset} has no tokens of {', '.join(missing)}; it has: {has or 'nothing'}; "
                "take the language out or add text of it"
            )
        if not sum(size.values()):
            raise ConfigError(
                f"{where}: {source.dataset} is empty; take the source out, or check the step that writes it"
            )
    given = sum(source.share or 0.0 for source, _ in found)
    open_tokens = sum(sum(size.values()) for source, size in found if source.share is None)
    demands = []
    for source, size in found:
        if source.share is None:
            share = (1.0 - given) * sum(size.values()) / open_tokens
        else:
            share = (
                source.share if open_tokens else source.share / given
            )  # a source that was passed over leaves its part
        cap = {key: max(0.0, source.max_epochs * n - used.get(key, 0)) for key, n in size.items()}
        demands.append(Demand(source, share, _weights(source, size), cap))
    return demands


def _sizes(source: Source, phase: Phase, available: Mapping[Key, int]) -> dict[Key, int]:
    """Tokens of the languages that a source takes."""
    named = named_languages(source)
    taken = {
        language
        for other in phase.sources
        if other.dataset == source.dataset and other is not source
        for language in named_languages(other) or ()
    }
    return {
        (dataset, language): tokens
        for (dataset, language), tokens in sorted(available.items())
        if dataset == source.dataset and tokens > 0 and (language in named if named else language not in taken)
    }


def _weights(source: Source, size: Mapping[Key, int]) -> dict[Key, float]:
    if isinstance(source.method, str):
        return weights(size, source.method, source.alpha)
    return {key: source.method[key[1]] for key in size}


def _budget(phase: Phase, demands: Sequence[Demand], available: Mapping[Key, int], where: str) -> int:
    if phase.tokens is not None:
        return phase.tokens
    tokens = sum(available[key] for demand in demands for key in demand.weight)
    most = _possible(demands)
    if most < 1:
        raise ConfigError(
            f"{where}: earlier phases used all that max_epochs allows; raise max_epochs or drop the phase"
        )
    return int(min(phase.passes * tokens, most))


def _possible(demands: Sequence[Demand]) -> float:
    """The largest budget that shares and caps allow."""
    return min((demand.capacity() / demand.share for demand in demands if demand.share > 0), default=inf)


def _tolerated(demand: Demand) -> float:
    """The capacity with room for rounding: half a token and one part in a thousand million."""
    return demand.capacity() * (1 + 1e-9) + 0.5


def _infeasible(
    where: str, budget: int, demands: Sequence[Demand], used: Mapping[Key, int], available: Mapping[Key, int]
) -> str:
    rows: list[tuple[str, ...]] = [
        ("dataset", "language", "share", "asked", "available", "max epochs", "used before", "left")
    ]
    for demand in demands:
        asked = budget * demand.share
        if asked <= _tolerated(demand):
            continue
        fixed = normalised(demand.weight) if demand.fixed else {}
        have = sum(available[key] for key in demand.weight)
        spent = sum(used.get(key, 0) for key in demand.weight)
        epochs = f"{demand.source.max_epochs:g}"
        left = sum(demand.cap.values())
        rows.append(
            (
                demand.source.dataset,
                "all",
                f"{demand.share:.4f}",
                *_numbers(asked, have),
                epochs,
                *_numbers(spent, left),
            )
        )
        short = sorted(demand.weight, key=lambda key: (demand.cap[key] - asked * fixed.get(key, 0.0), key))
        for key in short[:ROWS]:
            part = fixed.get(key)
            share, part_asked = ("", "") if part is None else (f"{demand.share * part:.4f}", *_numbers(asked * part))
            rows.append(
                (
                    *key,
                    share,
                    part_asked,
                    *_numbers(available[key]),
                    epochs,
                    *_numbers(used.get(key, 0), demand.cap[key]),
                )
            )
        if len(short) > ROWS:
            rows.append((demand.source.dataset, f"and {len(short) - ROWS} more", "", "", "", "", "", ""))
    possible = int(_possible(demands))
    return (
        f"{where}: {budget:,} tokens cannot be had (`left` = available x max epochs - used before):\n{_table(rows)}\n"
        f"with these shares {possible:,} tokens can be had: lower tokens to that, raise max_epochs, "
        "or give the short sources and languages a smaller share"
    )


ROWS = 12
"""Languages shown per source in the table of an infeasible budget, the shortest first."""


def _numbers(*values: float) -> tuple[str, ...]:
    return tuple(f"{int(value):,}" for value in values)


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  "
        + "  ".join(
            cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
