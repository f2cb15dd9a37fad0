"""What is set for a language after inheritance, each with the file that it is from and why."""

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipelines.inspect import visible
from pipelines.languages import INSTALLED, Origin, layers_of, load_language, origins_of, read_file

SHOWN = 12
"""Words of a list that are named."""

LISTS = {
    "text.stop_words": "stop words",
    "text.frequent_words": "frequent words",
    "text.flagged_words": "flagged words",
    "identification.confusable": "confusable with",
    "text.segmenter": "words of scripts without spaces",
    "text.terminators": "sentence ends",
}
"""Headings of what is no bound, in the order of the page."""


def render(code: str, lang_configs: str | None = None) -> RenderableType:
    """The settings of a language for a terminal: bounds first, those of its own before those it inherits."""
    language = load_language(code, lang_configs)
    origins = origins_of(code, lang_configs)
    parts: list[RenderableType] = [Text(visible(f"{code}: {language.name}"))]
    if language.backoff:
        parts.append(Text(visible(f"no bounds and lists of its own: {language.backoff}")))
    table = Table()
    for heading in ("bound", "min", "max", "file: why"):
        table.add_column(heading, overflow="fold", justify="right" if heading in ("min", "max") else "left")
    weakest_first = layers_of(code)
    columns = {key.removeprefix("bounds."): origin for key, origin in origins.items() if key.startswith("bounds.")}
    for column in sorted(columns, key=lambda name: (-weakest_first.index(columns[name].files[-1].stem), name)):
        bound = language.bounds.get(column)
        sides = ("off", "") if bound is None else (_side(bound.minimum), _side(bound.maximum))
        table.add_row(Text(visible(column)), *sides, Text(_told(columns[column])))
    return Group(*parts, table, *_lists(origins))


def _side(limit: float | None) -> str:
    return "" if limit is None else f"{limit:g}"


def _told(origin: Origin) -> str:
    """As `yor_Latn.toml: measured on ...`; a user's file by its path."""
    names = (path.name if path.parent == INSTALLED else str(path) for path in origin.files)
    return visible(f"{', '.join(names)}: {origin.why or 'no reason given'}")


def _lists(origins: Mapping[str, Origin]) -> Iterator[RenderableType]:
    """The lists in the order of their files, which begin with what matters most."""
    for key, heading in LISTS.items():
        origin = origins.get(key)
        if origin is None:
            yield Text(f"{heading}: {'as Unicode has them' if key == 'text.terminators' else 'none'}")
            continue
        table, _, name = key.partition(".")
        value = getattr(getattr(read_file(origin.files[-1]), table), name)
        shown = value if name == "segmenter" else _first(tuple(value))
        yield Text(f"{heading}: {visible(shown)}")
        yield Padding(Text(_told(origin)), (0, 0, 0, 2))


def _first(words: tuple[str, ...]) -> str:
    """As `3, ja on ei`; of many the first dozen."""
    more = f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else ""
    return f"{len(words):,}, {' '.join(words[:SHOWN])}{more}" if words else "none"
