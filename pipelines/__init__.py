"""How stages are run: plan, engine, storage, ledger, report and command line."""

import os

# Milliseconds after which Arrow gives free memory back to the system, which hands it out again page by page, all zeros.
# With 10, the default, half of the time in which a piece is read goes to that, though the next unit needs as much as
# this one; between steps `pipelines.unit.execute` gives it back. Read when pyarrow is first imported, here and in the
# workers that are started from here.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "3600000")

# The same for the memory of everything else, where the C library is glibc: blocks of some megabytes are cut from one
# heap, whose end is given back above a quarter of a gigabyte only. Read when a process starts, so by workers alone.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(32 << 20))
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(256 << 20))
