"""fastText model files, `.bin` and `.ftz`, read into arrays with every size checked before it is believed."""

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

import numpy as np

from stages import resources
from stages.errors import ConfigError

MAGIC: Final = 793712314
NEWEST: Final = 12
"""Format versions that fastText 0.9 reads: 11 (no character n-grams in supervised models) and 12."""

SUPERVISED: Final = 3
CENTROIDS: Final = 256  # per subquantiser: a code is one byte
LONGEST_WORD: Final = 1 << 20  # bytes; a longer one means that the file is damaged
LARGEST: Final = 16 << 30  # bytes of a decoded matrix
MOST_CHARACTERS: Final = 255  # in a character n-gram, and words in a word n-gram; models in use have at most 6

MOST_EXAMPLES: Final = 10**15  # what fastText starts the counts of inner nodes of its tree with

Buffer = bytes | memoryview
FLOAT: Final = np.dtype("<f4")


class Loss(IntEnum):
    """How scores follow from the output matrix."""

    HIERARCHICAL = 1
    NEGATIVE = 2
    SOFTMAX = 3
    ONE_VS_ALL = 4


@dataclass(frozen=True)
class ModelFile:
    """A supervised model.

    `matrix` has a row for each word, then for each bucket of n-grams; where `kept` is given, for those buckets only,
    ascending. `output` has a row for each label, or for each inner node of the tree of hierarchical softmax.
    """

    words: tuple[bytes, ...]
    labels: tuple[str, ...]
    label_counts: tuple[int, ...]
    minn: int
    maxn: int
    word_ngrams: int
    buckets: int
    kept: np.ndarray | None  # int64
    loss: Loss
    matrix: np.ndarray  # float32, (words + buckets or kept, dimension)
    output: np.ndarray  # float32, (labels, dimension)

    @property
    def dimension(self) -> int:
        return int(self.matrix.shape[1])


def read_model(uri: str) -> ModelFile:
    """The model in a local file or behind a URI.

    Raises ConfigError, with the place in the file, where it is no supervised fastText model, is cut off, or holds
    sizes that cannot be.
    """
    with _content(uri) as content:
        reader = _Reader(content, uri)
        try:
            return _read(reader)
        finally:
            reader.release()


@contextmanager
def _content(uri: str) -> Iterator[Buffer]:
    """Bytes of a file; local ones are mapped, so that a model of gigabytes is held once and not twice."""
    if "://" in uri:
        yield resources.read_bytes(uri)
        return
    try:
        with Path(uri).open("rb") as stream:
            size = stream.seek(0, 2)
            if not size:
                yield b""
                return
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as view:
                yield view
    except FileNotFoundError:
        raise ConfigError(f"{uri}: no such file; check the path in the pipeline") from None
    except IsADirectoryError:
        raise ConfigError(f"{uri}: is a folder; `model` is lid.176, or a fastText .bin or .ftz file") from None


class _Reader:
    """A place in the bytes of a model, which never passes their end."""

    def __init__(self, content: Buffer, uri: str) -> None:
        self.content = memoryview(content)
        self.uri = uri
        self.place = 0

    def release(self) -> None:
        self.content.release()

    def fail(self, problem: str) -> ConfigError:
        advice = "`model` is lid.176, or a fastText .bin or .ftz file, fetched anew if this one was"
        return ConfigError(f"{self.uri}: byte {self.place}: {problem}; {advice}")

    def require(self, size: int, what: str) -> None:
        left = len(self.content) - self.place
        if not 0 <= size <= left:
            raise self.fail(f"{what} should take {size} bytes, and {left} are left: the file is cut off or damaged")

    def numbers(self, form: str, what: str) -> tuple[int, ...]:
        """Little-endian numbers of the forms of `struct`."""
        size = struct.calcsize("<" + form)
        self.require(size, what)
        found = struct.unpack_from("<" + form, self.content, self.place)
        self.place += size
        return found

    def flag(self, what: str) -> bool:
        (value,) = self.numbers("B", what)
        if value > 1:
            raise self.fail(f"{what} is {value}, neither 0 nor 1: the file is damaged")
        return bool(value)

    def array(self, kind: np.dtype, shape: tuple[int, ...], what: str) -> np.ndarray:
        """A copy of the next items."""
        if min(shape) < 0:
            raise self.fail(f"{what} has shape {shape}: the file is damaged")
        count = 1
        for extent in shape:
            count *= extent
        self.require(count * kind.itemsize, what)
        found = np.frombuffer(self.content, kind, count, self.place).reshape(shape).copy()
        self.place += count * kind.itemsize
        return found

    def word(self) -> bytes:
        """Bytes up to the next zero."""
        window = bytes(self.content[self.place : self.place + 256])
        end = window.find(0)
        if end < 0:
            window = bytes(self.content[self.place : self.place + LONGEST_WORD])
            end = window.find(0)
        if end < 0:
            raise self.fail("a word of the dictionary has no end: the file is cut off or damaged")
        self.place += end + 1
        return window[:end]

    def floats(self, shape: tuple[int, ...], what: str) -> np.ndarray:
        return self.array(FLOAT, shape, what).astype(np.float32, copy=False)


