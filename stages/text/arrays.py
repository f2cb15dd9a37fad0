"""A batch of texts as arrays: words with their classes, lengths and hashes, lines, code points.

Positions are bytes of `data` and belong to the whole batch; parts of document `d` are those from `first[d]` to
`first[d + 1]` (left out).
"""

from functools import cached_property
from unicodedata import is_normalized, normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stages.errors import ShardError
from stages.text.code_points import count_characters, word_hash
from stages.text.dictionary import cut_runs
from stages.text.ideographs import NO_DICTIONARY, dictionary
from stages.text.language import DICTIONARY, Segmenter
from stages.text.lines import Lines, find_lines, has_other_breaks, without_last_empty
from stages.text.memory import room
from stages.text.scan import find_words
from stages.text.tables import tables
from stages.text.validity import are_valid
from stages.text.word_arrays import HARD, MAY_COMPOSE, WordArrays, keep_hashes, list_words


class Segments:
    """The texts of an Arrow array of strings and their parts, each found when first asked for."""

    def __init__(self, texts: pa.Array, segmenter: Segmenter = DICTIONARY) -> None:
        self.texts = checked(texts)
        self.segmenter = segmenter
        self.data, self.offsets = buffers(self.texts)

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def code_points(self) -> np.ndarray:
        """Code points of each document, int64."""
        found = np.empty(len(self), np.int64)
        count_characters(self.data, self.offsets, found)
        return found

    @cached_property
    def words(self) -> WordArrays:
        """Words and punctuation in reading order, as `segmentation.find_words` finds them.

        `raw_hashes` are `code_points.word_hash` of the words, `dedup_hashes` that of `dedup.key.dedup_word` of each, 0
        where it is empty.
        """
        words, first, _ = self._scanned
        flags = np.where(self.not_nfc, HARD | MAY_COMPOSE, HARD).astype(np.uint8)
        hard = room(words.classes.size + 8, np.int64)
        self._fold_hard(hard[: list_words(words.classes, first, flags, hard)])
        return words

    @property
    def first_words(self) -> np.ndarray:
        """The first word of each document, and the number of words: int64."""
        first: np.ndarray = self._scanned[1]
        return first

    @cached_property
    def word_counts(self) -> np.ndarray:
        """Words and punctuation of each document, int64."""
        return steps_between(self.first_words)

    @cached_property
    def line_counts(self) -> np.ndarray:
        """How many `lines` each document has, int64."""
        return steps_between(self.lines[1])

    @cached_property
    def split_line_counts(self) -> np.ndarray:
        """How many `split_lines` each document has, int64."""
        return steps_between(self.split_lines[1])

    @cached_property
    def not_nfc(self) -> np.ndarray:
        """Which documents NFC would change, bool; only those are looked at which hold what it may compose."""
        changed = np.zeros(len(self), bool)
        for document in np.flatnonzero(self._scanned[2]).tolist():
            changed[document] = not is_normalized("NFC", self.text(document))
        return changed

    @property
    def nfc(self) -> "Segments":
        """The same documents in NFC; the object itself where all of them are."""
        return self._composed or self  # not remembered here: a cycle would keep the arrays from being used again

    @cached_property
    def _composed(self) -> "Segments | None":
        changed = np.flatnonzero(self.not_nfc)
        if not changed.size:
            return None
        normal = pa.array([normalize("NFC", self.text(document)) for document in changed.tolist()], pa.large_string())
        return Segments(pc.replace_with_mask(self.texts, pa.array(self.not_nfc), normal), self.segmenter)

    @cached_property
    def dedup_words(self) -> tuple[np.ndarray, np.ndarray]:
        """The hashes of `words` that have a dedup form, and where those of each document begin, and their number."""
        hashes, first = self.words.dedup_hashes, self.first_words
        found, offsets = room(len(hashes), np.uint64), np.empty(first.size, np.int64)
        return found[: keep_hashes(hashes, first, found, offsets)], offsets

    @cached_property
    def lines(self) -> tuple[Lines, np.ndarray]:
        """What line feeds separate, and the first of each document; an empty text has none."""
        return find_lines(self.data, self.offsets, tables(), False)

    @cached_property
    def split_lines(self) -> tuple[Lines, np.ndarray]:
        """Lines as `str.splitlines` finds them, and the first of each document."""
        if has_other_breaks(self.data, int(self.offsets[0]), int(self.offsets[-1])):
            return find_lines(self.data, self.offsets, tables(), True)
        return without_last_empty(*self.lines)

    def text(self, document: int) -> str:
        """One document as a string."""
        return self.data[self.offsets[document] : self.offsets[document + 1]].tobytes().decode()

    @cached_property
    def _scanned(self) -> tuple[WordArrays, np.ndarray, np.ndarray]:
        words_of_ideographs = dictionary() if self.segmenter == DICTIONARY else NO_DICTIONARY
        words, first, unsure = find_words(self.data, self.offsets, tables(), words_of_ideographs)
        return *cut_runs(self.data, words, first, tables(), self.segmenter), unsure

    def _fold_hard(self, hard: np.ndarray) -> None:
        """Fill in the hashes that need the careful reference, once for each distinct word."""
        if not hard.size:
            return
        from stages.dedup.key import DEDUP_WORDS  # it imports this package

        words = self._scanned[0]
        _, where, back = np.unique(words.raw_hashes[hard], return_index=True, return_inverse=True)
        found = np.empty(where.size, np.uint64)
        for number, word in enumerate(hard[where]):
            found[number] = word_hash(DEDUP_WORDS[self.data[words.starts[word] : words.ends[word]].tobytes().decode()])
        words.dedup_hashes[hard] = found[back]


def steps_between(first: np.ndarray) -> np.ndarray:
    """From each value to the next; `np.diff` takes ten times as long for a few."""
    differences: np.ndarray = first[1:] - first[:-1]
    return differences


def checked(texts: pa.Array) -> pa.Array:
    """The texts as valid UTF-8 with 64-bit offsets and no nulls: the only place where a kernel's input is made.

    A null reads as the empty string. Raises `ShardError` for bytes that are not UTF-8 and for offsets that lead out
    of the data, which no reader of ours lets through.
    """
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    try:
        texts.validate()  # that the buffers are as long as they must be
        if texts.type == pa.large_string() and not texts.null_count and are_valid(*buffers(texts)):
            return texts
        texts.validate(full=True)  # it says what is wrong
    except pa.ArrowInvalid as error:
        raise ShardError(f"the column of texts is damaged ({error}): write the documents anew") from None
    if texts.null_count:
        texts = texts.fill_null("")
    return texts if texts.type == pa.large_string() else texts.cast(pa.large_string())


def buffers(texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Bytes and offsets of an array of large strings, also of a slice of one."""
    if not len(texts):
        return np.zeros(1, np.uint8), np.zeros(1, np.int64)
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    found = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    return found, bounds
