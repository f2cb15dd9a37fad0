"""How everything is timed: one core, one thread, warm before the clock starts, the median of several runs.

Needs nothing but the standard library, as it also runs in the environment of the tools we are compared with.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

ONE_THREAD: Final[Mapping[str, str]] = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "TOKENIZERS_NUM_THREADS",
        "POLARS_MAX_THREADS",
    ),
    "1",
)
"""Environment of every process that is measured."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Medians over the runs of one tool at one work; `seconds` are processor time, which other programs do not stretch.

    `peak_bytes` is the largest resident memory of the process, the documents and models included.
    """

    work: str
    tool: str
    documents: int
    text_bytes: int
    runs: int
    seconds: float
    wall_seconds: float
    peak_bytes: int
    note: str = ""

    @property
    def megabytes_per_second(self) -> float:
        return self.text_bytes / 1e6 / max(self.seconds, 1e-9)

    @property
    def documents_per_second(self) -> float:
        return self.documents / max(self.seconds, 1e-9)

    def figures(self) -> dict[str, Any]:
        """Everything measured and what follows from it."""
        return asdict(self) | {
            "mb_per_second": round(self.megabytes_per_second, 4),
            "wall_mb_per_second": round(self.text_bytes / 1e6 / max(self.wall_seconds, 1e-9), 4),
            "documents_per_second": round(self.documents_per_second, 2),
        }

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        return cls(**json.loads(path.read_text("utf-8")))


def pin(core: int) -> None:
    """Keep this process on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def timed(
    work: str,
    tool: str,
    run: Callable[[], object],
    *,
    warm_up: Callable[[], object],
    runs: int,
    documents: int,
    text_bytes: int,
    note: str = "",
    hold: bool = False,
) -> Timing:
    """Warm up, then run; with `hold` say so and wait for a line of input in between, so that workers start together."""
    warm_up()
    if hold:
        print("ready", flush=True)
        sys.stdin.readline()
    processor, wall = [], []
    for _ in range(runs):
        started, clock = time.process_time(), time.monotonic()
        run()
        processor.append(time.process_time() - started)
        wall.append(time.monotonic() - clock)
    return Timing(
        work=work,
        tool=tool,
        documents=documents,
        text_bytes=text_bytes,
        runs=runs,
        seconds=statistics.median(processor),
        wall_seconds=statistics.median(wall),
        peak_bytes=peak_bytes(),
        note=note,
    )


def peak_bytes() -> int:
    """Largest resident memory of this process so far.

    Not `getrusage`, which starts at the size of the program that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
