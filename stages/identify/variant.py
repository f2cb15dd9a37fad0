"""Written variants of a language: Simplified and Traditional Chinese, Bokmål and Nynorsk."""

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final

import icu
import numpy as np
import pyarrow as pa
from pydantic import Field

from stages.identify.codes import known_languages
from stages.identify.variant_kernel import count as count_characters
from stages.quality.lists_kernel import WORDS
from stages.quality.lists_kernel import count as count_words
from stages.registry import stage
from stages.text.batch import TextBatch, measured
from stages.text.casing import word_set
from stages.text.words import WORD_FACTS

COLUMNS = pa.schema([("variant", pa.string()), ("variant_agreement", pa.float32())])

MIXED: Final = "mixed"

_HANS, _HANT = 1, 2  # in the table of characters
_FIRST_HAN, _LAST_HAN = 0x4E00, 0x9FFF

BOKMAAL: Final = frozenset([
    "jeg", "ikke", "hun", "ham", "dere", "hva", "hvem", "hvor", "hvordan", "hvorfor", "hvilken", "hvilket",
    "hvilke", "hvis", "hver", "hvert", "hverandre", "noe", "noen", "fra", "være", "vært", "bare", "kommer", "gjør",
    "gjøre", "sier", "se", "vet", "tror", "hjem", "hjemme", "mer", "flere", "hele", "selv", "uten", "siden",
    "samme", "sammen", "tidligere", "senere", "ligger", "gikk", "ga", "fikk", "en", "et", "disse", "mye", "deres",
    "ble", "norge", "skole", "skolen",
])  # fmt: skip
"""Frequent words that are written so in Bokmål and not in Nynorsk; their counterparts are in `NYNORSK`."""

NYNORSK: Final = frozenset([
    "eg", "ikkje", "dei", "kva", "kven", "korleis", "kvifor", "kvar", "kvart", "kvarandre", "noko", "nokon",
    "nokre", "frå", "vere", "vera", "vore", "berre", "kjem", "gjer", "gjere", "gjera", "seier", "veit", "heim",
    "heime", "viss", "meir", "fleire", "heile", "sjølv", "utan", "sidan", "same", "saman", "tidlegare", "seinare",
    "ligg", "gjekk", "fekk", "ein", "eit", "desse", "mykje", "dykk", "dykkar", "deira", "hennar", "då", "medan",
    "vart", "vert", "vorte", "òg", "gong", "gonger", "noreg", "ho", "kor", "sjå", "såg", "trur", "framleis",
    "heiter", "skule", "skulen",
])  # fmt: skip
"""Frequent words that are written so in Nynorsk and not in Bokmål."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Options of `identify.variant`: less than this share of the evidence for the larger variant is `mixed`."""

    mixed_below: Annotated[float, Field(ge=0.5, le=1)] = 0.8


@stage("identify.variant", config=Variant, writes=COLUMNS)
def variant(batch: TextBatch, config: Variant) -> pa.RecordBatch:
    """Tell which of two written variants of its language a text is in.

    `variant` is `hans` or `hant` for Chinese languages, `nob` or `nno` for Norwegian, `mixed` where neither has most of
    the evidence, and null for other languages and for texts without evidence. Evidence is occurrences of Han
    characters, or of function words, that only one of the two has. `variant_agreement` is the share of the evidence
    for the variant that the language's code names (`nob_Latn`, `nno_Latn`), for Chinese for the larger one, whatever it
    is; 1 without evidence. So a bound on it finds texts filed under the wrong variant, and mixtures.

    Reads:   text
    Writes:  variant: string; variant_agreement: float32 in [0, 1]
    Source:  characters that only one of GB 2312 and Big5 encodes and that CLDR's Hans-Hant transforms change
    """
    names = _variants(batch.language.code)
    if not names:
        return measured(COLUMNS, [(None, 1.0)] * len(batch))
    if names == ("hans", "hant"):
        evidence = count_characters(batch.segments, _characters())
    else:
        evidence = count_words(batch.segments, word_set(BOKMAAL), word_set(NYNORSK))[:WORDS]
    return _told(names, evidence.T.tolist(), batch.language.code, config)


def variant_plain(batch: TextBatch, config: Variant) -> pa.RecordBatch:
    """The reference of `variant`, character by character and word by word."""
    names = _variants(batch.language.code)
    evidence = []
    for text, parts in batch:
        if names == ("hans", "hant"):
            kinds = [_kind(character) for character in text]
            evidence.append([kinds.count(_HANS), kinds.count(_HANT)])
        else:
            words = [(WORD_FACTS[word].folded, many) for word, many in parts.word_counts.items()]
            evidence.append([sum(many for word, many in words if word in known) for known in (BOKMAAL, NYNORSK)])
    return _told(names, evidence, batch.language.code, config) if names else variant(batch, config)


def _variants(code: str) -> tuple[str, str] | tuple[()]:
    """The names of a language's variants."""
    language, _, script = code.partition("_")
    known = known_languages().get(language)
    if script in ("Hani", "Hans", "Hant") and known and "zho" in (known.code, known.macro):
        return "hans", "hant"
    return ("nob", "nno") if script == "Latn" and known and "nor" in (known.code, known.macro) else ()


def _told(names: tuple[str, ...], evidence: list[list[int]], code: str, config: Variant) -> pa.RecordBatch:
    own = code.partition("_")[0]
    rows: list[tuple[str | None, float]] = []
    for counts in evidence:
        total, most = sum(counts), max(counts)
        if not total:
            rows.append((None, 1.0))
            continue
        name = names[counts.index(most)] if most >= config.mixed_below * total else MIXED
        rows.append((name, (counts[names.index(own)] if own in names else most) / total))
    return measured(COLUMNS, rows)


@cache
def _characters() -> np.ndarray:
    """The kind of each character of three bytes, uint8 by code point."""
    kinds = np.zeros(1 << 16, np.uint8)
    for point in range(_FIRST_HAN, _LAST_HAN + 1):
        kinds[point] = _kind(chr(point))
    return kinds


@cache
def _kind(character: str) -> int:
    if not _FIRST_HAN <= ord(character) <= _LAST_HAN:
        return 0
    simplified, traditional = _encodes("gb2312", character), _encodes("big5", character)
    if simplified and not traditional and _transform("Simplified-Traditional").transliterate(character) != character:
        return _HANS
    if traditional and not simplified and _transform("Traditional-Simplified").transliterate(character) != character:
        return _HANT
    return 0


@cache
def _transform(name: str) -> icu.Transliterator:
    return icu.Transliterator.createInstance(name)


def _encodes(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
