"""What a pipeline file may name: every stage, and the options of one."""

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any, NamedTuple, get_type_hints

from stages.errors import ConfigError
from stages.registry import Stage, dataclass_in, load_stages, nearest


class Option(NamedTuple):
    """An option as a pipeline file has it; `default` is None where it must be given."""

    name: str
    type: str
    default: str | None


def list_stages() -> list[Stage]:
    """Every stage, those of a kind together, in the order in which a pipeline runs them."""
    kinds = ("ingest", "annotate", "step", "recipe")
    return sorted(load_stages().values(), key=lambda found: (kinds.index(found.kind), found.name))


def describe_stage(name: str) -> tuple[Stage, str, list[Option]]:
    """A stage, what its docstrings say, and its options; ConfigError names the nearest stage."""
    known = load_stages()
    if name not in known:
        raise ConfigError(f"unknown stage {name!r}{nearest(name, known)}")
    found = known[name]
    texts = [inspect.getdoc(found.function) or "", inspect.getdoc(found.config) or ""]
    return found, "\n\n".join(text for text in texts if text), list(_options(found.config))


def _options(config: Any, prefix: str = "") -> Iterator[Option]:
    """The options of a configuration; those of a table in it follow it under its name."""
    hints = get_type_hints(config)
    for field in fields(config):
        inner = dataclass_in(hints[field.name])
        default = field.default if field.default_factory is MISSING else field.default_factory()
        shown = None if default is MISSING else repr(default)
        if inner is None:
            kind = inspect.formatannotation(hints[field.name]).replace("typing.", "").replace("collections.abc.", "")
            yield Option(f"{prefix}{field.name}", kind, shown)
        else:
            yield Option(f"{prefix}{field.name}", f"tables [[step.{prefix}{field.name}]]", shown and "as below")
            yield from _options(inner, f"{prefix}{field.name}.")