def _read(reader: _Reader) -> ModelFile:
    version = _version(reader)
    names = ("dimension", "window", "epochs", "smallest count", "negatives", "word n-grams", "loss", "model", "buckets")
    values = reader.numbers("12id", "the options")
    options = dict(zip((*names, "minn", "maxn"), values, strict=False))
    if options["model"] != SUPERVISED:
        raise reader.fail(f"a model of kind {options['model']}, not a supervised one, has no labels")
    if options["loss"] not in tuple(Loss):
        raise reader.fail(f"loss {options['loss']} is none that fastText has: the file is damaged")
    if options["dimension"] < 1 or options["buckets"] < 0:
        raise reader.fail(f"dimension {options['dimension']}, {options['buckets']} buckets: the file is damaged")
    maxn = 0 if version == 11 else max(options["maxn"], 0)
    word_ngrams = max(options["word n-grams"], 1)
    if max(maxn, word_ngrams) > MOST_CHARACTERS:
        raise reader.fail(f"n-grams of {maxn} characters and {word_ngrams} words: the file is damaged")
    buckets = options["buckets"] if maxn or word_ngrams > 1 else 0
    if not buckets and (maxn or word_ngrams > 1):
        raise reader.fail("n-grams without buckets: the file is damaged")
    words, labels, counts, pruned = _dictionary(reader)
    kept, order = _kept(reader, pruned, buckets)
    quantised = reader.flag("the mark of a quantised input matrix")
    if kept is not None and not quantised:
        raise reader.fail("pruned buckets in a model that is not quantised: fastText cannot read it either")
    rows = options["buckets"] if kept is None else len(kept)
    matrix = _matrix(reader, quantised, "the input matrix", options["dimension"], len(words) + rows)
    if order is not None:
        matrix = np.concatenate([matrix[: len(words)], matrix[len(words) + order]])
    output_quantised = reader.flag("the mark of a quantised output matrix") and quantised
    output = _matrix(reader, output_quantised, "the output matrix", options["dimension"], len(labels))
    loss = Loss(options["loss"])
    minn = max(options["minn"], 0)
    return ModelFile(words, labels, counts, minn, maxn, word_ngrams, buckets, kept, loss, matrix, output)


def _version(reader: _Reader) -> int:
    if len(reader.content) < 8:
        raise reader.fail("no fastText model (wrong file format): it does not begin as one")
    magic, version = reader.numbers("ii", "the heading")
    if magic != MAGIC:
        reader.place = 0
        raise reader.fail("no fastText model (wrong file format): it does not begin as one")
    if not 11 <= version <= NEWEST:
        raise reader.fail(f"format version {version}, and only 11 and {NEWEST} are known")
    return version


def _dictionary(reader: _Reader) -> tuple[tuple[bytes, ...], tuple[str, ...], tuple[int, ...], int]:
    """Words, labels, how often each label occurred, and how many buckets are left, -1 for all."""
    size, word_count, label_count, _, pruned = reader.numbers("iiiqq", "the sizes of the dictionary")
    if min(word_count, label_count) < 0 or size != word_count + label_count:
        raise reader.fail(f"{size} entries, {word_count} words, {label_count} labels: the file is damaged")
    if not label_count:
        raise reader.fail("a model without labels")
    reader.require(10 * size, "the dictionary")  # 10 bytes are the shortest entry
    words, labels, counts = [], [], []
    for number in range(size):
        word = reader.word()
        count, kind = reader.numbers("qb", "the dictionary")
        if kind != (number >= word_count):
            raise reader.fail(f"entry {number} of the dictionary has kind {kind}: the file is damaged")
        if kind == 0:
            words.append(word)
        else:
            labels.append(word.decode("utf-8", "replace"))
            counts.append(count)
    if min(counts) < 0 or sum(counts) >= MOST_EXAMPLES:
        raise reader.fail("counts of labels that cannot be: the file is damaged")
    return tuple(words), tuple(labels), tuple(counts), pruned


