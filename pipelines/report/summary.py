"""The table that ends a run: what each step took in and kept, and where the outputs lie."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.report.numbers import count, duration, share
from pipelines.report.totals import StepTotals, balance, language_totals, step_totals
from pipelines.rundir import RunDir

OUTPUTS = ("corpus", "tokenizer", "instructions", "augmented", "bitext", "mixture", "rejected", "report.html")


REJECTING = ("ingest", "annotate", "decide", "select")
SHOWN_REASONS = 3


def summary_table(run: RunDir) -> RenderableType:
    """Documents per step, the balance, languages, and where the outputs lie."""
    table = Table(title=f"{run.record['pipeline']['name']}: documents per step", title_justify="left")
    table.add_column("step", overflow="fold")
    seconds: dict[str, float] = {}
    for step in run.record.get("steps", []):
        # steps such as cluster.keys prepare the step before the dot
        name = step["name"]
        seconds[name] = seconds.get(name, 0.0) + (step.get("seconds") or 0.0)
    rows = [_row(total, seconds) for total in step_totals(run)]
    for number, name in enumerate(("in", "added", "kept", "rejected", "quarantined", "tokens", "time"), 1):
        # a column that would be empty says nothing
        if any(row[number] for row in rows):
            table.add_column(name, justify="right", no_wrap=True)
        else:
            rows = [[*row[:number], None, *row[number + 1 :]] for row in rows]
    for row in rows:
        table.add_row(*(cell for cell in row if cell is not None))
    return Group(*([table] if rows else []), *_lines(run))


def _row(total: StepTotals, seconds: Mapping[str, float]) -> list[str | None]:
    """Cells of a step; what is zero is empty. Added are documents that were made or repeated."""
    spent = sum(s for name, s in seconds.items() if name == total.name or name.startswith(f"{total.name}."))
    added, lost = total["created"] + total["repeated"], total["quarantined"]
    return [
        total.name,
        count(total["in"]),
        count(added) if added else "",
        count(total["kept"]),
        count(total["rejected"]) if total["rejected"] else "",
        count(lost) if lost else "",
        count(total.tokens) if total.tokens is not None else "",
        duration(spent) if spent else "",
    ]


def _reasons(run: RunDir) -> str:
    """The most frequent reasons for which documents did not reach the corpus, and how to see samples."""
    sums: dict[str, int] = {}
    for total in step_totals(run):
        for reason, documents in total.reasons.items() if total.name in REJECTING else ():
            sums[reason] = sums.get(reason, 0) + documents
    first = sorted(sums, key=lambda reason: (-sums[reason], reason))[:SHOWN_REASONS]
    shown = ", ".join(f"{reason} {sums[reason]:,}" for reason in first)
    more = f" and {len(sums) - len(first)} more reasons" if len(sums) > len(first) else ""
    return f"{shown}{more}; samples: babelmill inspect --run {run.uri}" if sums else ""


def _lacks_text(run: RunDir) -> bool:
    """Whether ingestion found less than it rejected for want of text, as where the text is in a field not tried."""
    ingested = next((total for total in step_totals(run) if total.name == "ingest"), None)
    return ingested is not None and ingested.reasons.get("ingest.no_text", 0) > ingested["kept"]


def _lines(run: RunDir) -> list[Text]:
    languages, found = language_totals(run), balance(run)
    entered, kept = sum(t.entered for t in languages), sum(t.kept for t in languages)
    alive = sum(1 for t in languages if t.kept)
    lines = []
    if not any(total.name == "ingest" and total["in"] for total in step_totals(run)):
        lines.append(Text.assemble(("no input   ", "bold red"), "no document was found in the inputs"))
    if languages:
        words = f"{alive:,}, with {kept:,} of {entered:,} documents kept ({share(kept, entered)})"
        lines.append(Text.assemble(("languages  ", "bold"), words))
    if reasons := _reasons(run):
        lines.append(Text.assemble(("rejected   ", "bold"), reasons))
    if _lacks_text(run):
        words = "most records held no text; name the field that has it: --set 'ingest.read.fields={text=\"body\"}'"
        lines.append(Text.assemble(("no text    ", "bold red"), words))
    if found.differences:
        lines.append(Text.assemble(("ledger     ", "bold"), (f"does not balance: {found.differences[0]}", "bold red")))
    else:
        lines.append(Text.assemble(("ledger     ", "bold"), "balances for every step and language"))
    failures = run.record.get("quarantined", [])
    for failure in failures[:3]:
        line = f"{failure['step']} {failure['unit']}: {failure['error']}"
        lines.append(Text.assemble(("failed     ", "bold red"), line))
    if len(failures) > 3:
        lines.append(Text.assemble(("failed     ", "bold red"), f"{len(failures) - 3:,} more shards, all in run.json"))
    present = [name for name in OUTPUTS if run.storage.exists(name) or run.files(name)]
    lines.append(Text.assemble(("outputs    ", "bold"), f"{run.uri}: {', '.join(present)}"))
    return lines
