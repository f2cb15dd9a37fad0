"""What a worker of Ray needs for its first unit, imported before it is given one."""

import gc
from importlib import import_module

import pyarrow as pa

from pipelines.importing import importing
from stages.text.compiled import prepare

with importing():
    for _step in ("ingest", "annotate"):
        import_module(f"pipelines.steps.{_step}")
    prepare()
    pa.array([0])  # pyarrow imports pandas when it first sees a list
gc.freeze()  # no later collection looks at what is there by now, which takes a hundredth of a worker's time
