"""What an edit of a language would change in a run, as data and for a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.inspect import Sample
from pipelines.inspect import render as render_samples
from pipelines.lang.edits import Change
from pipelines.lang.edits import render as render_changes

KEPT = "kept"


@dataclass(frozen=True)
class Amount:
    """How much text; `words` is None where they are not measured, `tokens` an estimate, None without a tokenizer."""

    documents: int
    characters: int
    bytes: int
    words: int | None
    tokens: int | None


NOTHING = Amount(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Trial:
    """What an edit would change for one language."""

    language: str
    run: str
    documents: int
    edits: tuple[Change, ...]
    unmeasured: tuple[str, ...]  # bounds on columns that the run did not measure
    before: Mapping[str, Amount]  # by reason, or `kept`: the ledger of `decide`
    after: Mapping[str, Amount]
    newly_kept: Amount
    newly_rejected: Amount
    other_reason: int
    too_short_at_most: int  # of what is newly kept, if redaction shortens it
    tokenizer: str | None
    kept_samples: tuple[Sample, ...]
    rejected_samples: tuple[Sample, ...]

    @property
    def annotates(self) -> tuple[Change, ...]:
        """Edits that nothing can be said of before the language is annotated again."""
        return tuple(edit for edit in self.edits if edit.annotates)


def render(trial: Trial) -> RenderableType:
    """The trial for a terminal."""
    parts: list[RenderableType] = [Text(f"{trial.language} in {trial.run}: {trial.documents:,} documents")]
    parts.append(render_changes({trial.language: trial.edits}, "language") if trial.edits else Text("nothing differs"))
    for edit in trial.annotates:
        parts.append(
            Text(
                f"{edit.key}: documents are measured with it. The next run annotates {trial.language} again, and"
                " only then it is known what changes; what follows is of the bounds alone.",
                "yellow",
            )
        )
    for column in trial.unmeasured:
        parts.append(Text(f"bounds.{column}: the run does not measure it, so nothing is decided by it"))
    if len(trial.annotates) == len(trial.edits):
        return Group(*parts)
    return Group(
        *parts,
        _ledger_table(trial),
        _summary(trial),
        *_shown("newly kept", trial.kept_samples),
        *_shown("newly rejected", trial.rejected_samples),
    )


def _ledger_table(trial: Trial) -> Table:
    """Every reason whose count moves, and what is kept."""
    table = Table(title="ledger of decide", title_justify="left")
    table.add_column("")
    for column in ("before", "after", "change", "words" if trial.newly_kept.words is not None else "characters"):
        table.add_column(column, justify="right")
    reasons = sorted({*trial.before, *trial.after}, key=lambda reason: (reason != KEPT, reason))
    for reason in reasons:
        was, now = trial.before.get(reason, NOTHING), trial.after.get(reason, NOTHING)
        if reason == KEPT or was != now:
            text = _text(now) - _text(was)
            cells = (f"{was.documents:,}", f"{now.documents:,}", f"{now.documents - was.documents:+,}", f"{text:+,}")
            table.add_row(reason, *cells)
    return table


def _text(amount: Amount) -> int:
    return amount.characters if amount.words is None else amount.words


def _summary(trial: Trial) -> Text:
    lines = [f"newly kept: {_shown_amount(trial.newly_kept, trial.tokenizer)}"]
    if trial.too_short_at_most:
        lines.append(
            f"of these at most {trial.too_short_at_most:,} may be too short for `select` once personal data"
            " are replaced: that is known when the text is read"
        )
    lines.append(f"newly rejected: {_shown_amount(trial.newly_rejected, trial.tokenizer)}")
    lines.append(f"rejected for another reason than before: {trial.other_reason:,} documents")
    return Text("\n".join(lines))


def _shown_amount(amount: Amount, tokenizer: str | None) -> str:
    words = f"{amount.characters:,} characters" if amount.words is None else f"{amount.words:,} words"
    tokens = "" if amount.tokens is None else f", about {amount.tokens:,} tokens of {tokenizer}"
    return f"{amount.documents:,} documents, {words}{tokens}"


def _shown(heading: str, samples: Sequence[Sample]) -> list[RenderableType]:
    return [Text(f"\n{heading}", "bold"), render_samples(samples)] if samples else []
