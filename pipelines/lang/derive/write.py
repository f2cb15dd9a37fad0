"""A language file as text: one form, so that a file derived again differs only where a value does."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.languages import IdentificationTable, LanguageFile, TextTable

WIDTH = 110


def render(file: LanguageFile, heading: Sequence[str] = ()) -> str:
    """The file as TOML, under comment lines."""
    blocks = ["\n".join([*heading, *_top(file)])] if heading or list(_top(file)) else []
    for name in ("identification", "text"):
        lines = list(_table(getattr(file, name)))
        if lines:
            blocks.append("\n".join([f"[{name}]", *lines]))
    for column, bound in file.bounds.items():
        lines = [f"[bounds.{column}]"]
        lines += [f"{key} = {value:g}" for key, value in (("min", bound.min), ("max", bound.max)) if value is not None]
        lines += ["off = true"] if bound.off else []
        lines += [f"why = {quoted(bound.why)}"] if bound.why else []
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def heading_of(path: Path) -> list[str]:
    """The comment lines at the top of a file; none where there is no file."""
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    end = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return lines[:end]


def quoted(text: str) -> str:
    """A basic string of TOML."""
    shown = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 0x20 or ord(c) == 0x7F else c
        for c in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{shown}"'


def _top(file: LanguageFile) -> Iterator[str]:
    for key in ("name", "code", "backoff"):
        if (value := getattr(file, key)) is not None:
            yield f"{key} = {quoted(value)}"


def _table(table: IdentificationTable | TextTable) -> Iterator[str]:
    for key, value in table.model_dump().items():
        if isinstance(value, str):
            yield f"{key} = {quoted(value)}"
        elif value is not None:
            yield f"{key} = {_list(value)}"


def _list(words: Sequence[str]) -> str:
    """Words in lines of a bounded width."""
    lines, line = [], "   "
    for word in words:
        shown = f" {quoted(word)},"
        if len(line) + len(shown) > WIDTH:
            lines.append(line)
            line = "   "
        line += shown
    return "\n".join(["[", *lines, line, "]"]) if words else "[]"
