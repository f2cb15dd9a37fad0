"""Time one whole run, Ray start, reading, clustering, writing and report included.

    python infra/benchmarks/whole_run.py --pipeline web --input 'big/*.jsonl.gz' --workers 2 [--json OUT]

Prints for each step what its units and the driver took, then seconds, MB of text per second and per core, and the
largest resident memory of any worker.
"""

import argparse
import json
import resource
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from subprocess import Popen
from time import monotonic, sleep

from pipelines.rundir import RunDir
from pipelines.unit import Commit, commit_path


def peak_worker_memory(stop: threading.Event, found: dict[str, int]) -> None:
    """Sample the resident memory of every Ray worker until stopped."""
    page = resource.getpagesize()
    while not stop.is_set():
        for folder in Path("/proc").iterdir():
            try:
                command = (folder / "cmdline").read_bytes()
                if command.startswith(b"ray::"):
                    resident = int((folder / "statm").read_text().split()[1]) * page
                    found["bytes"] = max(found.get("bytes", 0), resident)
            except (OSError, ValueError, IndexError):
                continue
        sleep(0.2)


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
    found: dict[str, int] = {}
    stop = threading.Event()
    watcher = threading.Thread(target=peak_worker_memory, args=(stop, found))
    watcher.start()
    inputs = [argument for item in options.input for argument in ("--input", item)]
    command = [sys.executable, "-m", "pipelines", "run", options.pipeline, *inputs, "--output", output]
    started = monotonic()
    status = Popen([*command, "--workers", str(options.workers)]).wait()
    seconds = monotonic() - started
    stop.set()
    watcher.join()
    if status:
        sys.exit(status)
    run = RunDir(output)
    ledger = run.ledger.to_pylist()
    text = sum(row["bytes"] or 0 for row in ledger if (row["step"], row["flow"]) == ("annotate", "in"))
    steps = step_table(run, seconds)
    figures = {
        "pipeline": options.pipeline,
        "workers": options.workers,
        "text_mb": round(text / 1e6, 1),
        "seconds": round(seconds, 1),
        "mb_per_second": round(text / 1e6 / seconds, 2),
        "mb_per_second_and_worker": round(text / 1e6 / seconds / options.workers, 2),
        "peak_worker_mib": round(found.get("bytes", 0) / (1 << 20)),
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
