"""What is wrong with language files: keys, codes, words, bounds that cannot bind, values without a source."""

import unicodedata
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

from pipelines.languages import (
    DEFAULT,
    LISTS,
    Bound,
    LanguageFile,
    files,
    is_script,
    load_language,
    read_file,
)
from stages.columns import IDENTIFICATION, SIZES
from stages.errors import ConfigError
from stages.identify.codes import is_code, known_languages, resolve, resolve_or_none
from stages.registry import load_stages, nearest


def check_languages(extra_dir: str | Path | None = None, measured: Collection[str] = ()) -> list[str]:
    """What is wrong with the language files, one line each; empty when all is in order.

    `measured` are columns that bounds may name besides those that stages write under their default options.
    """
    problems: list[str] = []
    if extra_dir is not None and not Path(extra_dir).is_dir():
        return [f"{extra_dir}: no such folder"]
    readable: dict[str, Path] = {}
    broken: list[str] = []
    for path in files(extra_dir):
        try:
            problems += [*_problems(path, read_file(path), measured), *_unexplained(path, read_file(path))]
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
        for problem in (*_problems(path, read_file(path), measured), *_crossed(path.stem, path, extra_dir)):
            raise ConfigError(problem)


def _crossed(code: str, path: Path, extra_dir: str | Path | None) -> Iterator[str]:
    """Bounds that nothing can meet once the files of a language are laid over each other."""
    if code.startswith("_"):
        return
    language = load_language(code, extra_dir)
    for bound in language.bounds.values():
        if problem := cannot_be_met(bound, len(language.text.stop_words)):
            yield f"{path}: {problem}"


def cannot_be_met(bound: Bound, stop_words: int) -> str | None:
    """Why no text of a language with so many stop words meets a bound as it ends up; None where some may."""
    place = f"bounds.{bound.column}"
    if bound.minimum is not None and bound.maximum is not None and bound.minimum > bound.maximum:
        return f"{place}: min {bound.minimum:g} is above max {bound.maximum:g}"
    if bound.column == "stop_word_count" and bound.minimum is not None and 0 < stop_words < bound.minimum:
        return f"{place}: min {bound.minimum:g} drops every text: there are {stop_words} stop words"
    return None


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
