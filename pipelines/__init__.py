"""How stages are run: plan, engine, storage, ledger, report and command line."""

import os
import sys

# Arrow's memory is jemalloc's, which keeps what is freed for the next unit: that needs as much as this one. Given back
# to the system it would be handed out again page by page, all zeros, which takes a sixth of a worker's time. Read when
# pyarrow is first imported, here and in the workers that are started from here.
if sys.platform == "linux":  # whose wheels hold it
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1")

# The same for the memory of everything else, where the C library is glibc: blocks of some megabytes are cut from one
# heap, whose end is given back above a quarter of a gigabyte only. Read when a process starts, so by workers alone.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(32 << 20))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(256 << 20))
