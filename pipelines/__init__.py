"""How stages are run: plan, engine, storage, ledger, report and command line."""

import os

# Arrow's allocator reads it when pyarrow is first imported, here and in the workers that start with this environment.
# By default it gives memory back to the system after 10 ms, which hands it out again page by page, all zeros: that was
# half of what reading a piece costs. The next shard needs as much as the last one.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "-1")
