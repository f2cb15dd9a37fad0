"""Our text stages against datatrove, fastText, rensa, gaoya and datasketch: same text, same run, one core.

    python -m infra.benchmarks.text_engine --input 'bench/*.jsonl.gz' [--json OUT] [--work NAME]... [--workers 2]

Reads JSON lines with `text`, and `lang` where the language is known. Each tool runs in a process of its own, on one
core with one thread, warm, several times; the table has the median. The other tools run in an environment of their
own, which the first call installs in the user's cache folder.

- Everything is given an even sample of the documents in languages that datatrove can segment here (`--sample` MB, as
  datatrove takes seconds for each); the languages it cannot are listed. We are given all documents as well.
- `ratio` is our speed on all documents, `same text` our speed on the sample, each by the tool's speed on the sample.
  Small samples of many languages hide what batches save, so the second is the smaller.
- Seconds are processor time, which other programs stretch little. Every tool identifies with lid.176.ftz; datatrove
  would fetch the larger lid.176.bin. Reading and writing files is not in the time; documents are in the memory.
- datatrove's filters run one after the other on each document, each to its first failed rule; ours measure them all.
  `everything` is language ID, these filters and MinHash for datatrove, and all annotation of the pipeline for us: also
  character shares, word lists, personal data and the exact hash.
- MinHash has 14 bands of 8 and word 5-grams everywhere. datatrove, gaoya and we take texts, each with its own words.
  rensa and datasketch take shingles: 5-grams of `text.lower().split()` in Python, once in the time, once given.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from infra.benchmarks.documents import Document, read_documents, sampled, write_exchange
from infra.benchmarks.environment import ROOT, Environment, Runnable, make_environment
from infra.benchmarks.measure import ONE_THREAD, Timing
from infra.benchmarks.ours import TOOL
from infra.benchmarks.rivals import TOOLS
from pipelines.models import get_model

WORKS: Final[Mapping[str, str]] = {
    "language": "language ID, whole document",
    "signals": "Gopher + FineWeb + C4 signals",
    "minhash": "MinHash, 112 permutations",
    "everything": "all annotation of one text",
}


BUSY: Final = 1.2
"""Wall time by processor time from which the machine counts as busy; then compare ratios, and trust no wall time."""


def run_ours(work: str, documents: Path, *, pipeline: str, runs: int, core: int) -> Timing:
    """Time our stages in a process of their own."""
    return _run_together(work, documents, pipeline=pipeline, runs=runs, cores=[core])[0]


def _run_together(work: str, documents: Path, *, pipeline: str, runs: int, cores: Sequence[int]) -> list[Timing]:
    """Time one process for each core; they start when all are warm."""
    with tempfile.TemporaryDirectory() as folder:
        results = [Path(folder) / f"{core}.json" for core in cores]
        processes = []
        for core, result in zip(cores, results, strict=True):
            command = [sys.executable, "-m", "infra.benchmarks.ours", work, str(documents), str(result)]
            command += ["--pipeline", pipeline, "--runs", str(runs), "--core", str(core), "--hold"]
            processes.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
        for process in processes:
            if process.stdout is not None:
                process.stdout.readline()
        for process in processes:
            process.communicate("\n")
        if any(process.returncode for process in processes):
            raise SystemExit(f"our own {work} failed; its error is above")
        return [Timing.load(result) for result in results]


def compare(
    works: Sequence[str],
    everything: Path,
    sample: Path,
    *,
    environment: Environment | None,
    runnable: Runnable,
    pipeline: str,
    runs: int,
    core: int,
    console: Console,
) -> list[dict[str, Any]]:
    """A row for each work and tool; ours first, on all documents and on the sample."""
    rows = []
    for work in works:
        console.print(f"[dim]{WORKS[work]}: {TOOL}")
        on_all = run_ours(work, everything, pipeline=pipeline, runs=runs, core=core)
        on_sample = run_ours(work, sample, pipeline=pipeline, runs=runs, core=core)
        rows += [
            _row(on_all, f"{TOOL}, all documents"),
            _row(on_sample, f"{TOOL}, sample"),
        ]
        others = []
        if work == "language":
            console.print("[dim]  fastText (C++)")
            others.append(run_ours("fasttext", sample, pipeline=pipeline, runs=runs, core=core))
        for tool in TOOLS[work] if environment else ():
            package = tool.removesuffix("_given")
            if environment is None or any(missing.startswith(package) for missing in environment.missing):
                continue
            console.print(f"[dim]  {TOOLS[work][tool].name}")
            others.append(
                environment.measure(
                    work, tool, sample, runnable.names, model=str(get_model("lid.176")), runs=runs, core=core
                )
            )
        for other in others:
            ratios = {
                "ratio": round(on_all.megabytes_per_second / other.megabytes_per_second, 2),
                "ratio_same_text": round(on_sample.megabytes_per_second / other.megabytes_per_second, 2),
            }
            rows.append(_row(other, other.tool) | ratios)
    return rows


def _row(timing: Timing, tool: str) -> dict[str, Any]:
    return timing.figures() | {"tool": tool}


def scaling(documents: Path, *, workers: int, pipeline: str, runs: int, core: int) -> dict[str, Any]:
    """Speed of several workers, one to a core, against one alone.

    `times_one` is by the clock on the wall and means something only where nothing else runs; `times_one_processor` is
    by processor time, and shows what the workers take from each other: memory, caches.
    """
    cores = [(core + number) % (os.cpu_count() or 1) for number in range(workers)]
    alone = run_ours("everything", documents, pipeline=pipeline, runs=runs, core=core)
    together = _run_together("everything", documents, pipeline=pipeline, runs=runs, cores=cores)
    return {
        "workers": workers,
        "busy": busy([alone, *together]),
        "mb_per_second_alone": round(alone.text_bytes / 1e6 / alone.wall_seconds, 3),
        "mb_per_second_together": round(sum(timing.text_bytes / 1e6 / timing.wall_seconds for timing in together), 3),
        "times_one": round(sum(alone.wall_seconds / timing.wall_seconds for timing in together), 3),
        "times_one_processor": round(sum(alone.seconds / timing.seconds for timing in together), 3),
    }


def busy(timings: Sequence[Timing]) -> float:
    """Largest wall time by processor time; well above 1 where other programs had the core, too."""
    return round(max(timing.wall_seconds / max(timing.seconds, 1e-9) for timing in timings), 2)


def table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """The rows as a table, a section for each work."""
    shown = Table(title="one core", title_justify="left")
    shown.add_column("work")
    shown.add_column("tool")
    for heading in ("MB/s", "documents/s", "ratio", "same text", "peak MiB"):
        shown.add_column(heading, justify="right")
    work = ""
    for row in rows:
        if row["work"] != work and work:
            shown.add_section()
        shown.add_row(
            "" if row["work"] == work else WORKS[row["work"]],
            row["tool"],
            f"{row['mb_per_second']:,.2f}",
            f"{row['documents_per_second']:,.0f}",
            f"{row['ratio']:,.1f}" if "ratio" in row else "",
            f"{row['ratio_same_text']:,.1f}" if "ratio_same_text" in row else "",
            f"{row['peak_bytes'] / (1 << 20):,.0f}",
        )
        work = row["work"]
    return shown


def refused_table(runnable: Runnable, documents: Sequence[Document]) -> Table:
    """Languages that datatrove cannot segment here, by reason."""
    counts = Counter(document.language for document in documents)
    by_reason: dict[str, list[str]] = {}
    for code, reason in sorted(runnable.refused.items()):
        by_reason.setdefault(reason, []).append(code)
    shown = Table(title="languages that datatrove cannot segment here", title_justify="left")
    for heading in ("languages", "documents", "why"):
        shown.add_column(heading)
    for reason, codes in by_reason.items():
        shown.add_row(" ".join(codes), str(sum(counts[code] for code in codes)), reason)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", action="append", required=True, help="JSONL files, `.gz` or not; a glob")
    parser.add_argument("--limit", type=float, default=0, help="MB of text, sampled evenly, that is `all`; 0: all")
    parser.add_argument("--sample", type=float, default=4, help="MB of text that the other tools get; 0: all")
    parser.add_argument("--work", action="append", choices=sorted(WORKS), help="only this one; may be repeated")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0, help="also measure this many workers at once")
    parser.add_argument("--pipeline", default="web", help="whose stages are measured")
    parser.add_argument("--ours-only", action="store_true", help="install and measure no other tool")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    console = wide_console()

    documents = sampled(read_documents(options.input), options.limit * 1e6)
    environment = None if options.ours_only else make_environment()
    runnable = Runnable({}, {})
    if environment:
        runnable = environment.languages(documents)
    given = [document for document in documents if environment is None or document.language in runnable.names]
    chosen = sampled(given, options.sample * 1e6)
    with tempfile.TemporaryDirectory() as folder:
        everything = write_exchange(documents, Path(folder) / "all.jsonl")
        sample = write_exchange(chosen, Path(folder) / "sample.jsonl")
        settings = {"pipeline": options.pipeline, "runs": options.runs, "core": options.core}
        rows = compare(
            options.work or list(WORKS),
            everything,
            sample,
            environment=environment,
            runnable=runnable,
            console=console,
            **settings,
        )
        several = scaling(everything, workers=options.workers, **settings) if options.workers else None
    console.print(table(rows))
    if several:
        console.print(
            f"{several['workers']} workers: {several['mb_per_second_together']} MB/s by the wall clock, "
            f"{several['times_one']} times one ({several['times_one_processor']} by processor time)"
        )
    shared = max((row["wall_seconds"] / max(row["seconds"], 1e-9) for row in rows), default=1.0)
    if shared > BUSY:
        console.print(f"[yellow]the core was shared: up to {shared:.1f} seconds by the clock for one of processor time")
    if runnable.refused:
        console.print(refused_table(runnable, documents))
    if environment and environment.missing:
        console.print(f"not installable here: {', '.join(environment.missing)}")
    if options.json:
        figures = {
            "machine": {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()},
            "rows": rows,
            "workers": several,
            "refused_languages": dict(runnable.refused),
            "missing_packages": list(environment.missing) if environment else [],
        }
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")


def wide_console() -> Console:
    """The terminal; wide enough for a table where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=150)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8").splitlines() if information.exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
