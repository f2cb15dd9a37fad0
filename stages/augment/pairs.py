"""Which pairs of a bitext a recipe uses, and what is known of who wrote their two sides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field

from stages.augment.chance import fraction
from stages.augment.codes import folded

Share = Annotated[float, Field(ge=0, le=1)]
Side = Literal["src", "tgt"]
OTHER: Mapping[Side, Side] = {"src": "tgt", "tgt": "src"}


@dataclass(frozen=True, kw_only=True)
class PairChoice:
    """Options of every recipe over bitext.

    `languages` keeps pairs with a side in one of them (empty: all). `min_characters` and `max_characters` bound each
    side. `share` is the share of pairs that is used, `shares` the same for single language pairs, as
    `"eng_Latn-fra_Latn" = 0.1`; pairs are drawn by the hash of their id, so a larger share holds all pairs of a
    smaller. `machine_side` is the side that a machine translated, by the `backend` named; without it both sides
    count as written by people.
    """

    languages: tuple[str, ...] = ()
    min_characters: Annotated[int, Field(ge=1)] = 1
    max_characters: Annotated[int, Field(ge=1)] = 1_000_000
    share: Share = 1.0
    shares: Mapping[str, Share] = field(default_factory=dict)
    machine_side: Literal["none", "src", "tgt"] = "none"
    backend: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.machine_side == "none") != (self.backend is None):
            raise ValueError("machine_side and backend go together: set both, or neither")


def chosen_pairs(batch: pa.RecordBatch, config: PairChoice, recipe: str) -> Iterator[dict[str, Any]]:
    """The rows of a bitext batch that the options keep, in order, as dictionaries."""
    wanted = frozenset(map(folded, config.languages))
    shares = {tuple(map(folded, pair.split("-"))): share for pair, share in config.shares.items()}
    for pair in batch.to_pylist():
        languages = folded(pair["src_lang"]), folded(pair["tgt_lang"])
        if wanted and wanted.isdisjoint(languages):
            continue
        if not all(config.min_characters <= len(pair[side].strip()) <= config.max_characters for side in OTHER):
            continue
        if fraction(config.seed, recipe, "share", pair["pair_id"]) < shares.get(languages, config.share):
            yield pair
