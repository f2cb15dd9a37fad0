"""Byte-level BPE of Hugging Face tokenizers, with word rules that hold for every script."""

from collections.abc import Iterable
from typing import Literal, Protocol

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

WORD = r"[\p{L}\p{M}\x{200C}\x{200D}]"
"""Letters with their marks and joiners: GPT-2's `\\p{L}+` breaks Thai, Khmer and Indic words at every vowel sign."""

LONGEST = 128
"""Characters of a run that stay together: a merge reads whole runs, so one line of a million letters would stall it."""

Digits = Literal["single", "triple", "none"]
DIGITS = {"single": r"\p{N}", "triple": r"\p{N}{1,3}", "none": rf" ?\p{{N}}{{1,{LONGEST}}}"}


class Options(Protocol):
    """What training reads of the configuration."""

    @property
    def vocab_size(self) -> int: ...
    @property
    def special_tokens(self) -> tuple[str, ...]: ...
    @property
    def digits(self) -> Digits: ...
    @property
    def nfc(self) -> bool: ...
    @property
    def minimum_count(self) -> int: ...


def pattern(digits: Digits) -> str:
    """Regular expression of the pieces that merges never cross; together they cover every text."""
    return "|".join(
        (
            rf" ?{WORD}{{1,{LONGEST}}}",
            DIGITS[digits],
            # A symbol keeps its variation selectors and joiners, so that emoji sequences stay whole.
            rf" ?[^\s\p{{L}}\p{{M}}\p{{N}}\x{{200C}}\x{{200D}}][^\s\p{{L}}\p{{N}}]{{0,{LONGEST}}}",
            rf"\s{{0,{LONGEST}}}[\r\n]",
            rf"\s{{1,{LONGEST}}}(?!\S)",
            r"\s",
        )
    )


def train_byte_bpe(texts: Iterable[str], config: Options) -> tuple[dict[str, bytes], int, list[str]]:
    """Files, vocabulary size and notes. Ties are broken by token id, so neither threads nor order of texts matter."""
    tokenizer = Tokenizer(models.BPE())
    if config.nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern(config.digits)), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocab_size,
        min_frequency=config.minimum_count,
        special_tokens=list(config.special_tokens),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    size = int(tokenizer.get_vocab_size())
    notes = []
    if size < config.vocab_size:
        notes.append(f"vocab_size {config.vocab_size} asked, {size} made: the sample has no more pairs to merge")
    return {"tokenizer.json": tokenizer.to_str(pretty=False).encode()}, size, notes
