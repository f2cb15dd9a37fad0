"""Sentencepiece Unigram and BPE with byte fallback."""

import io
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

import sentencepiece

from stages.errors import ShardError
from stages.tokenizer.to_json import differing, to_json

LINE = 2_000
"""Characters of a training sentence; longer lines are cut, which keeps them under sentencepiece's limit in bytes."""

CHECKED = 2_000
"""Sentences on which the ids of tokenizer.json and tokenizer.model are compared."""

TIES = 0.005
"""Share of them that may differ: Unigram sums scores in single precision here and in double there, so that among
splits of equal score, as of `))))`, the two choose differently. Measured: BPE 0 and Unigram 26 of 27,285."""

ROLES = {"unk": "<unk>", "bos": "<s>", "eos": "</s>", "pad": "<pad>"}
_TOO_HIGH = re.compile(r"Vocabulary size too high \(\d+\)\. Please set it to a value <= (\d+)")
_TOO_LOW = re.compile(r"Vocabulary size is smaller than required_chars\. \d+ vs (\d+)")
COVERAGES = (0.9995, 0.999, 0.998, 0.995, 0.99, 0.98)  # sentencepiece accepts no less


class Options(Protocol):
    """What training reads of the configuration."""

    @property
    def algorithm(self) -> Literal["bpe", "unigram", "sentencepiece_bpe"]: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def special_tokens(self) -> tuple[str, ...]: ...
    @property
    def digits(self) -> str: ...
    @property
    def character_coverage(self) -> float: ...
    @property
    def threads(self) -> int: ...


def train_sentencepiece(
    texts: Iterable[str], config: Options, workdir: Path
) -> tuple[dict[str, bytes], int, list[str]]:
    """Files, vocabulary size and notes.

    tokenizer.json is written only where it gives the ids of tokenizer.model, but for ties. A vocabulary that the sample
    cannot fill is made smaller; one that cannot hold its characters covers fewer of them (the rest is encoded as
    bytes). All of these leave a note. Raises ShardError for a sample without text.
    """
    spool = workdir / "sentences.txt"
    with spool.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(f"{line}\n" for text in texts for line in sentences(text))
    if not spool.stat().st_size:
        raise ShardError("tokenizer.train: the sample has no text; raise sample_bytes or check the corpus")
    try:
        model, notes = _fit(spool, config)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        files = {"tokenizer.model": model}
        converted = to_json(processor, config.algorithm)
        checked = list(islice(_read(spool), CHECKED))
        unequal = differing(processor, converted, checked)
        if unequal:
            notes.append(f"ids of tokenizer.json and tokenizer.model differ in {unequal} of {len(checked)} sentences")
        if unequal <= TIES * len(checked):
            files["tokenizer.json"] = converted
        else:
            notes.append("tokenizer.json is left out")
        return files, int(processor.vocab_size()), notes
    finally:
        spool.unlink()


def sentences(text: str) -> Iterator[str]:
    """Lines that are not blank, cut at LINE characters."""
    for line in re.split(r"[\r\n]+", text):
        for start in range(0, len(line), LINE):
            piece = line[start : start + LINE].replace("\0", "")
            if piece.strip():
                yield piece


def _read(spool: Path) -> Iterator[str]:
    with spool.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield line.rstrip("\n")


def _fit(spool: Path, config: Options) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    size, coverage = config.vocab_size, config.character_coverage
    while True:
        try:
            return _attempt(spool, config, size, coverage), notes
        except RuntimeError as error:
            message = str(error)
        if (high := _TOO_HIGH.search(message)) and int(high[1]) < size:
            size = int(high[1])
            notes.append(f"vocab_size {config.vocab_size} asked, {size} made: the sample has no more pieces")
        elif (low := _TOO_LOW.search(message)) and coverage > COVERAGES[-1]:
            lower = next(step for step in COVERAGES if step < coverage)
            notes.append(f"character_coverage {lower} instead of {coverage}: {low[1]} pieces needed, vocab_size {size}")
            coverage = lower
        else:
            needed = f"to at least {low[1]}" if low else "or sample_bytes"
            raise ShardError(f"tokenizer.train: sentencepiece cannot train; raise vocab_size {needed}: {message}")


def _attempt(spool: Path, config: Options, size: int, coverage: float) -> bytes:
    out = io.BytesIO()
    tokens = [token for token in config.special_tokens if token not in ROLES.values()]
    ids = iter(range(1, 4))
    roles: dict[str, Any] = {
        f"{role}_id": next(ids) if ROLES[role] in config.special_tokens else -1 for role in ("bos", "eos", "pad")
    }
    roles |= {f"{role}_piece": piece for role, piece in ROLES.items()}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=_read(spool),
        model_writer=out,
        model_type={"unigram": "unigram", "sentencepiece_bpe": "bpe"}[config.algorithm],
        vocab_size=size,
        character_coverage=coverage,
        byte_fallback=True,
        split_digits=config.digits == "single",
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        max_sentence_length=4 * LINE + 1,
        num_threads=config.threads,
        control_symbols=tokens,
        unk_id=0,
        **roles,
        minloglevel=2,
    )
    return out.getvalue()
