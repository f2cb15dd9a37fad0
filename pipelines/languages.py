"""What is set for a language: its files in `lang_configs/`, read, laid over each other and checked."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from stages.errors import ConfigError
from stages.identify.codes import groups_of, is_code, name_of, resolve
from stages.registry import nearest
from stages.text.language import LanguageText, Segmenter

INSTALLED = Path(__file__).resolve().parent.parent / "lang_configs"

DEFAULT: Final = "_default"
"""The file of every language."""

LISTS: Final = ("stop_words", "flagged_words", "frequent_words")
"""Keys of `[text]` that are lists of words."""

V = TypeVar("V")


@dataclass(frozen=True)
class Bound:
    """Smallest and largest value of a column that a document may have; None where it is open."""

    column: str
    minimum: float | None = None
    maximum: float | None = None
    why: str | None = None


@dataclass(frozen=True)
class Language:
    """Everything that is set for a language, after inheritance."""

    code: str
    name: str
    text: LanguageText
    bounds: Mapping[str, Bound]
    confusable: frozenset[str] = frozenset()
    """Codes that identification divides its text with: as runner-up they are no second language of a document."""
    backoff: str | None = None


@dataclass(frozen=True)
class Origin:
    """The files that a setting is from, the weakest first, and its reason; a bound may have its sides from two."""

    files: tuple[Path, ...]
    why: str | None


class LanguageRow(NamedTuple):
    """A row of `babelmill lang list`."""

    code: str
    name: str
    script: str
    own_bounds: int
    stop_words: int


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IdentificationTable(_Table):
    confusable: tuple[str, ...] | None = None
    confusable_why: str | None = None


class TextTable(_Table):
    terminators: str | None = None
    terminators_why: str | None = None
    segmenter: Segmenter | None = None
    segmenter_why: str | None = None
    stop_words: tuple[str, ...] | None = None
    stop_words_why: str | None = None
    flagged_words: tuple[str, ...] | None = None
    flagged_words_why: str | None = None
    frequent_words: tuple[str, ...] | None = None
    frequent_words_why: str | None = None


class BoundTable(_Table):
    min: float | None = None
    max: float | None = None
    off: bool = False
    why: str | None = None


class LanguageFile(_Table):
    """A file of `lang_configs/` as it stands, without what it inherits.

    `backoff` says why a language has no bounds and lists of its own: it has those of `_default` and of its script.
    """

    name: str | None = None
    code: str | None = None
    backoff: str | None = None
    identification: IdentificationTable = IdentificationTable()
    text: TextTable = TextTable()
    bounds: dict[str, BoundTable] = {}

    def is_empty(self) -> bool:
        """Whether it sets nothing."""
        return self.falls_back() and self.text == TextTable() and self.identification == IdentificationTable()

    def falls_back(self) -> bool:
        """Whether it has neither bounds nor lists."""
        return not self.bounds and not any(getattr(self.text, key) for key in (*LISTS, "terminators"))


def resolve_code(label: str, extra_dir: str | Path | None = None) -> str:
    """The code that a user's spelling names (`et`, `ekk`, `ekk_Latn`); ConfigError lists choices or the nearest.

    A code with a file of its own stands for itself, as that of a macrolanguage may.
    """
    has_file = is_code(label) and any(path.stem == label for path in _paths(label, extra_dir))
    return label if has_file else resolve(label)


def load_language(code: str, extra_dir: str | Path | None = None) -> Language:
    """The settings of a language: `_default`, its script's file, those of its groups, its own, then the user's.

    Groups are those of ISO 639-5 that have a file, as `_bnt.toml`, the largest first. A list replaces the inherited
    one; of a bound, each side given replaces that side, and `off = true` removes it. A language without a file of its
    own has the settings of its groups and script.
    """
    layers = [read_file(path) for path in _paths(code, extra_dir)]
    names = [layer.name for layer in layers if layer.name]
    return Language(
        code=code,
        name=names[-1] if names else name_of(code),
        text=_lay_text(code, [layer.text for layer in layers]),
        bounds=dict(sorted(_merge(layers).items())),
        confusable=frozenset(_last(layer.identification.confusable for layer in layers) or ()),
        backoff=layers[-1].backoff if layers else None,
    )


def origins_of(code: str, extra_dir: str | Path | None = None) -> dict[str, Origin]:
    """Where the settings of a language are from, by key: `bounds.word_count`, `text.stop_words` and so on.

    A bound that a file switches off has one, too; what no file sets has none.
    """
    found: dict[str, Origin] = {}
    sides: dict[str, dict[str, Path]] = {}
    paths = list(_paths(code, extra_dir))
    for path in paths:
        file = read_file(path)
        for name in ("identification", "text"):
            table = getattr(file, name)
            for key in type(table).model_fields:
                if not key.endswith("_why") and getattr(table, key) is not None:
                    found[f"{name}.{key}"] = Origin((path,), getattr(table, f"{key}_why"))
        for column, given in file.bounds.items():
            before = {side: where for side, where in sides.get(column, {}).items() if side != "off"}
            now = {side: path for side in ("min", "max") if getattr(given, side) is not None}
            sides[column] = ({} if given.off else before | now) or {"off": path}
            why = given.why or (found[f"bounds.{column}"].why if before and not given.off else None)
            standing = tuple(each for each in paths if each in sides[column].values())
            found[f"bounds.{column}"] = Origin(standing, why)
    return found


def own_file(code: str, extra_dir: str | Path | None = None) -> LanguageFile:
    """The language's own file as it stands, the user's before the installed one; an empty one where there is none."""
    paths = [path for path in _paths(code, extra_dir) if path.stem == code]
    return read_file(paths[-1]) if paths else LanguageFile()


def inherited_bounds(code: str, extra_dir: str | Path | None = None) -> dict[str, Bound]:
    """The bounds of a language without its own files."""
    return _merge(read_file(path) for path in _paths(code, extra_dir) if path.stem != code)


def bounds_under(below: Mapping[str, Bound], file: LanguageFile) -> dict[str, Bound]:
    """The bounds of a file laid over others."""
    return _lay_bounds(dict(below), file)


def is_script(stem: str) -> bool:
    """Whether a file's name is that of a script, as `_Latn`."""
    return bool(re.fullmatch(r"_[A-Z][a-z]{3}", stem))


