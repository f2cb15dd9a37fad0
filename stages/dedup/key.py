"""The words that duplicates are recognised by, safe for every script."""

import unicodedata
from typing import Final, NamedTuple

import numpy as np
import regex
import xxhash

from stages.text.batch import TextBatch
from stages.text.characters import APOSTROPHES, COLONS, HYPHENS
from stages.text.segmentation import Segmentation, find_words
from stages.text.words import Remembered

_EDGES: Final = regex.compile(r"^[^\p{L}\p{M}\p{N}'\-:]+|[^\p{L}\p{M}\p{N}'\-:]+$")
_IGNORED: Final = regex.compile(r"\p{Default_Ignorable_Code_Point}+")
_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]")
VARIANTS: Final = str.maketrans(
    {
        **dict.fromkeys(APOSTROPHES, "'"),
        **dict.fromkeys(HYPHENS, "-"),
        **dict.fromkeys(COLONS, ":"),
    }
)
"""Typographic variants of apostrophe, hyphen and colon, each with the one that stands for it in dedup words."""


def dedup_word(word: str) -> str:
    """The form of a word that its duplicates share; empty for punctuation and symbols.

    Case is folded, typographic variants of apostrophe, hyphen and colon are one, invisible format characters go, and
    so does punctuation at the edges. Marks, tones, digits and what stands inside the word stay.
    """
    if word.isascii() and word.isalnum():
        return word.lower()
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", word).casefold())
    if _WORD.search(folded) is None:
        return ""
    if folded.isalpha() and _IGNORED.search(folded) is None:
        return folded.translate(VARIANTS)
    return _EDGES.sub("", _IGNORED.sub("", folded).translate(VARIANTS))


DEDUP_WORDS: Final = Remembered(dedup_word, 1 << 16)
"""`dedup_word` as a table."""

WORD_HASHES: Final = Remembered(lambda word: xxhash.xxh3_64_intdigest(word.encode()), 1 << 16)
"""xxh3-64 of a dedup word."""


def dedup_words(parts: Segmentation) -> list[str]:
    """The dedup words of a text in reading order: NFC, then segmented, then each word folded."""
    known: list[str] | None = parts.derived.get("dedup_words")
    if known is not None:
        return known
    words = parts.words
    if not unicodedata.is_normalized("NFC", parts.text):
        words = find_words(unicodedata.normalize("NFC", parts.text))
    found = parts.derived["dedup_words"] = [folded for folded in map(DEDUP_WORDS.__getitem__, words) if folded]
    return found


class WordHashes(NamedTuple):
    """The dedup words of a batch: those of document i are hashes[offsets[i]:offsets[i + 1]], xxh3-64 of each word."""

    hashes: np.ndarray  # uint64
    offsets: np.ndarray  # int64, one more than there are documents


def word_hashes(batch: TextBatch) -> WordHashes:
    """The dedup words of every document of a batch, in reading order."""
    found = []
    for _, parts in batch:
        if (known := parts.derived.get("word_hashes")) is None:
            words = dedup_words(parts)
            known = np.fromiter(map(WORD_HASHES.__getitem__, words), np.uint64, len(words))
            parts.derived["word_hashes"] = known
        found.append(known)
    offsets = np.zeros(len(found) + 1, np.int64)
    np.cumsum([len(known) for known in found], out=offsets[1:])
    return WordHashes(np.concatenate([np.zeros(0, np.uint64), *found]), offsets)
