"""What fastText predicts, in plain Python that can be read beside its source: the reference of the kernels."""

import re
from collections.abc import Iterator

import numpy as np

from stages.identify.best import EPSILON, SIGMOID_END, SIGMOIDS, sigmoid_table
from stages.identify.lanes import FNV_BASIS, FNV_PRIME
from stages.identify.model_file import Loss, ModelFile
from stages.identify.ngrams_one_by_one import WORD_NGRAM
from stages.identify.tables import tree

_SEPARATORS = re.compile(rb"[ \n\r\t\v\f\0]+")
_CHARACTER = re.compile(rb"[\x00-\xff][\x80-\xbf]*")


def predict_plain(text: bytes, model: ModelFile, top_k: int) -> list[tuple[str, float]]:
    """The best labels of a text and their scores, best first; none where no word of it is known."""
    rows = list(_rows(text, model))
    if not rows:
        return []
    vector = np.mean(model.matrix[rows].astype(np.float64), axis=0)
    scores = _tree_scores(vector, model) if model.loss == Loss.HIERARCHICAL else _scores(vector, model)
    order = sorted((label for label in range(len(scores)) if scores[label] >= EPSILON), key=lambda i: -scores[i])
    return [(model.labels[label], float(scores[label])) for label in order[:top_k]]


def _rows(text: bytes, model: ModelFile) -> Iterator[int]:
    """Rows of the input matrix that stand for a text: words, their character n-grams, word n-grams."""
    numbers = {word: number for number, word in enumerate(model.words)}
    hashes = []
    for word in [*_words(text), b"</s>"]:
        if word not in numbers and (word.decode("utf-8", "replace") in model.labels or word.startswith(b"__label__")):
            continue
        if word in numbers:
            yield numbers[word]
        if word != b"</s>":
            yield from _bucket_rows(map(fnv_plain, _ngrams(word, model)), model)
        hashed = fnv_plain(word)
        hashes.append(hashed - (1 << 32) if hashed >> 31 else hashed)
    for first in range(len(hashes)):
        combined = hashes[first]
        for later in hashes[first + 1 : first + model.word_ngrams]:
            combined = (combined * WORD_NGRAM + later) & (1 << 64) - 1
            yield from _bucket_rows([combined], model)


def _words(text: bytes) -> list[bytes]:
    words = [word for word in _SEPARATORS.split(text) if word]
    return words[: words.index(b"</s>")] if b"</s>" in words else words


def _ngrams(word: bytes, model: ModelFile) -> Iterator[bytes]:
    """Character n-grams of `<word>`, without the lone brackets."""
    characters = _CHARACTER.findall(b"<" + word + b">")
    for start in range(len(characters)):
        for length in range(max(model.minn, 1), min(model.maxn, len(characters) - start) + 1):
            if length > 1 or 0 < start < len(characters) - 1:
                yield b"".join(characters[start : start + length])


def _bucket_rows(hashes: Iterator[int] | list[int], model: ModelFile) -> Iterator[int]:
    for hashed in hashes:
        bucket = hashed % model.buckets
        if model.kept is None:
            yield len(model.words) + bucket
        else:
            place = int(np.searchsorted(model.kept, bucket))
            if place < len(model.kept) and model.kept[place] == bucket:
                yield len(model.words) + place


def fnv_plain(text: bytes) -> int:
    """FNV-1a of 32 bits over signed bytes, as fastText has it."""
    hashed = FNV_BASIS
    for byte in text:
        signed = byte | 0xFFFFFF00 if byte & 0x80 else byte
        hashed = (hashed ^ signed) * FNV_PRIME & 0xFFFFFFFF
    return hashed


def _scores(vector: np.ndarray, model: ModelFile) -> np.ndarray:
    values = model.output @ vector
    if model.loss == Loss.SOFTMAX:
        powers = np.exp(values - values.max())
        return np.asarray(powers / powers.sum() + EPSILON)
    steps = np.clip((values + SIGMOID_END) * SIGMOIDS / SIGMOID_END / 2, 0, SIGMOIDS).astype(np.int64)
    table = sigmoid_table()[steps]
    return np.asarray(np.where(values < -SIGMOID_END, 0, np.where(values > SIGMOID_END, 1, table)) + EPSILON)


def _tree_scores(vector: np.ndarray, model: ModelFile) -> np.ndarray:
    """Product along the path to each label; branches below 1e-5 are not followed, which leaves them 0."""
    count = len(model.labels)
    left, right = tree(model.label_counts)
    scores = np.zeros(2 * count - 1)
    scores[-1] = 1
    for node in range(2 * count - 2, count - 1, -1):
        if scores[node] >= EPSILON:
            share = 1 / (1 + np.exp(-(model.output[node - count] @ vector)))
            scores[left[node]] = scores[node] * (1 - share + EPSILON)
            scores[right[node]] = scores[node] * (share + EPSILON)
    return scores[:count]
