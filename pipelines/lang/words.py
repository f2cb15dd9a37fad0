"""`babelmill lang words`: frequent words that hardly any other language has, and a bound on their share."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from pipelines.lang.derive.reference import PIECE_BYTES, Reference, pieces_of, read_references
from pipelines.lang.derive.stop_words import NAME_SHARE, permits_lists
from pipelines.lang.derive.write import heading_of, render
from pipelines.languages import INSTALLED, BoundTable, own_file, resolve_code
from stages.errors import ConfigError
from stages.identify.codes import name_of, resolve_or_none, same_language
from stages.quality.lists_kernel import FIRST, WORDS, count
from stages.text.arrays import Segments
from stages.text.casing import word_set
from stages.text.language import LanguageText
from stages.text.segmentation import segment
from stages.text.words import WORD_FACTS

COLUMN: Final = "frequent_word_ratio"

AFFINITY: Final = 0.85
"""Smallest share of a language in a word's frequencies in it and in any other language, as FineWeb-2's lists have."""

MOST, LEAST = 300, 20
"""Words of a list; fewer would say little of a short text."""

LEAST_COUNT, LEAST_PIECES = 3, 3
"""A word that stands less often, or in fewer pieces, is a word of one text."""

NEEDED_PIECES: Final = 20

LOST, OF_LOST = 0.01, 0.05
"""Quantile of held-out text, and the part of it that is the bound: text of other kinds has fewer of these words.

Of declarations in 38 languages, cut in halves, lists of Bible chapters, stories and snippets lose none of 96 so, and
keep 4.2 % of those in other languages of the script; a tenth of the quantile loses 3 and keeps 2.6 %, a fortieth loses
none and keeps 6.1 % (2026-11; the part was chosen by these figures, so they are no estimate for other text).
"""


@dataclass(frozen=True)
class CountedPieces:
    """Text of one language in pieces of about the same size, and its words."""

    code: str
    texts: tuple[str, ...]
    sources: tuple[str, ...]
    words: Sequence[Counter[str]]
    names: frozenset[str]

    def counted(self, chosen: slice = slice(None)) -> Counter[str]:
        """Occurrences of words in some of the pieces."""
        counts = Counter[str]()
        for words in self.words[chosen]:
            counts.update(words)
        return counts


@dataclass(frozen=True)
class FrequentWords:
    """A list, most frequent first, the bound, and what both do on text that they are not of."""

    code: str
    words: tuple[str, ...]
    bound: float
    pieces: int
    sources: tuple[str, ...]
    languages: int
    lost: float
    """Share of held-out pieces of the language that the bound drops."""
    passed: Mapping[str, float]
    """Share of the pieces of each other language that pass the bound, the largest first; those with none left out."""

    @property
    def why(self) -> str:
        """Where the list is from."""
        return (
            f"the most frequent words of {self.pieces:,} pieces of {', '.join(self.sources)}, each of which no other of"
            f" {self.languages} languages has more than {1 / AFFINITY - 1:.0%} as often"
        )

    @property
    def bound_why(self) -> str:
        """Where the bound was measured."""
        dropped = 1 - sum(self.passed.values()) / self.languages
        nearest = "".join(f" ({code} passes most, {share:.0%})" for code, share in list(self.passed.items())[:1])
        return (
            f"{OF_LOST:g} of what {1 - LOST:.0%} of held-out pieces of {PIECE_BYTES} bytes reach; drops {self.lost:.1%}"
            f" of them and {dropped:.1%} of those of {self.languages} other languages{nearest}"
        )


def frequent_words(codes: Sequence[str], references: Sequence[str]) -> Iterator[FrequentWords | str]:
    """The list of each language, or why it has none, of those named, else of every one with text that may be used.

    Text of all the other languages in the references is what its words are told from. The list is taken only from
    text whose licence permits it; the other text is counted, whatever its licence.

    Raises ConfigError where an input does not exist, where a language that is named has no text, and where there is
    no text of another one.
    """
    wanted = [resolve_code(code) for code in codes]
    found = read_references(references, wanted[0] if len(wanted) == 1 else None)
    if missing := [code for code in wanted if code not in found]:
        raise ConfigError(f"{missing[0]}: no text of it in {', '.join(references)}; check `lang` of the records")
    if len(found) < 2:
        raise ConfigError(f"{', '.join(references)}: text of one language; add text of those that it is taken for")
    yield from derive_words(wanted or sorted(found), found)


def derive_words(wanted: Sequence[str], found: Mapping[str, Reference]) -> Iterator[FrequentWords | str]:
    """The list of each language, or why it has none, told from all the other languages found."""
    pieces = {code: each for code, reference in found.items() if (each := _pieces(reference)).texts}
    shares = _shares(pieces)
    segments = {code: _segments(each.texts) for code, each in pieces.items()}
    for code in wanted:
        if resolve_or_none(code) != code:
            yield f"{code}: stands for several languages: no list"
            continue
        own = _pieces(Reference(code, [text for text in found[code].texts if permits_lists(text)]))
        yield (
            _derive(own, shares, segments)
            if len(own.texts) >= NEEDED_PIECES
            else (
                f"{code}: {len(own.texts)} pieces of text whose licence permits lists, below {NEEDED_PIECES}: no list"
            )
        )


def write(found: FrequentWords, folder: Path) -> Path:
    """Put the list and the bound into the language's file in a folder; what else stands there stays."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found.code}.toml"
    before = own_file(found.code, folder)
    text = before.text.model_copy(update={"frequent_words": found.words, "frequent_words_why": found.why})
    bounds = {**before.bounds, COLUMN: BoundTable(min=found.bound, why=found.bound_why)}
    name = before.name or name_of(found.code)
    file = before.model_copy(
        update={"name": name, "backoff": None, "text": text, "bounds": dict(sorted(bounds.items()))}
    )
    path.write_text(render(file, heading_of(path if path.is_file() else INSTALLED / path.name)), "utf-8")
    return path


