"""Words, sentences, lines and paragraphs of a text: found once, shared by every signal and sketch."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import Any, Final

import icu
import regex

from stages.text.characters import (
    CLOSERS,
    INVISIBLE,
    JOINERS,
    SEPARATORS,
    SPACED,
    SPACED_TERMINATORS,
    UNSPACED,
    UNSPACED_BLOCKS,
)
from stages.text.language import DICTIONARY, LanguageText, Segmenter

_PART: Final = rf"{SPACED}[{SPACED}\p{{M}}]*"
TOKEN: Final = regex.compile(
    rf"""(?xV1)
      {_PART} (?: (?: [{JOINERS}\-] | {INVISIBLE}+ | (?<=\p{{N}})[.,](?=\p{{N}}) | (?<=\P{{N}})[:꞉：](?=\P{{N}})
                    | (?<=\p{{Hebrew}})"(?=\p{{Hebrew}}) )  {_PART} )*
    | {UNSPACED} [{UNSPACED}\p{{M}}\u200c\u200d]*
    | \.+ | -+ | =+ | _+ | \*+ | \#+ | ~+ | …+
    | [^\s{SEPARATORS}\p{{Cc}}\p{{Cf}}] \p{{M}}*
    """
)
"""A word of a spaced script, a run of unspaced scripts, a run of one of the usual rules and fillers, or one symbol."""

_CLUSTER = regex.compile(r"(?V1).[\p{M}\u200c\u200d]*")
_UNSPACED = regex.compile(rf"(?V1){UNSPACED}")
_UNSPACED_BLOCKS = re.compile(UNSPACED_BLOCKS)
_PARAGRAPH_BREAK = re.compile(r"\n{2,}")


@dataclass(frozen=True)
class Segmentation:
    """A text and its parts, each found when first asked for.

    Words include punctuation and symbols as words of their own. They depend on the text and the language's segmenter,
    sentences on its terminators.
    """

    text: str
    language: LanguageText

    @cached_property
    def words(self) -> list[str]:
        """Words and punctuation in reading order; none is empty or holds white space."""
        return find_words(self.text, self.language.segmenter)

    @cached_property
    def word_counts(self) -> Counter[str]:
        """How often each distinct word occurs, in order of first occurrence."""
        return Counter(self.words)

    @cached_property
    def word_spans(self) -> list[tuple[int, int]]:
        """Half-open character range of each word."""
        spans, end = [], 0
        for word in self.words:
            start = self.text.index(word, end)
            end = start + len(word)
            spans.append((start, end))
        return spans

    @cached_property
    def lines(self) -> list[str]:
        """Lines as `str.splitlines` finds them, blank ones included."""
        return self.text.splitlines()

    @cached_property
    def paragraphs(self) -> list[str]:
        """What blank lines separate."""
        return [part for part in _PARAGRAPH_BREAK.split(self.text.strip()) if part.strip()]

    @cached_property
    def sentences(self) -> list[str]:
        """Sentences without surrounding white space; a line break always ends one."""
        return [sentence for line in self.lines for sentence in find_sentences(line, self.terminators)]

    @cached_property
    def terminators(self) -> str:
        """The language's terminators that occur in the text."""
        return "".join(mark for mark in self.language.terminators if mark in self.text)


def segment(text: str, language: LanguageText) -> Segmentation:
    """The parts of a text, found lazily."""
    return Segmentation(text, language)


class _Chunks(dict[str, list[str]]):
    """Words of what stands between white space, remembered while short: most of a text is repetition."""

    longest = 20
    limit = 1 << 15

    def __missing__(self, chunk: str) -> list[str]:
        words = [chunk] if _is_plain(chunk) else _tokens(chunk)
        if len(chunk) <= self.longest:
            if len(self) >= self.limit:
                self.clear()
            self[chunk] = words
        return words


def _is_plain(chunk: str) -> bool:
    """Whether a chunk is a single word of letters; U+0E00 is where the unspaced scripts begin."""
    return chunk.isalpha() and max(chunk) < "\u0e00"


def _tokens(chunk: str) -> list[str]:
    if chunk[-1] in ",.;:!?)" and _is_plain(chunk[:-1]):  # spares every other chunk the slower pattern
        return [chunk[:-1], chunk[-1]]
    words: list[str] = TOKEN.findall(chunk)
    return words


_CHUNKS = _Chunks()


def find_words(text: str, segmenter: Segmenter = DICTIONARY) -> list[str]:
    """Words and punctuation of a text.

    Spaced scripts follow Unicode's word rules (UAX 29) with these differences: a full stop between letters separates,
    apostrophes and hyphens inside a word join. A combining mark never splits a word. Runs of unspaced scripts, and
    only those, are broken by the segmenter.
    """
    words = list(chain.from_iterable(map(_CHUNKS.__getitem__, text.split())))
    if segmenter == "spaces" or not has_unspaced(text):
        return words
    places = [place for place, word in enumerate(words) if _is_run(word)]
    broken = run_words([words[place] for place in places], segmenter)
    found, start = [], 0
    for place, parts in zip(places, broken, strict=True):
        found += words[start:place]
        found += parts
        start = place + 1
    return found + words[start:]


def find_runs(text: str) -> list[str]:
    """The runs of scripts without spaces of a text, uncut."""
    return [word for word in find_words(text, "spaces") if _is_run(word)]


def _is_run(word: str) -> bool:
    return word >= "\u0e00" and _UNSPACED.match(word) is not None


def has_unspaced(text: str) -> bool:
    """Whether a text may hold characters of a script without spaces."""
    return not text.isascii() and _UNSPACED_BLOCKS.search(text) is not None


def run_words(runs: list[str], segmenter: Segmenter = DICTIONARY) -> list[list[str]]:
    """The words of each run of an unspaced script; by one pass of ICU over all of them where it cuts them.

    It looks at each run alone, as a line break separates them.
    """
    joined = "\n".join(runs)
    if not runs or segmenter == "spaces":
        return [[run] for run in runs]
    if segmenter == "clusters":
        return [_CLUSTER.findall(run) for run in runs]
    boundaries = _word_boundaries(joined)
    found: list[list[str]] = [[]]
    start = 0
    for end in boundaries:
        part = joined[start:end]
        if part == "\n":
            found.append([])
        elif part:
            found[-1].append(part)
        start = end
    return found


def _word_boundaries(text: str) -> list[int]:
    """Ends of ICU's words as character offsets; ICU itself counts UTF-16 units."""
    iterator = _icu_iterator()
    iterator.setText(text)
    units: list[int] = list(iterator)
    if text.isascii() or max(text) <= "\uffff":
        return units
    offset_of, unit = {}, 0
    for offset, character in enumerate(text):
        offset_of[unit] = offset
        unit += 1 + (character > "\uffff")
    offset_of[unit] = len(text)
    return [offset_of[unit] for unit in units if unit in offset_of]


@cache
def _icu_iterator() -> Any:
    return icu.BreakIterator.createWordInstance(icu.Locale.getRoot())


def find_sentences(line: str, terminators: str) -> list[str]:
    """Sentences of one line; text after the last terminator is a sentence too.

    A full stop, question or exclamation mark ends one before white space unless a lower-case letter follows or a
    single capital stands before it (an initial); the marks of other scripts end one anywhere.
    """
    if not terminators:
        return [stripped] if (stripped := line.strip()) else []
    found, start = [], 0
    for match in _possible_end(terminators).finditer(line):
        if _ends_sentence(line, match.start(), match.end()):
            found.append(line[start : match.end()].strip())
            start = match.end()
    rest = line[start:].strip()
    return [*found, rest] if rest else found


def _ends_sentence(line: str, start: int, end: int) -> bool:
    """Whether the marks and white space at line[start:end] end a sentence."""
    if not all(mark in SPACED_TERMINATORS or mark in CLOSERS for mark in line[start:end].rstrip()):
        return True
    initial = line[start - 1 : start].isupper() and not line[start - 2 : start - 1].isalpha() and line[start] == "."
    following = line[end : end + 1]
    # Georgian has no capitals in running text: its letters are lower case, and their own title case
    goes_on = following.islower() and following != following.title()
    return line[end - 1].isspace() and not goes_on and not (start and initial)


@cache
def _possible_end(terminators: str) -> re.Pattern[str]:
    """Terminators, what may close a quotation after them, and white space, where something follows."""
    marks, closers = re.escape(terminators), re.escape(CLOSERS)
    return re.compile(rf"[{marks}][{marks}{closers}]*+\s*+(?=\S)")
