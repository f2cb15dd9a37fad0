"""Bitext as conversations: a request to translate, in varied wordings, and the translation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field

from stages.augment.chance import derived_id, fraction
from stages.augment.codes import folded
from stages.augment.pairs import OTHER, PairChoice, Share, Side, chosen_pairs
from stages.columns import INSTRUCTIONS
from stages.instruct.example_pairs import ExamplePairs, Examples
from stages.instruct.language_names import language_name
from stages.instruct.wordings import Wording, Wordings
from stages.registry import Resource, stage

NAME = "instruct.translation_instructions"
_ENGLISH = folded("eng_Latn")
_FROM: Mapping[str, tuple[Side, ...]] = {"forward": ("src",), "backward": ("tgt",), "both": ("src", "tgt")}


@dataclass(frozen=True, kw_only=True)
class TranslationInstructions(PairChoice):
    """Options of `instruct.translation_instructions`.

    `name` is the dataset written, `instructions/<name>/`. `directions`: `forward` asks to translate `src`, `backward`
    `tgt`, `both` makes two rows of a pair, `alternate` draws one by the pair's hash. `prompt_language` is the language
    the request is worded in; `mixed` draws from the three. Where a language has no wording, or no name for one of the
    two languages, English is used. `templates` is a file of wordings laid over those shipped in
    `stages/instruct/templates/translation.toml`. `system_share` of the rows get a system prompt. `shots` solved
    examples come before the request, from the JSONL file `examples` (`src tgt src_lang tgt_lang id`), as many as it has
    for the two languages.
    """

    name: str = "translation_instructions"
    directions: Literal["forward", "backward", "both", "alternate"] = "both"
    prompt_language: Literal["english", "source", "target", "mixed"] = "mixed"
    templates: str | None = field(default=None, metadata={"path": True})
    system_share: Share = 0.0
    shots: Annotated[int, Field(ge=0, le=32)] = 0
    examples: str | None = field(default=None, metadata={"path": True})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shots and self.examples is None:
            raise ValueError("shots needs examples, a JSONL file of solved pairs")


def _resources(config: TranslationInstructions) -> Mapping[str, Resource]:
    fields = frozenset({"text", "source", "target"})
    return {
        "wordings": Wordings("translation.toml", config.templates, fields - {"source"}, fields),
        "examples": ExamplePairs(config.examples),
    }


@stage(
    NAME,
    kind="recipe",
    config=TranslationInstructions,
    writes=INSTRUCTIONS,
    resources=_resources,
    reads_dataset="bitext",
    writes_dataset="instructions",
)
def translation_instructions(
    batch: pa.RecordBatch, config: TranslationInstructions, *, wordings: Mapping[str, Wording], examples: Examples
) -> pa.RecordBatch:
    """Ask for the translation of one side of each pair and answer with the other side.

    `language` is the language of the answer. `origin` is that of the answer: `native` unless a machine wrote it. A pair
    whose languages have no name in English either is left out; pairs left out are those whose id is in no
    `derived_from`.

    Reads:   bitext: pair_id, source_id, src, tgt, src_lang, tgt_lang, source, licence, locator
    Writes:  instructions: one row per pair and direction
    Source:  ALMA (Xu et al. 2024); Tower (Alves et al. 2024); LMT (Luo et al. 2025)
    """
    rows = []
    for pair in chosen_pairs(batch, config, NAME):
        for asked in _asked_sides(pair["pair_id"], config):
            request = _request(pair, asked, config, wordings)
            if request is not None:
                rows.append(_row(pair, asked, config, request, examples))
    return pa.RecordBatch.from_pylist(rows, schema=INSTRUCTIONS)


@dataclass(frozen=True)
class _Request:
    """A wording and the names that fill it."""

    prompt: str
    system: str | None
    names: Mapping[str, str]

    def text(self, text: str) -> str:
        return self.prompt.format(text=text, **self.names)


def _asked_sides(pair_id: str, config: TranslationInstructions) -> tuple[Side, ...]:
    if config.directions == "alternate":
        return ("src",) if fraction(config.seed, NAME, "direction", pair_id) < 0.5 else ("tgt",)
    return _FROM[config.directions]


def _request(
    pair: Mapping[str, Any], asked: Side, config: TranslationInstructions, wordings: Mapping[str, Wording]
) -> _Request | None:
    codes = {"source": pair[f"{asked}_lang"], "target": pair[f"{OTHER[asked]}_lang"]}

    def draw(what: str, options: tuple[str, ...]) -> str:
        return options[int(fraction(config.seed, NAME, what, pair["pair_id"], asked) * len(options))]

    drawn = draw("language", ("english", "source", "target")) if config.prompt_language == "mixed" else ""
    reader = folded(codes.get(drawn or config.prompt_language, _ENGLISH))
    for language in (reader, _ENGLISH):
        wording = wordings.get(language)
        names = {key: language_name(code, language) for key, code in codes.items()}
        if wording is None or None in names.values():
            continue
        with_system = fraction(config.seed, NAME, "system?", pair["pair_id"], asked) < config.system_share
        system = wording.system or wordings[_ENGLISH].system
        filled = {key: str(name) for key, name in names.items()}
        return _Request(
            prompt=draw("prompt", wording.prompts),
            system=draw("system", system).format(**filled) if with_system and system else None,
            names=filled,
        )
    return None


def _row(
    pair: Mapping[str, Any], asked: Side, config: TranslationInstructions, request: _Request, examples: Examples
) -> dict[str, Any]:
    answered = OTHER[asked]
    shots = _shots(pair, asked, config, examples)
    turns = [(text, answer) for _, text, answer in shots] + [(pair[asked].strip(), pair[answered].strip())]
    messages = [{"role": "system", "content": request.system}] if request.system else []
    for text, answer in turns:
        messages += [{"role": "user", "content": request.text(text)}, {"role": "assistant", "content": answer}]
    by_machine = config.machine_side == answered
    return {
        "doc_id": derived_id(NAME, config.name, pair["pair_id"], asked),
        "messages": messages,
        "language": pair[f"{answered}_lang"],
        "task": "translation",
        "source": pair["source"],
        "source_id": pair["source_id"],
        "licence": pair["licence"],
        "locator": pair["locator"],
        "origin": "translated" if by_machine else "native",
        "recipe": NAME,
        "derived_from": [pair["pair_id"], *(name for name, _, _ in shots)],
        "backend": config.backend,
    }


def _shots(
    pair: Mapping[str, Any], asked: Side, config: TranslationInstructions, examples: Examples
) -> list[tuple[str, str, str]]:
    """The examples of the same two languages with the smallest hash for this pair, without the pair itself."""
    languages = folded(pair[f"{asked}_lang"]), folded(pair[f"{OTHER[asked]}_lang"])
    others = [shot for shot in examples.get(languages, ()) if shot[1].strip() != pair[asked].strip()]
    others.sort(key=lambda shot: fraction(config.seed, NAME, "shot", pair["pair_id"], asked, shot[0]))
    return others[: config.shots]
