"""A document's story: its parts, as JSON and for a terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.inspect import shown_value, visible


@dataclass(frozen=True)
class Signal:
    """One measured column; `passes` is None where the language sets no bound."""

    column: str
    value: float | None
    minimum: float | None
    maximum: float | None
    passes: bool | None
    why: str | None


@dataclass(frozen=True)
class DocumentStory:
    """What a run knows of one document; parts that do not apply are None or empty."""

    doc_id: str
    dataset: str  # documents, rejected, bitext, augmented/<name>, instructions/<name>
    source: Mapping[str, Any]
    language: Mapping[str, Any] | None
    decision: Mapping[str, Any] | None
    signals: tuple[Signal, ...]
    cluster: Mapping[str, Any] | None
    spans: tuple[Mapping[str, Any], ...]
    excerpt: str | None
    ended: tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """Every document that an id means; `matches` counts those beyond the ones told, too."""

    ident: str
    matches: int
    documents: tuple[DocumentStory, ...]

    def as_dict(self) -> dict[str, Any]:
        """The story as JSON can hold it."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def render(story: Story) -> RenderableType:
    """Every document of the story, one panel each."""
    panels: list[RenderableType] = [_document(document) for document in story.documents]
    if story.matches > len(story.documents):
        panels.append(
            Text(f"{story.matches - len(story.documents)} more documents match {visible(story.ident)}", "dim")
        )
    return Group(*panels)


def _document(story: DocumentStory) -> Panel:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in story.source.items():
        facts.add_row(name, Text(visible(_joined(value))))
    if story.language:
        facts.add_row("language", Text(_language(story.language)))
    facts.add_row("decision", _decision(story))
    if story.cluster:
        facts.add_row("cluster", Text(_cluster(story.cluster)))
    if story.spans:
        facts.add_row("spans", Text(_spans(story.spans)))
    for line in story.ended:
        facts.add_row("ended", Text(visible(line)))
    parts: list[RenderableType] = [facts]
    if story.cluster:
        parts.append(_members(story.cluster))
    if story.signals:
        parts.append(_signals(story.signals))
    if story.excerpt:
        parts.append(Padding(Text(story.excerpt), (1, 0, 0, 0)))
    return Panel(Group(*parts), title=Text(f"{story.dataset}  {story.doc_id}", "bold"), title_align="left")


def _joined(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _language(found: Mapping[str, Any]) -> str:
    words = str(found["language"])
    if "language_score" in found:
        words += f" (score {found['language_score']:.3f}, script {found['script']})"
    if found.get("language_second"):
        words += f", runner-up {found['language_second']} ({found['language_second_score']:.3f})"
    if "claimed" in found:
        words += f", claimed {visible(str(found['claimed'])) if found['claimed'] else 'nothing'}"
    return words


def _decision(story: DocumentStory) -> Text:
    if story.decision is None:
        return Text("none")
    if story.decision["keep"]:
        return Text("kept", style="bold green")
    words = Text(f"rejected by {story.decision['reason']}", style="bold red")
    if story.decision["bound"] is not None:
        words.append(f": value {shown_value(story.decision['value'])}, bound {story.decision['bound']}")
    return words


def _cluster(found: Mapping[str, Any]) -> str:
    survivor = found["survivor"] or "none of this language"
    return f"{found['size']} documents ({found['evidence']}); survivor {survivor}"


def _members(found: Mapping[str, Any]) -> Table:
    table = Table("member", "language", "fate", title="Members of the cluster", title_justify="left", box=None)
    for member in found["members"]:
        table.add_row(member["doc_id"], member["language"], "kept" if member["keep"] else member["reason"])
    if found["size"] > len(found["members"]):
        table.add_row(f"{found['size'] - len(found['members'])} more", "", "")
    return table


def _spans(spans: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(f"{span['kind']} at {span['start']}–{span['end']}" for span in spans)


def _signals(signals: Iterable[Signal]) -> Table:
    """What failed first, then what has a bound, then the rest."""
    table = Table(title="Signals", title_justify="left", box=None)
    table.add_column("signal", no_wrap=True)
    table.add_column("value", justify="right")
    table.add_column("bound", no_wrap=True)
    table.add_column("")
    order = {False: 0, True: 1, None: 2}
    for signal in sorted(signals, key=lambda s: order[s.passes]):
        mark = {True: Text("pass", "green"), False: Text("FAIL", "bold red"), None: Text("")}[signal.passes]
        table.add_row(signal.column, shown_value(signal.value), _bound(signal), mark)
    return table


def _bound(signal: Signal) -> str:
    sides = [f">= {signal.minimum:g}"] if signal.minimum is not None else []
    sides += [f"<= {signal.maximum:g}"] if signal.maximum is not None else []
    return " and ".join(sides)


def _plain(value: Any) -> Any:
    """Tuples as lists, numbers that JSON lacks as None."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
