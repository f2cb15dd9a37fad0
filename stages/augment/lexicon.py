"""Bilingual word lists: opened, cleaned, and found in a text."""

import gzip
import json
import re
import unicodedata
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import icu

from stages.augment.codes import folded
from stages.errors import ConfigError
from stages.resources import fingerprint, read_bytes

Span = tuple[int, int]
Translations = Mapping[str, tuple[str, ...]]
"""From the folded code of a language to translations, the most usual first."""

MAX_WORDS = 6
"""Longest entry, in words, that is looked for in a text."""

_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_BETWEEN_TRANSLATIONS = re.compile(r"[,;،؛、；，/]")
_DOTTED_I = {"tur", "azj", "crh", "tat", "kaz", "gag"}
"""Languages whose I has the small form ı and whose İ has the small form i (in Latin script)."""


@dataclass(frozen=True)
class Hit:
    """Words of a text that a lexicon translates: a character span, its length in words, and the translations."""

    start: int
    end: int
    words: int
    translations: Translations


@dataclass(frozen=True)
class OpenLexicon:
    """Entries by language and folded form; `version` names the list and how it was read."""

    entries: Mapping[str, Mapping[str, Translations]]
    version: str

    @cached_property
    def sorted_forms(self) -> Mapping[str, list[str]]:
        """The forms of each language in the order of their characters."""
        return {language: sorted(forms) for language, forms in self.entries.items()}

    def targets(self, language: str) -> frozenset[str]:
        """Folded codes of the languages that words of this language have translations in."""
        forms = self.entries.get(folded(language), {})
        return frozenset(target for translations in forms.values() for target in translations)

    def find(self, text: str, words: Sequence[Span], language: str) -> Iterator[Hit]:
        """Entries in the text, left to right, the longest first, without overlap.

        `words` are the ascending character spans of the words of the text.
        """
        code = folded(language)
        position = 0
        while position < len(words) and code in self.entries:
            hit = self._longest_from(position, text, words, code)
            if hit:
                yield hit
            position += hit.words if hit else 1

    def _longest_from(self, position: int, text: str, words: Sequence[Span], code: str) -> Hit | None:
        forms, in_order = self.entries[code], self.sorted_forms[code]
        start, hit = words[position][0], None
        for count, (_, end) in enumerate(words[position : position + MAX_WORDS], start=1):
            candidate = form(text[start:end], code)
            if candidate in forms:
                hit = Hit(start, end, count, forms[candidate])
            after = bisect_right(in_order, candidate)
            if after == len(in_order) or not in_order[after].startswith(candidate):
                break  # no entry goes on from here
        return hit


@dataclass(frozen=True)
class Lexicon:
    """A JSONL file (`.gz` too) of `{src, tgt: [...], src_lang, tgt_lang}`, as FreeDict's dictionaries are.

    Notes in brackets are taken off a translation, lists in one string are parted at commas, and what is then longer
    than `max_words` words is left out: it explains, it does not translate. `both_ways` reads each entry in reverse too.
    """

    path: str
    max_words: int = 3
    directions: Literal["forward", "both_ways"] = "forward"

    def open(self) -> OpenLexicon:
        entries: dict[str, dict[str, dict[str, dict[str, None]]]] = defaultdict(lambda: defaultdict(dict))
        for source, target, word, translation in self._pairs():
            entries[source][form(word, source)].setdefault(target, {})[translation] = None
            if self.directions == "both_ways":
                entries[target][form(translation, target)].setdefault(source, {})[word] = None
        return OpenLexicon(
            {
                language: {
                    word: {target: tuple(translations) for target, translations in targets.items()}
                    for word, targets in forms.items()
                }
                for language, forms in entries.items()
            },
            self.fingerprint(),
        )

    def fingerprint(self) -> str:
        return f"{fingerprint(self.path)} {self.max_words} {self.directions}"

    def _pairs(self) -> Iterator[tuple[str, str, str, str]]:
        """Folded codes, word and translation of every usable pair, in the order of the file."""
        for number, line in enumerate(self._lines(), start=1):
            if not line.strip():
                continue
            try:
                entry: dict[str, Any] = json.loads(line)
                source, target = folded(entry["src_lang"]), folded(entry["tgt_lang"])
                listed = [entry["tgt"]] if isinstance(entry["tgt"], str) else list(entry["tgt"])
                word = _without_notes(entry["src"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ConfigError(
                    f"{self.path}: line {number} needs src, tgt, src_lang and tgt_lang as JSON: {error!r}"
                ) from None
            for translation in (part for text in listed for part in _translations(text)):
                if word and len(translation.split()) <= self.max_words:
                    yield source, target, word, translation

    def _lines(self) -> list[str]:
        data = read_bytes(self.path)
        return (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode("utf-8").split("\n")


def form(word: str, code: str) -> str:
    """How a word is looked up: NFC, lower case of its language, single spaces, plain apostrophes."""
    if code.partition("_")[0] in _DOTTED_I and code.endswith("Latn"):
        word = word.replace("İ", "i").replace("I", "ı")
    return " ".join(unicodedata.normalize("NFC", word).lower().replace("’", "'").replace("ʼ", "'").split())


def recased(translation: str, original: str, code: str) -> str:
    """The translation in the case of the word it replaces: `Maja`, `MAJA`; as listed where that is lower case."""
    letters = [letter for letter in original if letter.isalpha()]
    locale = icu.Locale.createCanonical(code)
    if len(letters) > 1 and all(letter.isupper() for letter in letters):
        return str(icu.UnicodeString(translation).toUpper(locale))
    if letters and letters[0].isupper():
        return str(icu.UnicodeString(translation[:1]).toUpper(locale)) + translation[1:]
    return translation


def with_replacements(text: str, replacements: Iterable[tuple[int, int, str]]) -> str:
    """The text with character spans, which do not overlap, replaced."""
    parts, end = [], 0
    for start, stop, replaced in sorted(replacements):
        parts += [text[end:start], replaced]
        end = stop
    return "".join((*parts, text[end:]))


def _without_notes(text: str) -> str:
    return " ".join(_BRACKETS.sub(" ", text).split())


def _translations(text: str) -> Iterator[str]:
    for part in _BETWEEN_TRANSLATIONS.split(_without_notes(text)):
        part = part.strip(" .!?:-")
        if part and not any(mark in part for mark in "()[]{}<>|=~"):
            yield part
