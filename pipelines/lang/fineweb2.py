"""FineWeb-2's configuration files as language files: the body of `babelmill lang import`."""

import math
import tarfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from pipelines.lang.derive.write import render
from pipelines.language_checks import cannot_bind
from pipelines.languages import Bound, BoundTable, LanguageFile, TextTable
from stages.errors import ConfigError
from stages.identify.codes import name_of, resolve
from stages.identify.labels import label_table
from stages.text.segmentation import find_words
from stages.text.words import word_facts

SOURCES = ("fineweb2",)
"""What `lang import` reads."""

_SOURCE = "FineWeb-2 (Penedo et al. 2025)"

_BOUNDS = {
    "language_score": ("language_score", "min"),
    "dup_line_frac": ("duplicate_line_ratio", "max"),
    "line_punct_thr": ("line_punctuation_ratio", "min"),
    "new_line_ratio": ("newline_word_ratio", "max"),
    "min_avg_word_length": ("mean_word_length", "min"),
    "max_avg_word_length": ("mean_word_length", "max"),
    "max_non_alpha_words_ratio": ("alphabetic_word_ratio", "min"),
}
"""Its keys, and the column and side that say the same. The last is a minimum in datatrove, in spite of its name."""

_NGRAMS = {
    "top_n_grams": ("top_{}gram_char_ratio", (2, 3, 4)),
    "dup_n_grams": ("duplicate_{}gram_char_ratio", range(5, 11)),
}
"""Its lists of n and limit, the column for n, and the n that are measured."""

_NOTES = {
    "language_score": "on the scale of GlotLID's scores",
    "dup_line_frac": "share of duplicate lines",
    "line_punct_thr": "share of lines that end in punctuation",
    "max_non_alpha_words_ratio": "share of words with a letter",
}

CANNOT_BIND = "cannot bind, not taken over"
NO_COUNTERPART = "has no counterpart"
UNREADABLE = "cannot be read"
UNRESOLVED = "label does not resolve"
SAME_CODE = "another label of a language that has a file already, left out"
NOT_NFC = "not in NFC, composed"
NOT_LOWER = "not in lower case, lowered"
TWICE = "stands twice, taken once"
TRIMMED = "has punctuation, which is no part of a word, taken without it"
NOT_A_WORD = "never one word with a letter, left out"
FEW_WORDS = "fewer than two are left, bound on stop_word_count switched off"


@dataclass(frozen=True)
class Finding:
    """Something of a source file that did not become what it was."""

    file: str
    key: str
    what: str
    value: str = ""


@dataclass
class Imported:
    """What an import wrote and found."""

    files: int = 0
    languages: list[str] = field(default_factory=list)
    bounds: int = 0
    stop_words: int = 0
    findings: list[Finding] = field(default_factory=list)

    def summary(self) -> list[tuple[str, str, int, int, str]]:
        """Key, what of it, files, times and an example for each kind of finding, the most frequent first."""
        counts = Counter((found.key, found.what) for found in self.findings)
        rows = []
        for (key, what), times in counts.most_common():
            here = [found for found in self.findings if (found.key, found.what) == (key, what)]
            example = f"{here[0].file}: {here[0].value}" if here[0].value else here[0].file
            rows.append((key, what, len({found.file for found in here}), times, example))
        return rows