def _kept(reader: _Reader, pruned: int, buckets: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Buckets that have a row, ascending, and the row of each after the words."""
    if pruned < 0:
        return None, None
    pairs = reader.array(np.dtype("<i4"), (pruned, 2), "the buckets that are left").astype(np.int64)
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    bucket, row = pairs[:, 0], pairs[:, 1]
    if len(pairs) and (bucket[0] < 0 or row.min() < 0 or row.max() >= pruned or (np.diff(bucket) == 0).any()):
        raise reader.fail("the list of buckets that are left does not fit together: the file is damaged")
    inside = bucket < buckets  # none else can be asked for
    return bucket[inside], row[inside]


def _matrix(reader: _Reader, quantised: bool, what: str, dimension: int, rows: int) -> np.ndarray:
    """A matrix as float32, from its numbers or from its codes."""
    found = _any_matrix(reader, quantised, what, dimension, rows)
    if not np.isfinite(found).all():
        raise reader.fail(f"{what} holds numbers that are not finite: the file is damaged")
    return found


def _any_matrix(reader: _Reader, quantised: bool, what: str, dimension: int, rows: int) -> np.ndarray:
    if not quantised:
        _check_shape(reader, reader.numbers("qq", f"the sizes of {what}"), dimension, rows, what)
        return reader.floats((rows, dimension), what)
    with_norms = reader.flag(f"the mark of norms of {what}")
    height, width, code_bytes = reader.numbers("qqi", f"the sizes of {what}")
    _check_shape(reader, (height, width), dimension, rows, what)
    if rows and (code_bytes < 0 or code_bytes % rows):
        raise reader.fail(f"{code_bytes} bytes of codes for {rows} rows of {what}: the file is damaged")
    codes = reader.array(np.dtype(np.uint8), (rows, code_bytes // max(rows, 1)), f"the codes of {what}")
    dense = _decoded(reader, codes, dimension, what)
    if with_norms:
        norms = reader.array(np.dtype(np.uint8), (rows, 1), f"the norms of {what}")
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is told by the caller
            dense *= _decoded(reader, norms, 1, f"the norms of {what}")
    return dense


def _check_shape(reader: _Reader, found: tuple[int, ...], dimension: int, rows: int, what: str) -> None:
    if found != (rows, dimension):
        expected = f"{rows} by {dimension}"
        raise reader.fail(f"{what} is {found[0]} by {found[1]}, and {expected} fits the rest: the file is damaged")


def _decoded(reader: _Reader, codes: np.ndarray, dimension: int, what: str) -> np.ndarray:
    """Rows that product quantisation stands for: each code names the centroid of a few columns (Jégou et al. 2011)."""
    found, parts, width, last = reader.numbers("4i", f"the quantiser of {what}")
    fits = found == dimension and parts > 0 and 0 < last <= width and (parts - 1) * width + last == dimension
    if not fits or parts != codes.shape[1]:
        raise reader.fail(f"the quantiser of {what} cuts {found} columns into {parts} parts: the file is damaged")
    centroids = reader.floats((dimension * CENTROIDS,), f"the centroids of {what}")
    if len(codes) * dimension * FLOAT.itemsize > LARGEST:
        raise reader.fail(f"{what} is {len(codes)} by {dimension}, more than {LARGEST >> 30} GB when decoded")
    dense = np.empty((len(codes), dimension), np.float32)
    for part in range(parts):
        start, columns = part * width, width if part < parts - 1 else last
        table = centroids[start * CENTROIDS : (start + columns) * CENTROIDS].reshape(CENTROIDS, columns)
        dense[:, start : start + columns] = table[codes[:, part]]
    return dense