def shown(found: FrequentWords | str) -> str:
    """What was found, in three lines."""
    if isinstance(found, str):
        return found
    near = ", ".join(f"{code} {share:.0%}" for code, share in list(found.passed.items())[:5])
    return (
        f"{found.code}: {len(found.words)} words of {found.pieces:,} pieces: {' '.join(found.words[:12])} ...\n"
        f"  {COLUMN}: min {found.bound:g} drops {found.lost:.1%} of held-out pieces\n"
        f"  pieces of others that pass: {near or 'none'}"
    )


def _derive(
    own: CountedPieces, shares: Mapping[str, list[tuple[float, str]]], segments: Mapping[str, Segments]
) -> FrequentWords | str:
    words = _list(own, slice(None), shares)
    if len(words) < LEAST:
        return f"{own.code}: {len(words)} frequent words that no other language has, below {LEAST}: no list"
    halves = (slice(0, None, 2), slice(1, None, 2))
    held_out = np.concatenate(
        [_ratios(_segments(own.texts[test]), _list(own, train, shares)) for train, test in (halves, halves[::-1])]
    )
    bound = float(np.floor(np.quantile(held_out, LOST, method="lower") * OF_LOST * 10_000) / 10_000)
    if bound <= 0:
        return f"{own.code}: {LOST:.0%} of held-out pieces have none of {len(words)} words: no list"
    told_from = {code: text for code, text in segments.items() if not same_language(own.code, code)}
    passed = {code: float((_ratios(text, words) >= bound).mean()) for code, text in told_from.items()}
    ranked = dict(sorted(((code, share) for code, share in passed.items() if share), key=lambda item: (-item[1], item)))
    sources = tuple(sorted(set(own.sources)))
    lost = float((held_out < bound).mean())
    return FrequentWords(own.code, words, bound, len(own.texts), sources, len(told_from), lost, ranked)


def _list(own: CountedPieces, chosen: slice, shares: Mapping[str, list[tuple[float, str]]]) -> tuple[str, ...]:
    """The most frequent words of some of the pieces that are the language's own."""
    counts = own.counted(chosen)
    pieces = Counter(word for words in own.words[chosen] for word in words)
    total = max(counts.total(), 1)
    words = [
        word
        for word, many in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if many >= LEAST_COUNT and pieces[word] >= LEAST_PIECES and word not in own.names
    ]
    kept = []
    for word in words:
        share = counts[word] / total
        largest = max((other for other, code in shares[word] if not same_language(own.code, code)), default=0.0)
        if share >= AFFINITY * (share + largest):
            kept.append(word)
        if len(kept) == MOST:
            break
    return tuple(kept)


def _pieces(reference: Reference) -> CountedPieces:
    """Its text in pieces with their words."""
    pieces = pieces_of(reference)
    words = []
    capitals, everything = Counter[str](), Counter[str]()
    for piece in pieces.texts:
        found = Counter[str]()
        for word, many in segment(piece, LanguageText(code=reference.code)).word_counts.items():
            facts = WORD_FACTS[word]
            if facts.has_letter:
                found[facts.folded] += many
                everything[facts.folded] += many
                capitals[facts.folded] += many * (word != facts.folded)
        words.append(found)
    names = frozenset(word for word, many in capitals.items() if many > NAME_SHARE * everything[word])
    return CountedPieces(reference.code, pieces.texts, pieces.sources, words, names)


def _shares(languages: Mapping[str, CountedPieces]) -> Mapping[str, list[tuple[float, str]]]:
    """For each word its share of the words of every language that has it."""
    shares: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for code, pieces in languages.items():
        counts = pieces.counted()
        total = max(counts.total(), 1)
        for word, many in counts.items():
            shares[word].append((many / total, code))
    return shares


def _segments(texts: Sequence[str]) -> Segments:
    return Segments(pa.array(texts, pa.large_string()))


def _ratios(segments: Segments, words: Sequence[str]) -> np.ndarray:
    """The share of listed words in each text."""
    counts = count(segments, word_set(frozenset(words)), word_set(frozenset()))
    ratios: np.ndarray = counts[FIRST] / np.maximum(counts[WORDS], 1)
    return ratios
