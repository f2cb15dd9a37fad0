"""Documents with a share of their words in other languages, by a bilingual word list."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field

from stages.augment.chance import derived_id, fraction, pick
from stages.augment.codes import folded
from stages.augment.lexicon import Hit, Lexicon, OpenLexicon, Span, recased, with_replacements
from stages.augment.pairs import Share
from stages.augment.parallel_documents import SEVERAL_LANGUAGES
from stages.augment.words import sentence_starts, word_spans
from stages.columns import AUGMENTED
from stages.registry import stage

NAME = "augment.codeswitch_lexicon"


@dataclass(frozen=True, kw_only=True)
class CodeswitchLexicon:
    """Options of `augment.codeswitch_lexicon`.

    `name` is the dataset written, `augmented/<name>/`. `lexicon` is a JSONL file of `src tgt src_lang tgt_lang`.
    `rate` is the share of the document's words that changes: single words, whole sentences or chunks of `chunk_words`
    words, as `unit` says; in a sentence or chunk every word that the lexicon knows goes to one language. `languages`
    are the codes to switch to (empty: all that the lexicon has) and `weights` how often each is drawn (1 where not
    named). A document needs `min_found` of its words in the lexicon. `copies` makes several versions of a document.
    `translation` takes the `first` translation of a word or `any`. `label` is the language of the row: `mul`, or that
    of the `document`.
    """

    lexicon: str = field(metadata={"path": True})
    name: str = "codeswitch_lexicon"
    rate: Annotated[float, Field(gt=0, le=1)] = 0.2
    unit: Literal["word", "sentence", "chunk"] = "word"
    chunk_words: Annotated[int, Field(ge=2)] = 8
    languages: tuple[str, ...] = ()
    weights: Mapping[str, Annotated[float, Field(ge=0)]] = field(default_factory=dict)
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    min_found: Share = 0.1
    translation: Literal["first", "any"] = "first"
    max_words: Annotated[int, Field(ge=1)] = 3
    directions: Literal["forward", "both_ways"] = "forward"
    label: Literal["mul", "document"] = "mul"
    share: Share = 1.0
    seed: int = 0


@dataclass(frozen=True)
class _Unit:
    """What changes language at once: its place in the text, its length in words, the lexicon's entries in it."""

    position: int
    words: int
    hits: tuple[Hit, ...]


@stage(
    NAME,
    kind="recipe",
    config=CodeswitchLexicon,
    writes=AUGMENTED,
    resources=lambda config: {"lexicon": Lexicon(config.lexicon, config.max_words, config.directions)},
    reads_dataset="corpus",
    writes_dataset="augmented",
)
def codeswitch_lexicon(batch: pa.RecordBatch, config: CodeswitchLexicon, *, lexicon: OpenLexicon) -> pa.RecordBatch:
    """Replace a share of the words of each document by their translations.

    Entries of several words go before single ones; the case of the replaced word is kept; all else, markup and spacing
    included, stays. The units with the smallest hashes are taken until `rate` of the words is reached, or all that the
    lexicon allows. Documents with too few words in the lexicon, or in which nothing changed, give no row: they are
    those whose id is in no `derived_from`.

    Reads:   corpus: doc_id, text, language, source, licence
    Writes:  augmented: up to `copies` rows per document, `origin` mixed
    Source:  PreAlign (Li et al. 2024); Contextual Code-Switching (2023); LinguaLIFT (Zhang et al. 2024)
    """
    rows: list[dict[str, Any]] = []
    for document in batch.select(["doc_id", "text", "language", "source", "licence"]).to_pylist():
        if fraction(config.seed, NAME, "share", document["doc_id"]) < config.share:
            rows += _copies(document, config, lexicon)
    return pa.RecordBatch.from_pylist(rows, schema=AUGMENTED)


def _copies(document: Mapping[str, Any], config: CodeswitchLexicon, lexicon: OpenLexicon) -> Iterator[dict[str, Any]]:
    text, language = document["text"], document["language"]
    weights = _weights(config, language, lexicon)
    if not weights:
        return
    words = word_spans(text)
    hits = [hit for hit in lexicon.find(text, words, language) if weights.keys() & hit.translations.keys()]
    if not hits or sum(hit.words for hit in hits) < config.min_found * len(words):
        return
    units = list(_units(text, words, hits, config))
    made = {text}
    for copy in range(config.copies):
        switched = _switched(text, len(words), units, weights, config, f"{document['doc_id']}/{copy}")
        if switched in made:
            continue
        made.add(switched)
        yield {
            "doc_id": derived_id(NAME, config.name, document["doc_id"], copy),
            "text": switched,
            "language": SEVERAL_LANGUAGES if config.label == "mul" else language,
            "source": document["source"],
            "licence": document["licence"],
            "origin": "mixed",
            "recipe": NAME,
            "derived_from": [document["doc_id"]],
            "backend": f"lexicon {lexicon.version}",
        }


def _weights(config: CodeswitchLexicon, language: str, lexicon: OpenLexicon) -> dict[str, float]:
    """Positive weights of the languages a document may switch to, by folded code, in a fixed order."""
    there = lexicon.targets(language)
    named = {folded(code): weight for code, weight in config.weights.items()}
    wanted = [folded(code) for code in config.languages] or sorted(there)
    weights = {code: named.get(code, 1.0) for code in wanted if code in there and code != folded(language)}
    return {code: weight for code, weight in weights.items() if weight > 0}


def _units(text: str, words: Sequence[Span], hits: Sequence[Hit], config: CodeswitchLexicon) -> Iterator[_Unit]:
    if config.unit == "word":
        yield from (_Unit(hit.start, hit.words, (hit,)) for hit in hits)
        return
    starts = (
        [words[index][0] for index in range(0, len(words), config.chunk_words)]
        if config.unit == "chunk"
        else sentence_starts(text)
    )
    inside: dict[int, list[Hit]] = {}
    for hit in hits:
        inside.setdefault(bisect_right(starts, hit.start), []).append(hit)
    sizes = Counter(bisect_right(starts, start) for start, _ in words)
    yield from (_Unit(found[0].start, sizes[unit], tuple(found)) for unit, found in inside.items())


def _switched(
    text: str, words: int, units: Iterable[_Unit], weights: Mapping[str, float], config: CodeswitchLexicon, version: str
) -> str:
    def number(what: str, position: int) -> float:
        return fraction(config.seed, NAME, what, version, position)

    wanted, changed = config.rate * words, 0
    replacements: list[tuple[int, int, str]] = []
    for unit in sorted(units, key=lambda unit: (number("unit", unit.position), unit.position)):
        if changed + unit.words / 2 > wanted and replacements:
            continue
        changed += unit.words
        code = pick(_reach(unit, weights), number("language", unit.position))
        for hit in unit.hits:
            options = hit.translations.get(code, ())
            if options:
                drawn = int(number("translation", hit.start) * len(options)) if config.translation == "any" else 0
                replaced = recased(options[drawn], text[hit.start : hit.end], code)
                replacements.append((hit.start, hit.end, replaced))
    return with_replacements(text, replacements)


def _reach(unit: _Unit, weights: Mapping[str, float]) -> dict[str, float]:
    """Weights times the number of words of the unit that each language has."""
    return {
        code: weight * sum(hit.words for hit in unit.hits if code in hit.translations)
        for code, weight in weights.items()
    }
