"""What a worker has loaded before its first unit, and what it keeps from one unit to the next."""

import os
import subprocess
import sys

import pytest

LOADED = """
import sys
import pipelines.engine.worker
print("scipy.linalg" in sys.modules, "numba.np.arraymath" in sys.modules)
import scipy.linalg
import numpy as np
from stages.text.ordered import ordered
import pyarrow as pa
column = pa.array(["a", "b"], pa.large_string())
print(ordered([column], np.array([1, 0])).to_pylist())
"""

KEPT = """
import resource
import pipelines
import pyarrow as pa

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    buffer = pa.allocate_buffer(48 << 20)
    memoryview(buffer).cast("B")[::4096] = bytes(len(range(0, 48 << 20, 4096)))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(pa.default_memory_pool().backend_name, *(faults() for _ in range(3)))
"""


def said(script: str, **environment: str) -> list[list[str]]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ARROW_", "JE_ARROW_"))}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=own | environment, capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def test_a_worker_can_run_kernels_before_its_first_unit_and_has_not_loaded_scipy() -> None:
    assert said(LOADED) == [["False", "True"], ["['b',", "'a']"]]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Arrow's own choice stands")
def test_memory_that_is_freed_is_kept_for_the_next_unit() -> None:
    [[pool, first, *later]] = said(KEPT)
    assert pool == "jemalloc"
    assert int(first) > 100
    assert all(int(faults) < 100 for faults in later)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Arrow's own choice stands")
def test_a_pool_that_the_user_names_is_used() -> None:
    [[pool, *_]] = said(KEPT, ARROW_DEFAULT_MEMORY_POOL="system")
    assert pool == "system"