def is_group(stem: str) -> bool:
    """Whether a file's name is that of a group of languages, as `_bnt`."""
    return stem != DEFAULT and bool(re.fullmatch(r"_[a-z]{3}", stem))


def script_file(code: str) -> LanguageFile:
    """The installed file of the code's script; an empty one where there is none."""
    path = INSTALLED / f"_{code.partition('_')[2]}.toml"
    return read_file(path) if path.is_file() else LanguageFile()


def list_languages(extra_dir: str | Path | None = None) -> list[LanguageRow]:
    """A row for each language that has a file, ordered by code."""
    rows = []
    for code in sorted({path.stem for path in files(extra_dir) if not path.stem.startswith("_")}):
        language = load_language(code, extra_dir)
        own = {column for path in files(extra_dir) if path.stem == code for column in read_file(path).bounds}
        script = code.partition("_")[2]
        rows.append(LanguageRow(code, language.name, script, len(own), len(language.text.stop_words)))
    return rows


def _last(values: Iterable[V | None]) -> V | None:
    """The last value that is given."""
    found = None
    for value in values:
        found = found if value is None else value
    return found


@cache
def layers_of(code: str) -> tuple[str, ...]:
    """Names of the files that hold for a language, as `_default _Latn _bnt zul_Latn`; for a group, as `_bnt`."""
    _, _, script = code.partition("_")
    if code.startswith("_"):
        return tuple(dict.fromkeys((DEFAULT, code)))
    scripts = (f"_{script}",) if script else ()
    return (DEFAULT, *scripts, *(f"_{group}" for group in groups_of(code)), code)


def _paths(code: str, extra_dir: str | Path | None) -> Iterator[Path]:
    """The files of a language that exist, the weakest first."""
    if extra_dir is not None and not Path(extra_dir).is_dir():
        raise ConfigError(f"{extra_dir}: no such folder; --lang-configs is a folder of files such as ekk_Latn.toml")
    for folder in (INSTALLED, extra_dir):
        for stem in layers_of(code):
            path = Path(folder or "") / f"{stem}.toml"
            if folder is not None and path.is_file():
                yield path


def files(extra_dir: str | Path | None) -> list[Path]:
    """Every installed file, then every one of the user's."""
    folders = [INSTALLED] if extra_dir is None else [INSTALLED, Path(extra_dir)]
    return [path for folder in folders for path in sorted(folder.glob("*.toml"))]


def read_file(path: Path) -> LanguageFile:
    """A language file; ConfigError names the first key that is wrong."""
    return _parse(path, path.read_bytes())


@cache
def _parse(path: Path, content: bytes) -> LanguageFile:
    try:
        return LanguageFile.model_validate(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error)}") from None


def _explain(error: ValidationError) -> str:
    """The first error as key and reason; the nearest spelling for an unknown key."""
    first = error.errors()[0]
    *table, key = [str(part) for part in first["loc"]]
    place = ".".join([*table, key])
    if first["type"] != "extra_forbidden":
        return f"{place}: {first['msg']}, got {first['input']!r}"
    tables: dict[str, type[_Table]] = {
        "identification": IdentificationTable,
        "text": TextTable,
        "bounds": BoundTable,
    }
    model = tables[table[0]] if table else LanguageFile
    return f"unknown key {place!r}{nearest(key, model.model_fields)}"


def _lay_text(code: str, tables: Iterable[TextTable]) -> LanguageText:
    text = LanguageText(code=code)
    for table in tables:
        text = replace(
            text,
            terminators=text.terminators if table.terminators is None else table.terminators,
            segmenter=text.segmenter if table.segmenter is None else table.segmenter,
            stop_words=text.stop_words if table.stop_words is None else frozenset(table.stop_words),
            flagged_words=text.flagged_words if table.flagged_words is None else frozenset(table.flagged_words),
            frequent_words=text.frequent_words if table.frequent_words is None else frozenset(table.frequent_words),
        )
    return text


def _merge(layers: Iterable[LanguageFile]) -> dict[str, Bound]:
    bounds: dict[str, Bound] = {}
    for layer in layers:
        bounds = _lay_bounds(bounds, layer)
    return bounds


def _lay_bounds(bounds: dict[str, Bound], layer: LanguageFile) -> dict[str, Bound]:
    for column, given in layer.bounds.items():
        before = bounds.pop(column, Bound(column))
        if not given.off:
            minimum = before.minimum if given.min is None else given.min
            maximum = before.maximum if given.max is None else given.max
            bounds[column] = Bound(column, minimum, maximum, given.why or before.why)
    return bounds
