"""The words that duplicates are recognised by, safe for every script."""

import unicodedata
from typing import Final, NamedTuple

import numpy as np
import regex

from stages.text.batch import TextBatch
from stages.text.characters import APOSTROPHES, COLONS, HYPHENS
from stages.text.code_points import word_hash
from stages.text.language import DICTIONARY
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


def dedup_words(parts: Segmentation) -> list[str]:
    """The dedup words of a text in reading order: NFC, then segmented, then each word folded."""
    words = parts.words
    if parts.language.segmenter != DICTIONARY or not unicodedata.is_normalized("NFC", parts.text):
        words = find_words(unicodedata.normalize("NFC", parts.text))
    return [known for known in map(DEDUP_WORDS.__getitem__, words) if known]


class WordHashes(NamedTuple):
    """The dedup words of a batch: those of document i are hashes[offsets[i]:offsets[i + 1]]."""

    hashes: np.ndarray  # uint64
    offsets: np.ndarray  # int64, one more than there are documents


def word_hashes(batch: TextBatch) -> WordHashes:
    """The dedup words of every document of a batch, in reading order, from the shared arrays of its NFC."""
    return WordHashes(*batch.sketch_segments.nfc.dedup_words)


def word_hashes_plain(batch: TextBatch) -> WordHashes:
    """Reference of `word_hashes`, from the words themselves."""
    found = [[word_hash(word) for word in dedup_words(parts)] for _, parts in batch]
    offsets = np.cumsum([0, *map(len, found)], dtype=np.int64)
    return WordHashes(np.array([known for part in found for known in part], np.uint64), offsets)
