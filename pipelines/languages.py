"""What is set for a language: its files in `lang_configs/`, read, laid over each other and checked."""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from stages.columns import IDENTIFICATION, SIZES
from stages.errors import ConfigError
from stages.identify.codes import groups_of, is_code, known_languages, name_of, resolve, resolve_or_none
from stages.registry import load_stages, nearest
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
    layers = [_read(path) for path in _paths(code, extra_dir)]
    names = [layer.name for layer in layers if layer.name]
    return Language(
        code=code,
        name=names[-1] if names else name_of(code),
        text=_lay_text(code, [layer.text for layer in layers]),
        bounds=dict(sorted(_merge(layers).items())),
        confusable=frozenset(_last(layer.identification.confusable for layer in layers) or ()),
        backoff=layers[-1].backoff if layers else None,
    )


def own_file(code: str, extra_dir: str | Path | None = None) -> LanguageFile:
    """The language's own file as it stands, the user's before the installed one; an empty one where there is none."""
    paths = [path for path in _paths(code, extra_dir) if path.stem == code]
    return _read(paths[-1]) if paths else LanguageFile()


def inherited_bounds(code: str, extra_dir: str | Path | None = None) -> dict[str, Bound]:
    """The bounds of a language without its own files."""
    return _merge(_read(path) for path in _paths(code, extra_dir) if path.stem != code)


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
    return _read(path) if path.is_file() else LanguageFile()


def cannot_bind(bound: Bound) -> str | None:
    """Why a bound drops nothing or everything, from the range that its column can have; None where it can bind.

    Every column is at least 0, and one named `_ratio` at most 1: of the n-grams, only one word over and over exceeds 1.
    """
    place = f"bounds.{bound.column}"
    if bound.column.endswith("_ratio") and bound.maximum is not None and bound.maximum >= 1:
        return f"{place}: max {bound.maximum:g} drops nothing: a ratio is at most 1; lower it, or write off = true"
    if bound.column.endswith("_ratio") and bound.minimum is not None and bound.minimum > 1:
        return f"{place}: min {bound.minimum:g} drops every text: a ratio is at most 1; lower it"
    if bound.minimum is not None and bound.minimum <= 0:
        return f"{place}: min {bound.minimum:g} drops nothing: no value is below 0; raise it, or leave it out"
    if bound.maximum is not None and bound.maximum < 0:
        return f"{place}: max {bound.maximum:g} drops every text: no value is below 0; raise it"
    return None


def list_languages(extra_dir: str | Path | None = None) -> list[LanguageRow]:
    """A row for each language that has a file, ordered by code."""
    rows = []
    for code in sorted({path.stem for path in _files(extra_dir) if not path.stem.startswith("_")}):
        language = load_language(code, extra_dir)
        own = {column for path in _files(extra_dir) if path.stem == code for column in _read(path).bounds}
        script = code.partition("_")[2]
        rows.append(LanguageRow(code, language.name, script, len(own), len(language.text.stop_words)))
    return rows


def check_languages(extra_dir: str | Path | None = None, measured: Collection[str] = ()) -> list[str]:
    """What is wrong with the language files, one line each; empty when all is in order.

    `measured` are columns that bounds may name besides those that stages write under their default options.
    """
    problems: list[str] = []
    if extra_dir is not None and not Path(extra_dir).is_dir():
        return [f"{extra_dir}: no such folder"]
    readable: dict[str, Path] = {}
    broken: list[str] = []
    for path in _files(extra_dir):
        try:
            problems += [*_problems(path, _read(path), measured), *_unexplained(path, _read(path))]
            readable[path.stem] = path
        except ConfigError as error:
            broken.append(str(error))
    if broken:  # nothing can be laid over each other until they can be read
        return broken + problems
    return problems + [problem for code, path in readable.items() for problem in _crossed(code, path, extra_dir)]


def require_languages(extra_dir: str | Path, measured: Collection[str] = ()) -> None:
    """ConfigError for the first thing that is wrong with a user's language files, before anything runs.

    `measured` as in `check_languages`.
    """
    if not Path(extra_dir).is_dir():
        raise ConfigError(f"{extra_dir}: no such folder; --lang-configs is a folder of files such as ekk_Latn.toml")
    for path in sorted(Path(extra_dir).glob("*.toml")):
        for problem in (*_problems(path, _read(path), measured), *_crossed(path.stem, path, extra_dir)):
            raise ConfigError(problem)


