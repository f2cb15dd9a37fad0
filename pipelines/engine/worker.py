"""What a worker of Ray needs for its first unit, imported before it is given one."""

import pyarrow as pa

import pipelines.plan  # noqa: F401  every step

pa.array([0])  # pyarrow imports pandas when it first sees a list
