"""Flagged and frequent words of the language in the text, and addresses on a block list."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
import regex

from stages.quality.blocklist import BlockList, BlockListFiles
from stages.quality.lists_kernel import count
from stages.registry import stage
from stages.text.batch import TextBatch, columns_in, measured
from stages.text.casing import word_set
from stages.text.segmentation import Segmentation, find_words, has_unspaced
from stages.text.words import WORD_FACTS

COLUMNS = pa.schema(
    [
        ("flagged_word_count", pa.int32()),
        ("flagged_word_ratio", pa.float32()),
        ("frequent_word_ratio", pa.float32()),
        ("url_blocked", pa.int32()),
    ]
)
_columns = columns_in(COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Lists:
    """Options of `quality.lists`: files with one host or address per line, `#` for comments; none by default."""

    block_lists: tuple[str, ...] = field(default=(), metadata={"path": True})


def _resources(config: Lists) -> dict[str, BlockListFiles]:
    return {"blocked": BlockListFiles(config.block_lists)}


@stage("quality.lists", config=Lists, writes=COLUMNS, resources=_resources, version=2)
def lists(batch: TextBatch, config: Lists, blocked: BlockList) -> pa.RecordBatch:
    """Count flagged and frequent words and look the address up.

    `flagged_word_count` is occurrences of the language's flagged words and phrases in any case: whole words, or
    anywhere in the text for entries in scripts without spaces. `flagged_word_ratio` is that per word with a letter,
    mark or number; 0 for texts without words. `frequent_word_ratio` is occurrences of the language's frequent words per
    such word; for a language without frequent words it is 1, so that a bound on it drops nothing. `url_blocked` is 1 if
    the host of `url`, a domain above it or the address itself is on a block list, else 0, also for rows without a URL.

    Reads:   text, url
    Writes:  flagged_word_count, url_blocked: int32; flagged_word_ratio, frequent_word_ratio: float32
    Source:  C4 and datatrove 0.10.1's C4BadWordsFilter (a document with any flagged word is dropped there; here a
             count and a ratio); frequent words as FineWeb-2's precision filter (Penedo et al. 2025), which keeps a
             document with any word of its list; URL lists as in RefinedWeb (Penedo et al. 2023, appendix G.1)
    """
    segments = batch.segments
    listed = _Flagged.of(batch.language.flagged_words)
    known = batch.language.frequent_words
    flagged, frequent, words = count(segments, word_set(listed.words), word_set(known))
    if listed.phrases:
        flagged = flagged + np.array([len(listed.phrases.findall(text.lower())) for text in batch.texts], np.int64)
    share = frequent / np.maximum(words, 1) if known else np.ones(len(batch))
    ratio = np.where(flagged > 0, flagged / np.maximum(words, 1), 0.0)
    return _columns((flagged, ratio, share, _blocked(batch, blocked)))


def _blocked(batch: TextBatch, blocked: BlockList) -> np.ndarray:
    """Which rows have an address on the list."""
    found = np.zeros(len(batch), np.int64)
    if blocked.hosts or blocked.addresses:
        found[:] = [blocked.blocks(url or "") for url in batch.rows.column("url").to_pylist()]
    return found


def lists_plain(batch: TextBatch, config: Lists, blocked: BlockList) -> pa.RecordBatch:
    """The reference of `lists`, word by word."""
    urls = batch.rows.column("url").to_pylist()
    flagged = _Flagged.of(batch.language.flagged_words)
    rows = []
    for (_, parts), url in zip(batch, urls, strict=True):
        found, known = flagged.count(parts), batch.language.frequent_words
        words = max(sum(many for word, many in parts.word_counts.items() if WORD_FACTS[word].is_word), 1)
        listed = sum(many for word, many in parts.word_counts.items() if WORD_FACTS[word].folded in known)
        rows.append((found, found / words, listed / words if known else 1.0, int(blocked.blocks(url or ""))))
    return measured(COLUMNS, rows)


@dataclass(frozen=True)
class _Flagged:
    """Flagged entries by how they are looked for."""

    words: frozenset[str]
    phrases: regex.Pattern[str] | None

    @staticmethod
    @lru_cache(maxsize=64)
    def of(entries: frozenset[str]) -> "_Flagged":
        entries = frozenset(entry.lower() for entry in entries if entry.strip())
        anywhere = {entry for entry in entries if has_unspaced(entry)}
        words = frozenset(entry for entry in entries - anywhere if find_words(entry) == [entry])
        bounded = entries - anywhere - words
        alternatives = [regex.escape(entry) for entry in _longest_first(anywhere)]
        alternatives += [rf"(?<!\w){regex.escape(entry)}(?!\w)" for entry in _longest_first(bounded)]
        return _Flagged(words, regex.compile("|".join(alternatives)) if alternatives else None)

    def count(self, parts: Segmentation) -> int:
        found = 0
        if self.words:
            found = sum(many for word, many in parts.word_counts.items() if WORD_FACTS[word].folded in self.words)
        if self.phrases:
            found += len(self.phrases.findall(parts.text.lower()))
        return found


def _longest_first(entries: set[str] | frozenset[str]) -> list[str]:
    return sorted(entries, key=lambda entry: (-len(entry), entry))
