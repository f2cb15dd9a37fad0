"""Which languages a document is written in, line by line."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any

import pyarrow as pa
from pydantic import Field

from stages.columns import UNDETERMINED
from stages.identify.combine import Combination
from stages.identify.combined import CombinationModel
from stages.identify.lines import by_lines
from stages.identify.strings import chunks
from stages.registry import stage
from stages.text.batch import TextBatch, measured

SHARES = pa.list_(pa.struct([("language", pa.string()), ("share", pa.float32())]))

COLUMNS = pa.schema([("language_shares", SHARES), ("code_switched", pa.bool_())])


@dataclass(frozen=True, kw_only=True)
class IdentifyMixed:
    """Options of `identify.mixed`; `members` and `calibration` are those of `identify.combined`.

    Lines of fewer characters than `fewest_characters` say nothing. A document is code-switched where a second language
    has `smallest_share` of the characters of the lines that do.
    """

    members: tuple[str, ...] = field(default=("cld2",), metadata={"model": True})
    calibration: str | None = field(default=None, metadata={"path": True})
    fewest_characters: Annotated[int, Field(ge=1)] = 25
    smallest_share: Annotated[float, Field(gt=0, le=0.5)] = 0.1


@stage(
    "identify.mixed",
    config=IdentifyMixed,
    writes=COLUMNS,
    resources=lambda config: {"model": CombinationModel(config.members, config.calibration)},
)
def mixed(batch: TextBatch, config: IdentifyMixed, model: Combination) -> pa.RecordBatch:
    """Measure what share of each document is in which language, line by line, and whether it is in several.

    Lines whose language is not known count as `und`, which is no second language; languages within a line are not told
    apart. Shares are of characters, the largest first, and empty where no line is long enough.

    Reads:   text
    Writes:  language_shares: list<struct<language: string, share: float32>>, code_switched: bool
    Source:  judgement: shorter lines are guesses, and a tenth in another language is more than a name or a quotation
    """
    found = [row for chunk in chunks(batch.rows.column("text")) for row in by_lines(chunk, model.identify).to_pylist()]
    rows = [_shares(text, lines, config) for text, lines in zip(batch.texts, found, strict=True)]
    return measured(COLUMNS, rows)


def _shares(text: str, lines: list[dict[str, Any]], config: IdentifyMixed) -> tuple[list[dict[str, Any]], bool]:
    characters: Counter[str] = Counter()
    for line, row in zip(text.split("\n"), lines, strict=True):
        if len(line.strip()) >= config.fewest_characters:
            characters[row["language"]] += len(line.strip())
    total = characters.total()
    ordered = sorted(characters.items(), key=lambda item: (-item[1], item[0]))
    named = [count / total for code, count in ordered if code != UNDETERMINED]
    shares = [{"language": code, "share": count / total} for code, count in ordered]
    return shares, len(named) > 1 and named[1] >= config.smallest_share