def import_fineweb2(source: str | Path, output: str | Path) -> Imported:
    """Write a language file for each of FineWeb-2's configuration files (a folder, or a tar archive of it).

    The output folder gets `<code>.toml` for each language and `report.tsv`, a line for each value that could not be
    taken over as it is. Its files lie over the installed ones with `--lang-configs`. A limit that no text can exceed
    is no bound: where FineWeb-2 holds one, ours is switched off, as it is there.

    Raises ConfigError for a source without configuration files and for an output folder that holds language files.
    """
    output = Path(output)
    if output.is_dir() and any(output.glob("*.toml")):
        raise ConfigError(f"{output}: holds language files already; give a new folder")
    imported = Imported()
    written: dict[str, str] = {}
    for label, content in sorted(_files(Path(source)), key=_own_label_first):
        imported.files += 1
        values = _parse(label, content, imported.findings)
        code = _code(label, imported.findings)
        if values is None or code is None:
            continue
        if code in written:
            imported.findings.append(Finding(label, "label", SAME_CODE, f"{code}, from {written[code]}"))
            continue
        written[code] = label
        output.mkdir(parents=True, exist_ok=True)
        (output / f"{code}.toml").write_text(_language_file(label, code, values, imported), "utf-8")
    if not imported.files:
        raise ConfigError(f"{source}: holds no .yml files; give FineWeb-2's configs folder or a tar archive of it")
    imported.languages = sorted(written)
    if written:
        rows = [
            "\t".join((found.file, found.key, found.what, " ".join(found.value.split()))) for found in imported.findings
        ]
        (output / "report.tsv").write_text("\n".join(["file\tkey\twhat\tvalue", *rows]) + "\n", "utf-8")
    return imported


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Label, which is the name without its ending, and content of each configuration file."""
    if source.is_dir():
        for path in sorted(source.rglob("*.yml")) + sorted(source.rglob("*.yaml")):
            yield path.stem, path.read_bytes()
        return
    if not source.is_file():
        raise ConfigError(f"{source}: no such file or folder; give FineWeb-2's configs folder or a tar archive of it")
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                name = PurePosixPath(member.name)
                content = archive.extractfile(member) if member.isfile() and name.suffix in (".yml", ".yaml") else None
                if content is not None:
                    yield name.stem, content.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ConfigError(f"{source}: not a folder and not a tar archive that can be read: {error}") from None


def _own_label_first(file: tuple[str, bytes]) -> tuple[bool, str]:
    """Of two labels of one language, the one that is its code is written."""
    return label_table("fineweb-2").get(file[0], file[0]) != file[0], file[0]


def _parse(label: str, content: bytes, findings: list[Finding]) -> Mapping[str, Any] | None:
    try:
        values = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        findings.append(Finding(label, "file", UNREADABLE, " ".join(str(error).split())))
        return None
    if not isinstance(values, dict):
        findings.append(Finding(label, "file", UNREADABLE, "no keys and values"))
        return None
    return values


def _code(label: str, findings: list[Finding]) -> str | None:
    try:
        return label_table("fineweb-2").get(label) or resolve(label)
    except ConfigError as error:
        findings.append(Finding(label, "label", UNRESOLVED, str(error)))
        return None


def _language_file(label: str, code: str, values: Mapping[str, Any], imported: Imported) -> str:
    """The text of a language file, and its findings."""
    findings = imported.findings
    bounds: dict[str, BoundTable] = {}
    off: dict[str, BoundTable] = {}
    for key, column, side, value in _limits(label, values, findings):
        named = key + (f" ({_NOTES[key]})" if key in _NOTES else "")
        if value is None:
            off[column] = BoundTable(off=True, why=f"{_SOURCE}, {label}: {named} cannot bind")
        else:
            before = bounds.get(column)
            why = f"{before.why}, {named}" if before else f"{_SOURCE}, {label}: {named}"
            bounds[column] = (before or BoundTable()).model_copy(update={side: value, "why": why})
            imported.bounds += 1
    words = _stop_words(label, values.get("stopwords"), findings)
    if "stopwords" in values and len(words) < 2:
        findings.append(Finding(label, "stopwords", FEW_WORDS, str(len(words))))
        off["stop_word_count"] = BoundTable(off=True, why=f"{_SOURCE}, {label}: fewer than two stop words")
    for key in sorted(set(values) - {*_BOUNDS, *_NGRAMS, "stopwords"}, key=str):
        findings.append(Finding(label, str(key), NO_COUNTERPART, str(values[key])[:80]))
    imported.stop_words += len(words)
    text = TextTable(stop_words=tuple(words), stop_words_why=f"{_SOURCE}, {label}: stopwords") if words else TextTable()
    return render(LanguageFile(name=name_of(code), text=text, bounds=dict(sorted({**off, **bounds}.items()))))


def _limits(
    label: str, values: Mapping[str, Any], findings: list[Finding]
) -> Iterator[tuple[str, str, str, float | None]]:
    """Key, column, side and value of each limit; None where it cannot bind."""
    for key, (column, side) in _BOUNDS.items():
        if key in values:
            yield from _limit(label, key, column, side, values[key], findings)
    for key, (pattern, sizes) in _NGRAMS.items():
        for pair in _pairs(label, key, values.get(key, []), findings):
            if pair[0] in sizes:
                yield from _limit(label, f"{key}.{pair[0]}", pattern.format(pair[0]), "max", pair[1], findings)
            else:
                findings.append(Finding(label, f"{key}.{pair[0]}", NO_COUNTERPART, str(pair[1])))


def _limit(
    label: str, key: str, column: str, side: str, value: Any, findings: list[Finding]
) -> Iterator[tuple[str, str, str, float | None]]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        findings.append(Finding(label, key, UNREADABLE, f"{value!r} is not a number"))
    elif _binds(key, column, side, value):
        yield key, column, side, value
    else:
        findings.append(Finding(label, key, CANNOT_BIND, f"{value:g}"))
        yield key, column, side, None


def _binds(key: str, column: str, side: str, value: float) -> bool:
    """Whether some text could exceed a limit; datatrove reads a `dup_line_frac` of 0 as none."""
    bound = Bound(column, minimum=value) if side == "min" else Bound(column, maximum=value)
    return cannot_bind(bound) is None and not (key == "dup_line_frac" and value == 0)


def _pairs(label: str, key: str, pairs: Any, findings: list[Finding]) -> Iterator[tuple[int, Any]]:
    if not isinstance(pairs, list):
        findings.append(Finding(label, key, UNREADABLE, f"{pairs!r} is not a list"))
        return
    for pair in pairs:
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], int):
            yield pair[0], pair[1]
        else:
            findings.append(Finding(label, key, UNREADABLE, f"{pair!r} is not a size and a limit"))


def _stop_words(label: str, words: Any, findings: list[Finding]) -> list[str]:
    """The stop words in lower case and NFC, each once, in their order."""
    kept: dict[str, None] = {}
    for word in words or [] if isinstance(words, list | None) else [words]:
        if not isinstance(word, str):
            findings.append(Finding(label, "stopwords", UNREADABLE, f"{word!r} is not text; quote it"))
            continue
        composed = unicodedata.normalize("NFC", word)
        lowered = unicodedata.normalize("NFC", composed.lower())
        if composed != word:
            findings.append(Finding(label, "stopwords", NOT_NFC, word))
        if lowered != composed:
            findings.append(Finding(label, "stopwords", NOT_LOWER, word))
        parts = [part for part in find_words(lowered) if word_facts(part).has_letter]
        if len(parts) != 1:
            findings.append(Finding(label, "stopwords", NOT_A_WORD, word))
            continue
        if parts != [lowered]:
            findings.append(Finding(label, "stopwords", TRIMMED, word))
        if parts[0] in kept:
            findings.append(Finding(label, "stopwords", TWICE, word))
        kept[parts[0]] = None
    return list(kept)
