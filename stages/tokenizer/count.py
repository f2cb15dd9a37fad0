"""Counting and encoding with a trained tokenizer of either kind."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sentencepiece
from tokenizers import Tokenizer

from stages.errors import ConfigError

SLICE = 1 << 20
"""Characters encoded at a time: the encodings of a Hugging Face batch take some hundred bytes per token."""


@dataclass(frozen=True)
class Counter:
    """An opened tokenizer. Special tokens are neither added nor recognised in text."""

    encode: Callable[[list[str]], list[list[int]]]
    vocab_size: int
    unknown: frozenset[int]
    byte_tokens: frozenset[int]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text."""
        return [ids for part in _slices(texts) for ids in self.encode(part)]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Number of tokens of each text."""
        return [len(ids) for part in _slices(texts) for ids in self.encode(part)]


def load_tokenizer(files: Mapping[str, bytes]) -> Counter:
    """The tokenizer in these files: `tokenizer.model` if there is one, else `tokenizer.json`."""
    if "tokenizer.model" in files:
        return _sentencepiece(files["tokenizer.model"])
    if "tokenizer.json" in files:
        return _huggingface(files["tokenizer.json"])
    raise ConfigError(f"no tokenizer.model or tokenizer.json among: {', '.join(sorted(files)) or 'no files'}")


def _sentencepiece(model: bytes) -> Counter:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = {processor.id_to_piece(number): number for number in range(processor.vocab_size())}
    return Counter(
        lambda texts: processor.encode(texts, out_type=int, num_threads=1),
        processor.vocab_size(),
        frozenset({processor.unk_id()}),
        _bytes_of_characters(pieces),
    )


def _huggingface(serialised: bytes) -> Counter:
    tokenizer = Tokenizer.from_str(serialised.decode())
    tokenizer.encode_special_tokens = True
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    unknown = getattr(tokenizer.model, "unk_token", None)
    return Counter(
        lambda texts: [found.ids for found in tokenizer.encode_batch_fast(texts, add_special_tokens=False)],
        tokenizer.get_vocab_size(),
        frozenset({vocabulary[unknown]} if unknown in vocabulary else ()),
        _bytes_of_characters(vocabulary),
    )


def _bytes_of_characters(vocabulary: Mapping[str, int]) -> frozenset[int]:
    """Tokens that are one byte, not below 0x80: of the form <0xE0>, or of the alphabet of byte-level BPE."""
    named = {f"<0x{byte:02X}>" for byte in range(0x80, 0x100)}
    if named & vocabulary.keys():
        return frozenset(vocabulary[token] for token in named if token in vocabulary)
    # The alphabet of GPT-2 moves 0x80-0xA0 and 0xAD behind the other bytes that do not print.
    alphabet = {chr(code) for code in (*range(0xA1, 0x100), *range(0x122, 0x144)) if code != 0xAD}
    return frozenset(vocabulary[token] for token in alphabet if token in vocabulary)


def _slices(texts: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        part.append(text)
        size += len(text)
        if size >= SLICE:
            yield part
            part, size = [], 0
    if part:
        yield part
