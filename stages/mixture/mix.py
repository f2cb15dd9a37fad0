"""Phases of training examples from several datasets, in shares that are counted in tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from stages.errors import ConfigError
from stages.mixture.shares import Method, sums_to_one
from stages.registry import stage

Positive = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a phase takes from one dataset: `corpus`, `augmented/<name>` or `instructions/<name>`.

    `share` is its part of the phase's tokens; sources without one divide the rest in proportion to their tokens.
    `method` divides that part among languages: a name, or a table of fixed shares by language. `languages` defaults to
    the keys of such a table, else to every language that no other source of the phase takes from this dataset.
    A source that is not `required` is passed over where its dataset is empty.
    `max_epochs` counts from the start of the mixture: what earlier phases took is part of it.
    """

    dataset: str = "corpus"
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    method: Method | Mapping[str, Positive] = "temperature"
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.3
    required: bool = True
    max_epochs: Positive = 4.0  # Muennighoff et al. 2023: up to four epochs are nearly as good as new text
    languages: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of the mixture with its own shares.

    `tokens` is its budget. Without one it is `passes` times all tokens of its sources, or as much of that as shares
    and caps allow.
    """

    name: str = "main"
    tokens: Annotated[int, Field(gt=0)] | None = None
    passes: Positive = 1.0
    sources: tuple[Source, ...] = (Source(),)


@dataclass(frozen=True, kw_only=True)
class Mix:
    """Options of `mix`.

    `tokenizer` is the name of the tokenizer that tokens are counted with; `emit` writes the text (or messages) or the
    token ids; `shard_bytes` is the aimed size of an output file before compression.
    """

    name: str = "mixture"
    seed: int = 0
    tokenizer: str = "joint"
    emit: Literal["text", "ids"] = "text"
    shard_bytes: Annotated[int, Field(gt=0)] = 256 << 20
    phases: tuple[Phase, ...] = (Phase(),)

    def __post_init__(self) -> None:
        if not self.phases:
            raise ConfigError(f"mix {self.name!r} has no phase; add [[step.phases]]")
        names = [phase.name for phase in self.phases]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"mix {self.name!r} has two phases named {name!r}; rename one")
        for phase in self.phases:
            _check_phase(phase, f"mix {self.name!r}, phase {phase.name!r}")
        instructions = [source for source in datasets(self) if holds_messages(source)]
        if self.emit == "ids" and instructions:
            raise ConfigError(
                f"mix {self.name!r}: emit = 'ids' needs text, but {instructions[0]} holds messages, whose chat "
                "template is the trainer's choice; use emit = 'text'"
            )


@stage("mix", config=Mix, kind="step", writes_dataset="mixture")
def mix(config: Mix) -> Mix:
    """Mix datasets into phases of training examples, by temperature, UniMax or fixed shares of tokens.

    Documents come in the order of a hash of their id; a phase continues where the one before it stopped, and the epoch
    counter rises when a language starts again from its first document.

    Reads:   the datasets of its sources: doc_id, language, text or messages, provenance
    Writes:  mixture/<name>: one row per training example, globally shuffled within its phase
    Errors:  ConfigError with a table of the numbers where a budget cannot be met
    """
    return config


def datasets(config: Mix) -> tuple[str, ...]:
    """The datasets that a mixture reads, in the order of their first mention."""
    return tuple(dict.fromkeys(source.dataset for phase in config.phases for source in phase.sources))


def holds_messages(dataset: str) -> bool:
    """True for datasets of chat rows, whose text is in `messages`."""
    return dataset.split("/", 1)[0] == "instructions"


def named_languages(source: Source) -> tuple[str, ...] | None:
    """The languages that a source names, in `languages` or as keys of its table; None for all."""
    if source.languages is None and not isinstance(source.method, str):
        return tuple(source.method)
    return source.languages


def _check_phase(phase: Phase, where: str) -> None:
    if not phase.sources:
        raise ConfigError(f"{where} has no source; add one, as sources = [{{dataset = 'corpus'}}]")
    shares = [source.share for source in phase.sources if source.share is not None]
    if sum(shares) > 1 + 1e-6 or (len(shares) == len(phase.sources) and not sums_to_one(dict(enumerate(shares)))):
        raise ConfigError(f"{where}: the shares of its sources sum to {sum(shares):g}; make them sum to 1")
    if len(shares) < len(phase.sources) and sum(shares) >= 1 - 1e-9:
        raise ConfigError(f"{where}: the given shares sum to 1 and leave nothing for a source without one; lower them")
    seen: dict[tuple[str, str | None], int] = {}
    for number, source in enumerate(phase.sources, 1):
        _check_source(source, f"{where}, source {number}")
        for language in named_languages(source) or (None,):
            other = seen.setdefault((source.dataset, language), number)
            if other != number:
                what = f"language {language}" if language else "all other languages"
                raise ConfigError(f"{where}: sources {other} and {number} both take {what} of {source.dataset}")


def _check_source(source: Source, where: str) -> None:
    if source.languages is not None and not source.languages:
        raise ConfigError(f"{where}: languages is empty; name some, or leave it out for all")
    if isinstance(source.method, str):
        return
    if not sums_to_one(source.method):
        raise ConfigError(f"{where}: its fixed shares sum to {sum(source.method.values()):g}; make them sum to 1")
    if source.languages is not None and set(source.languages) != set(source.method):
        raise ConfigError(f"{where}: languages and the keys of its fixed shares differ; leave languages out")
