"""Bitext as training documents: a text and, below it, its translation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from stages.augment.chance import derived_id, fraction
from stages.augment.pairs import OTHER, PairChoice, Side, chosen_pairs
from stages.columns import AUGMENTED
from stages.registry import stage

NAME = "augment.parallel_documents"
SEVERAL_LANGUAGES = "mul"
_FIRST: Mapping[str, tuple[Side, ...]] = {
    "source_first": ("src",),
    "target_first": ("tgt",),
    "both": ("src", "tgt"),
}


@dataclass(frozen=True, kw_only=True)
class ParallelDocuments(PairChoice):
    """Options of `augment.parallel_documents`.

    `name` is the dataset written, `augmented/<name>/`. `direction` says which side comes first; `alternate` draws it
    for each pair by its hash, `both` makes two documents of a pair. `separator` stands between the two texts.
    """

    name: str = "parallel_documents"
    direction: Literal["source_first", "target_first", "both", "alternate"] = "alternate"
    separator: str = "\n\n"


@stage(
    NAME,
    kind="recipe",
    config=ParallelDocuments,
    writes=AUGMENTED,
    reads_dataset="bitext",
    writes_dataset="augmented",
)
def parallel_documents(batch: pa.RecordBatch, config: ParallelDocuments) -> pa.RecordBatch:
    """Join the two sides of each pair into one training document.

    A bitext of documents gives documents, a bitext of sentences gives pairs of lines. `origin` is `native` where people
    wrote both sides (translation by people is not machine-made text), `mixed` where a machine wrote one. Pairs that the
    options leave out are those whose id is in no `derived_from`.

    Reads:   bitext: pair_id, src, tgt, src_lang, tgt_lang, source, licence
    Writes:  augmented: one row per pair, two with `direction = "both"`; `language` is `mul`
    Source:  MuRIL (Khanuja et al. 2021); PolyLM (Wei et al. 2023); Tower (Alves et al. 2024)
    """
    rows = [
        _document(pair, first, config)
        for pair in chosen_pairs(batch, config, NAME)
        for first in _first_sides(pair["pair_id"], config)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=AUGMENTED)


def _first_sides(pair_id: str, config: ParallelDocuments) -> tuple[Side, ...]:
    if config.direction == "alternate":
        return ("src",) if fraction(config.seed, NAME, "direction", pair_id) < 0.5 else ("tgt",)
    return _FIRST[config.direction]


def _document(pair: Mapping[str, Any], first: Side, config: ParallelDocuments) -> dict[str, Any]:
    second = OTHER[first]
    return {
        "doc_id": derived_id(NAME, config.name, pair["pair_id"], first),
        "text": pair[first].strip() + config.separator + pair[second].strip(),
        "language": SEVERAL_LANGUAGES if pair["src_lang"] != pair["tgt_lang"] else pair["src_lang"],
        "source": pair["source"],
        "licence": pair["licence"],
        "origin": "native" if config.machine_side == "none" else "mixed",
        "recipe": NAME,
        "derived_from": [pair["pair_id"]],
        "backend": config.backend,
    }
