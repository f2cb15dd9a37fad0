"""Tokenizers trained on a sample of the corpus: byte-level BPE, or sentencepiece with byte fallback."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from stages.errors import ConfigError
from stages.registry import stage
from stages.tokenizer.byte_bpe import train_byte_bpe
from stages.tokenizer.sentencepiece_model import train_sentencepiece

Count = Annotated[int, Field(gt=0)]


@dataclass(frozen=True, kw_only=True)
class TrainTokenizer:
    """Options of `tokenizer.train`.

    `bpe` is Hugging Face byte-level BPE; `unigram` and `sentencepiece_bpe` are sentencepiece with byte fallback.
    `languages`: one tokenizer for all (`joint`), one for `each`, or one for the codes listed. The sample holds
    `sample_bytes`, divided among its languages by size ** `alpha`. `digits`: how digits are split before merging; the
    sentencepiece algorithms know `single` and `none`. `nfc` adds NFC normalization to byte-level BPE, for text from
    elsewhere: documents are NFC already.
    """

    name: str = "joint"
    algorithm: Literal["bpe", "unigram", "sentencepiece_bpe"] = "bpe"
    vocab_size: Annotated[int, Field(ge=300)] = 32_000
    languages: Literal["joint", "each"] | tuple[str, ...] = "joint"
    alpha: Annotated[float, Field(ge=0, le=1)] = 0.3
    sample_bytes: Count = 512 << 20
    seed: int = 0
    special_tokens: tuple[str, ...] = ("<unk>", "<s>", "</s>", "<pad>")
    digits: Literal["single", "triple", "none"] = "single"
    nfc: bool = False
    minimum_count: Count = 2  # pairs seen less often are not merged (bpe)
    character_coverage: Annotated[float, Field(ge=0.98, le=1)] = 0.9995  # the rest becomes bytes (sentencepiece)
    threads: Annotated[int, Field(ge=1, le=64)] = 2  # of sentencepiece; its result depends on the number

    def __post_init__(self) -> None:
        where = f"tokenizer.train {self.name!r}"
        if len(set(self.special_tokens)) < len(self.special_tokens) or "" in self.special_tokens:
            raise ConfigError(f"{where}: special_tokens has an empty or repeated token; list each once")
        if self.languages == ():
            raise ConfigError(f"{where}: languages is empty; use 'joint', 'each' or a list of codes")
        if self.algorithm == "bpe":
            return
        if self.nfc:
            raise ConfigError(f"{where}: sentencepiece has no NFC rule; leave nfc out, as documents are NFC already")
        if self.digits == "triple":
            raise ConfigError(f"{where}: sentencepiece splits digits one by one or not at all; use 'single' or 'none'")


@stage("tokenizer.train", config=TrainTokenizer, kind="step", reads_dataset="corpus", writes_dataset="tokenizer")
def train_tokenizer(config: TrainTokenizer) -> TrainTokenizer:
    """Train a tokenizer on a temperature sample of the corpus, and measure it per language.

    Reads:   doc_id, text, language
    Writes:  tokenizer/<name>: tokenizer.json, tokenizer.model (sentencepiece), training.json, stats.parquet
    Source:  Kudo 2018 (unigram), Sennrich et al. 2016 (BPE); sampling as Conneau et al. 2020, section 3.1
    """
    return config


def groups(config: TrainTokenizer, languages: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The tokenizers to train, by name, with the languages of each.

    `languages` are those that the corpus has. Raises ConfigError for a listed language that is not among them.
    """
    present = tuple(sorted(languages))
    if config.languages == "joint":
        return {config.name: present}
    if config.languages == "each":
        return {f"{config.name}-{language}": (language,) for language in present}
    missing = sorted(set(config.languages) - set(present))
    if missing:
        raise ConfigError(
            f"tokenizer.train {config.name!r}: the corpus has no text of {', '.join(missing)}; "
            f"it has: {', '.join(present) or 'nothing'}"
        )
    return {config.name: tuple(sorted(set(config.languages)))}


def train(texts: Iterable[str], config: TrainTokenizer, workdir: Path) -> dict[str, bytes]:
    """Train on documents, given in a fixed order, and return the files by name.

    The bytes depend on texts and config only, not on the number of cores. `training.json` holds what was asked, what
    came out and notes, as on a vocabulary that a small sample could not fill. `workdir` is an empty folder for
    temporary files.
    """
    if config.algorithm == "bpe":
        files, size, notes = train_byte_bpe(texts, config)
    else:
        files, size, notes = train_sentencepiece(texts, config, workdir)
    record: Mapping[str, object] = {
        "algorithm": config.algorithm,
        "vocab_size_asked": config.vocab_size,
        "vocab_size": size,
        "notes": notes,
    }
    return {**files, "training.json": (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()}
