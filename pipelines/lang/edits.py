"""What differs between two settings of a language, key by key; what a user's files change."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.inspect import visible
from pipelines.keys import plain
from pipelines.language_checks import require_languages
from pipelines.languages import Bound, Language, is_script, layers_of, load_language, resolve_code
from stages.errors import ConfigError

SHOWN = 8
"""Words of a list that are named."""

PRIVATE_CODE = "qaa"
"""Of ISO 639's codes for private use: no file is of it, so with a script it has what the script has."""


@dataclass(frozen=True)
class Change:
    """A key of a language file, what it was and what it is; `why` is that of the new value.

    `annotates` tells the keys that documents are measured with from those that only decide: for the former a run reads
    the text of the language again.
    """

    key: str
    before: str
    after: str
    why: str | None
    annotates: bool


def changes(before: Language, after: Language) -> list[Change]:
    """Every key that differs."""
    return [
        *text_changes(plain(before.text), plain(after.text)),
        *confusable_changes(before.confusable, after.confusable),
        *bound_changes(before.bounds, after.bounds),
    ]


def bound_changes(before: Mapping[str, Bound], after: Mapping[str, Bound]) -> Iterator[Change]:
    """Bounds with another limit, ordered by column; another `why` alone changes nothing."""
    for column in sorted({*before, *after}):
        was, now = before.get(column), after.get(column)
        if sides(was) != sides(now):
            why = now.why if now is not None else None
            yield Change(f"bounds.{column}", sides(was), sides(now), why, annotates=False)


def confusable_changes(before: Collection[str], after: Collection[str]) -> Iterator[Change]:
    """The key `identification.confusable`, where its languages differ."""
    if set(before) != set(after):
        was, now = (" ".join(sorted(codes)) or "none" for codes in (before, after))
        yield Change("identification.confusable", was, now, None, annotates=False)


def sides(bound: Bound | None) -> str:
    """Both sides of a bound, as `>= 50, <= 100000`; `off` where it is open."""
    limits = (("", None), ("", None)) if bound is None else ((">=", bound.minimum), ("<=", bound.maximum))
    return ", ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None) or "off"


def text_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """What differs in the `[text]` table, which is given as JSON has it: a list by its words."""
    for key in sorted({*before, *after} - {"code", "type"}):
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        if isinstance(was, list) or isinstance(now, list):
            lost, gained = sorted({*(was or ())} - {*(now or ())}), sorted({*(now or ())} - {*(was or ())})
            shown = (_words(was or ()), "; ".join([_words(now or ()), *_named("new", gained), *_named("gone", lost)]))
        else:
            shown = ("none" if was is None else str(was), "none" if now is None else str(now))
        yield Change(f"text.{key}", *shown, None, annotates=True)


def _words(words: Sequence[str]) -> str:
    return f"{len(words):,} word{'' if len(words) == 1 else 's'}"


def _named(verb: str, words: Sequence[str]) -> list[str]:
    more = f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else ""
    return [f"{verb}: {', '.join(words[:SHOWN])}{more}"] if words else []


def user_changes(target: str, lang_configs: str | None) -> dict[str, list[Change]]:
    """What a user's files change against the installed ones, by language; by file name for what several share.

    `target` is a folder of language files, or a language whose files lie in `lang_configs`.
    """
    if Path(target).is_dir():
        require_languages(target)
        return _folder_changes(target)
    code = resolve_code(target)
    if lang_configs is None:
        raise ConfigError(
            f"lang diff {target}: give --lang-configs DIR, the folder of your files, or that folder itself"
        )
    require_languages(lang_configs)
    return {code: changes(load_language(code), load_language(code, lang_configs))}


def _folder_changes(folder: str) -> dict[str, list[Change]]:
    """Files that several languages share come first, and what they change is not told again for each of them."""
    stems = sorted(path.stem for path in Path(folder).glob("*.toml"))
    shared = sorted((stem for stem in stems if stem.startswith("_")), key=lambda stem: (stem != "_default", stem))
    found: dict[str, list[Change]] = {}
    for stem in [*shared, *(stem for stem in stems if not stem.startswith("_"))]:
        code = f"{PRIVATE_CODE}{stem}" if is_script(stem) else stem
        told = {change for layer in layers_of(code) if layer != stem for change in found.get(layer, ())}
        found[stem] = [
            change for change in changes(load_language(code), load_language(code, folder)) if change not in told
        ]
    return found


def render(found: Mapping[str, Iterable[Change]], heading: str = "file") -> RenderableType:
    """A table of the changes."""
    table = Table()
    for column in (heading, "key", "before", "after", "why"):
        table.add_column(column, overflow="fold")
    for name, made in found.items():
        for number, change in enumerate(made):
            cells = (change.key, change.before, change.after, change.why or "")
            table.add_row("" if number else name, *(Text(visible(cell)) for cell in cells))
    return table if table.row_count else Text("no file changes anything")
