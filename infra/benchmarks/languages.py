"""Speed of all annotation for every language of a collection with one record per language.

    python -m infra.benchmarks.languages --input udhr.jsonl.gz [--json OUT]

The records of a language are repeated until they are `--text` MB, and then identified and annotated on one core with
every stage of the pipeline, warm. Prints the slowest languages and those below the floor; exits 1 if there are any.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

from rich.progress import Progress
from rich.table import Table

from infra.benchmarks.documents import Batch, Document, grouped, read_documents
from infra.benchmarks.measure import pin
from infra.benchmarks.ours import Annotator, Identifier
from infra.benchmarks.text_engine import wide_console

FLOOR: Final = 1.0
"""MB/s of all annotation that no language may be below."""


@dataclass(frozen=True)
class Speed:
    """MB of text per second of processor time."""

    label: str
    language: str
    text_bytes: int
    identification: float
    annotation: float
    everything: float


def by_label(documents: Sequence[Document]) -> dict[str, list[Document]]:
    """Documents of each language as the collection calls it."""
    found: dict[str, list[Document]] = {}
    for document in documents:
        found.setdefault(document.label or document.language, []).append(document)
    return found


def repeated(documents: Sequence[Document], text_bytes: float) -> list[Document]:
    """The documents over and over until they are at least so many bytes of text."""
    found, total = [], 0
    for number, document in enumerate(cycle(documents)):
        found.append(Document(f"{document.id}~{number}", document.text, document.language))
        total += document.text_bytes
        if total >= text_bytes:
            break
    return found


def measure(
    documents: Sequence[Document], label: str, identify: Identifier, annotate: Annotator, text_bytes: float
) -> Speed:
    """The speed of one language."""
    some = repeated(documents, text_bytes)
    warm, batches = grouped(some[:1]), grouped(some)
    seconds = [_seconds(work, warm, batches) for work in (identify, annotate)]
    size = sum(document.text_bytes for document in some)
    speeds = [size / 1e6 / spent for spent in (*seconds, sum(seconds))]
    return Speed(label, some[0].language, size, *(round(speed, 3) for speed in speeds))


def _seconds(work: Callable[[Batch], object], warm: Sequence[Batch], batches: Sequence[Batch]) -> float:
    for batch in warm:
        work(batch)
    started = time.process_time()
    for batch in batches:
        work(batch)
    return max(time.process_time() - started, 1e-9)


def table(speeds: Sequence[Speed], slowest: int) -> Table:
    """The slowest languages."""
    shown = Table(title=f"MB/s on one core, the slowest of {len(speeds)} languages", title_justify="left")
    for heading in ("language", "code"):
        shown.add_column(heading)
    for heading in ("all annotation", "identification", "signals and sketches"):
        shown.add_column(heading, justify="right")
    for speed in speeds[:slowest]:
        style = "red" if speed.everything < FLOOR else ""
        figures = (speed.everything, speed.identification, speed.annotation)
        shown.add_row(speed.label, speed.language, *(f"{figure:,.2f}" for figure in figures), style=style)
    return shown


def figures(speeds: Sequence[Speed]) -> Mapping[str, object]:
    """Everything measured, the slowest language first."""
    return {
        "floor": FLOOR,
        "below": [speed.label for speed in speeds if speed.everything < FLOOR],
        "languages": [asdict(speed) for speed in speeds],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", action="append", required=True, help="JSONL files with `text` and `lang`")
    parser.add_argument("--text", type=float, default=1.0, help="MB of text for each language")
    parser.add_argument("--slowest", type=int, default=20, help="languages to print")
    parser.add_argument("--language", action="append", help="only this label; may be repeated")
    parser.add_argument("--pipeline", default="web", help="whose stages are measured")
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures of every language here")
    options = parser.parse_args()
    pin(options.core)
    console = wide_console()
    identify, annotate = Identifier(options.pipeline), Annotator(options.pipeline)
    groups = by_label(read_documents(options.input))
    chosen = [label for label in sorted(groups) if options.language is None or label in options.language]
    speeds = []
    with Progress(console=console, auto_refresh=False) as progress:  # a thread that refreshes would count as work
        task = progress.add_task("languages", total=len(chosen))
        for label in chosen:
            speeds.append(measure(groups[label], label, identify, annotate, options.text * 1e6))
            progress.update(task, advance=1, refresh=True)
    speeds.sort(key=lambda speed: speed.everything)
    console.print(table(speeds, options.slowest))
    found = figures(speeds)
    below = [speed.label for speed in speeds if speed.everything < FLOOR]
    console.print(f"below {FLOOR} MB/s: {', '.join(below) or 'none'}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    raise SystemExit(1 if below else 0)


if __name__ == "__main__":
    main()
