"""Time one whole run, Ray start, reading, clustering, writing and report included.

    python infra/benchmarks/whole_run.py --pipeline web --input 'big/*.jsonl.gz' --workers 2 [--json OUT]

Prints for each step what its units and the driver took, then seconds, MB of text per second and per core, processor
seconds of all its processes, and the largest resident memory of any worker.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from time import monotonic, sleep

from pipelines.rundir import RunDir
from pipelines.unit import Commit, commit_path


@dataclass
class Watched:
    """What was seen of the processes of a run."""

    peak_worker_bytes: int = 0
    processor_seconds: dict[int, float] = field(default_factory=dict)  # by process


def watch(stop: threading.Event, run: int, found: Watched) -> None:
    """Sample the process of a run and all that it started, Ray's too, until stopped."""
    page, ticks = resource.getpagesize(), os.sysconf("SC_CLK_TCK")
    while not stop.is_set():
        states = _states()
        for process in states:
            if not _descends(process, run, states):
                continue
            found.processor_seconds[process] = sum(map(int, states[process][11:13])) / ticks
            with suppress(OSError):
                if Path(f"/proc/{process}/cmdline").read_bytes().startswith(b"ray::"):
                    resident = int(states[process][21]) * page
                    found.peak_worker_bytes = max(found.peak_worker_bytes, resident)
        sleep(0.2)


def _states() -> dict[int, list[str]]:
    """The fields of /proc/<process>/stat behind the command, of every process."""
    states = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            states[int(file.parent.name)] = file.read_text().rpartition(")")[2].split()
    return states


def _descends(process: int, ancestor: int, states: dict[int, list[str]]) -> bool:
    while process != ancestor:
        if process not in states:
            return False
        process = int(states[process][1])
    return True


def step_table(run: RunDir, seconds: float) -> list[dict[str, object]]:
    """Seconds of each step: of its units, added up over workers, and from its first to its last.

    What the steps leave is the start, the plan, publishing and the report.
    """
    units: dict[str, list[float]] = {}
    for step, key in run.record["commits"]:
        commit = Commit.from_json(run.storage.read(commit_path(step, key)))
        units.setdefault(step, []).append(commit.seconds)
    rows = [
        {
            "step": step["name"],
            "units": len(units.get(step["name"], [])),
            "worker_seconds": round(sum(units.get(step["name"], [])), 2),
            "seconds": round(step["seconds"], 2),
        }
        for step in run.record["steps"]
    ]
    rest = seconds - sum(step["seconds"] for step in run.record["steps"])
    return [*rows, {"step": "start, plan, report", "units": 0, "worker_seconds": 0.0, "seconds": round(rest, 2)}]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pipeline", default="web")
    parser.add_argument("--input", action="append", required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", help="write the figures here as well")
    options = parser.parse_args()
    output = tempfile.mkdtemp(prefix="babelmill-")
    inputs = [argument for item in options.input for argument in ("--input", item)]
    command = [sys.executable, "-m", "pipelines", "run", options.pipeline, *inputs, "--output", output]
    started = monotonic()
    process = Popen([*command, "--workers", str(options.workers)])
    found, stop = Watched(), threading.Event()
    watcher = threading.Thread(target=watch, args=(stop, process.pid, found))
    watcher.start()
    status = process.wait()
    seconds = monotonic() - started
    stop.set()
    watcher.join()
    if status:
        sys.exit(status)
    run = RunDir(output)
    ledger = run.ledger.to_pylist()
    text = sum(row["bytes"] or 0 for row in ledger if (row["step"], row["flow"]) == ("annotate", "in"))
    steps = step_table(run, seconds)
    processor = sum(found.processor_seconds.values())
    figures = {
        "pipeline": options.pipeline,
        "workers": options.workers,
        "text_mb": round(text / 1e6, 1),
        "seconds": round(seconds, 1),
        "mb_per_second": round(text / 1e6 / seconds, 2),
        "mb_per_second_and_worker": round(text / 1e6 / seconds / options.workers, 2),
        "processor_seconds": round(processor, 1),
        "mb_per_processor_second": round(text / 1e6 / processor, 2),
        "peak_worker_mib": round(found.peak_worker_bytes / (1 << 20)),
        "steps": steps,
    }
    for row in steps:
        print(f"{row['step']:22}{row['units']:6} units{row['worker_seconds']:9.2f} s of workers{row['seconds']:9.2f} s")
    print(json.dumps({name: value for name, value in figures.items() if name != "steps"}, indent=1))
    if options.json:
        Path(options.json).write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    shutil.rmtree(output)


if __name__ == "__main__":
    main()
