"""What a worker of Ray needs for its first unit, imported before it is given one."""

import pyarrow as pa

import pipelines.steps.annotate
import pipelines.steps.ingest  # noqa: F401

pa.array([0])  # pyarrow imports pandas when it first sees a list
