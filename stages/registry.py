"""Stages by name: how one is declared, found and configured."""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Literal, Protocol, TypeVar, get_args, get_type_hints

import pyarrow as pa
from pydantic import ConfigDict, TypeAdapter, ValidationError

from stages.errors import ConfigError

Kind = Literal["ingest", "annotate", "step", "recipe"]
"""`ingest` and `annotate` stages are maps over batches, a `recipe` makes rows of one dataset from rows of another,
a `step` works on whole datasets and is run by the module of its name in `pipelines.steps`."""


class Resource(Hashable, Protocol):
    """Something a stage needs that must be opened: a model, a word list, an HTTP client.

    Picklable and cheap; the engine opens it once per worker and passes the opened object to the stage.
    """

    def open(self) -> Any: ...

    def fingerprint(self) -> str:
        """What of it changes results: part of the step's key."""


@dataclass(frozen=True)
class Stage:
    """A registered stage."""

    name: str
    kind: Kind
    config: type[Any]
    function: Callable[..., Any]
    writes: Callable[[Any], pa.Schema]
    resources: Callable[[Any], Mapping[str, Resource]]
    version: int
    reads_dataset: str | None
    writes_dataset: str | None

    @property
    def summary(self) -> str:
        """First sentence of the function's docstring."""
        return (self.function.__doc__ or "").strip().split("\n", 1)[0]


_STAGES: dict[str, Stage] = {}
F = TypeVar("F", bound=Callable[..., Any])


def stage(
    name: str,
    *,
    config: type[Any],
    kind: Kind = "annotate",
    writes: pa.Schema | Callable[[Any], pa.Schema] | None = None,
    resources: Callable[[Any], Mapping[str, Resource]] | None = None,
    version: int = 1,
    reads_dataset: str | None = None,
    writes_dataset: str | None = None,
) -> Callable[[F], F]:
    """Register a function as the stage `name`.

    `writes` is the schema of the columns it appends (or a function of its configuration); `resources` names what must
    be opened for it, passed as keyword arguments; `version` is raised when the same input gives other output.
    """

    def register(function: F) -> F:
        if name in _STAGES and _STAGES[name].function.__module__ != function.__module__:
            raise ConfigError(
                f"stage {name!r} is declared in {_STAGES[name].function.__module__} and {function.__module__}"
            )
        schema = writes if callable(writes) else (lambda _: writes if writes is not None else pa.schema([]))
        _STAGES[name] = Stage(
            name, kind, config, function, schema, resources or (lambda _: {}), version, reads_dataset, writes_dataset
        )
        return function

    return register


def load_stages() -> Mapping[str, Stage]:
    """Import every module of `stages` and return the registry, ordered by name."""
    _import_modules()
    return dict(sorted(_STAGES.items()))


@cache
def _import_modules() -> None:
    import stages

    for module in walk_packages(stages.__path__, "stages."):
        import_module(module.name)


def find_stage(name: str, where: str) -> Stage:
    """The stage of that name; an error names the nearest spelling."""
    known = load_stages()
    if name not in known:
        raise ConfigError(f"{where}: unknown stage {name!r}{nearest(name, known)}")
    return known[name]


def nearest(word: str, known: Any) -> str:
    """`; did you mean 'x'?` for the closest known word, else the list of what is known."""
    words = sorted(known)
    close = get_close_matches(word, words, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(words)}"


def configure(found: Stage, options: Mapping[str, Any], where: str) -> Any:
    """The stage's configuration from the options of a pipeline file, fully checked."""
    known = {field.name for field in fields(found.config)}
    for key in options:
        if key not in known:
            hint = nearest(key, known) if known else "; it has no options"
            raise ConfigError(f"{where}: unknown key {key!r} of {found.name}{hint}")
    try:
        return _adapter(found.config).validate_python(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "unexpected_keyword_argument":
            *table, key = (str(part) for part in first["loc"])
            inner = ".".join([found.name, *table])
            hint = nearest(key, _keys_at(found.config, table))
            raise ConfigError(f"{where}: unknown key {key!r} of {inner}{hint}") from None
        if first["type"] == "value_error":  # of `__post_init__`, which names the option itself
            raise ConfigError(f"{where}: {found.name}: {first['ctx']['error']}") from None
        # pydantic adds the member of a union that it tried, as `literal['a','b']`
        place = ".".join(str(part) for part in first["loc"] if re.fullmatch(r"\w+", str(part))) or "options"
        raise ConfigError(f"{where}: {place} of {found.name}: {first['msg']}, got {first['input']!r}") from None


def _keys_at(config: Any, path: Iterable[str]) -> set[str]:
    """Options of the dataclass that lies at this place of a configuration."""
    for part in path:
        if not part.isdecimal():
            config = dataclass_in(get_type_hints(config).get(part))
    return {field.name for field in fields(config)} if is_dataclass(config) else set()


def dataclass_in(annotation: Any) -> Any:
    """The first dataclass that an annotation such as `tuple[Phase, ...]` holds."""
    if is_dataclass(annotation):
        return annotation
    return next(filter(None, map(dataclass_in, get_args(annotation))), None)


def _adapter(config: type[Any]) -> TypeAdapter[Any]:
    _forbid_unknown_keys(config)
    return TypeAdapter(config)


def _forbid_unknown_keys(annotation: Any) -> None:
    """Make pydantic refuse unknown keys in this dataclass and in those its fields hold."""
    if is_dataclass(annotation) and isinstance(annotation, type):
        annotation.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
        for hint in get_type_hints(annotation).values():
            _forbid_unknown_keys(hint)
    for argument in get_args(annotation):
        _forbid_unknown_keys(argument)