def _crossed(code: str, path: Path, extra_dir: str | Path | None) -> Iterator[str]:
    """Bounds that nothing can meet once the files of a language are laid over each other."""
    if code.startswith("_"):
        return
    language = load_language(code, extra_dir)
    for bound in language.bounds.values():
        if bound.minimum is not None and bound.maximum is not None and bound.minimum > bound.maximum:
            yield f"{path}: bounds.{bound.column}: min {bound.minimum:g} is above max {bound.maximum:g}"
    least, words = language.bounds.get("stop_word_count"), len(language.text.stop_words)
    if least is not None and least.minimum is not None and 0 < words < least.minimum:
        yield f"{path}: bounds.stop_word_count: min {least.minimum:g} drops every text: there are {words} stop words"


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


def _files(extra_dir: str | Path | None) -> list[Path]:
    folders = [INSTALLED] if extra_dir is None else [INSTALLED, Path(extra_dir)]
    return [path for folder in folders for path in sorted(folder.glob("*.toml"))]


def _read(path: Path) -> LanguageFile:
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


def _problems(path: Path, content: LanguageFile, measured: Collection[str]) -> Iterator[str]:
    """What a file that can be read still has wrong."""
    if path.stem.startswith("_"):
        groups = {group for known in known_languages().values() for group in known.groups}
        if not (path.stem == DEFAULT or is_script(path.stem) or path.stem[1:] in groups):
            yield f"{path}: neither {DEFAULT}, a script as _Latn nor a group of ISO 639-5 as _bnt; no language reads it"
    else:
        try:
            expected = resolve(path.stem, str(path))
        except ConfigError as error:
            if not _is_macrolanguage(path.stem):
                yield str(error)
        else:
            if expected != path.stem:
                yield f"{path}: the code of this language is {expected}; rename the file to {expected}.toml"
    if content.code not in (None, path.stem):
        yield f"{path}: code is {content.code!r}, but the file is named {path.stem}; leave `code` out"
    for key in LISTS:
        yield from _word_problems(f"{path}: text.{key}", getattr(content.text, key) or ())
    for column, bound in content.bounds.items():
        place = f"{path}: bounds.{column}"
        if column not in (known := {*bound_columns(), *measured}):
            yield f"{place}: no stage measures {column!r}{nearest(column, known)}"
        if not bound.off and bound.min is None and bound.max is None:
            yield f"{place}: neither min nor max nor off = true"
        if bound.off and not (bound.min is None and bound.max is None):
            yield f"{place}: off = true, and a limit as well; keep one"
        if problem := cannot_bind(Bound(column, bound.min, bound.max)):
            yield f"{path}: {problem}"
    for code in content.identification.confusable or ():
        if resolve_or_none(code) != code:
            yield f"{path}: identification.confusable: {code!r} is not a code as ekk_Latn"
        elif code == path.stem:
            yield f"{path}: identification.confusable: {code} is the language itself"
    if content.backoff is not None and not content.falls_back():
        yield f"{path}: backoff says that no bounds and lists are set, but some are; leave `backoff` out"


def _is_macrolanguage(code: str) -> bool:
    """Whether text stands under the code of several languages (`que_Latn`), which no label can be resolved to."""
    language, _, script = code.partition("_")
    known = known_languages().get(language)
    return bool(known and script and is_code(code) and any(k.macro == language for k in known_languages().values()))


def _unexplained(path: Path, content: LanguageFile) -> Iterator[str]:
    """Values without a source, which nobody can judge later."""
    for column, bound in content.bounds.items():
        if not bound.why:
            yield f'{path}: bounds.{column}: say why, as why = "...": where a number was measured, on what, when'
    for name in ("identification", "text"):
        table = getattr(content, name)
        for key in type(table).model_fields:
            if not key.endswith("_why") and getattr(table, key) and not getattr(table, f"{key}_why"):
                yield f'{path}: {name}.{key}: say where it is from, as {key}_why = "..."'


def _word_problems(place: str, words: tuple[str, ...]) -> Iterator[str]:
    for word in words:
        if word != unicodedata.normalize("NFC", word):
            yield f"{place}: {word!r} is not in NFC"
        elif word != word.lower():
            yield f"{place}: {word!r} is not in lower case"
    for word in sorted({word for word in words if words.count(word) > 1}):
        yield f"{place}: {word!r} stands twice"


@cache
def bound_columns() -> frozenset[str]:
    """Columns that a bound may name: what the stages measure, the language score and sizes."""
    columns = {*IDENTIFICATION.names, *SIZES.names}
    for stage in load_stages().values():
        if stage.kind == "annotate":
            try:
                columns |= set(stage.writes(stage.config()).names)
            except TypeError:  # it has options without a default, which decide its columns
                continue
    return frozenset(columns)
