"""Units as Ray tasks, one per shard, on this machine or on the cluster that RAY_ADDRESS names."""

import logging
import os
from collections.abc import Iterable, Iterator
from typing import Any

import ray

from pipelines.unit import Commit, Failure, Unit, execute

IN_FLIGHT_PER_WORKER = 2
"""Tasks submitted ahead of each worker: enough to keep it busy, few enough to bound the driver."""

MEMORY_PER_TASK = 1 << 30
"""Bytes that are set aside for each task, or the worker's share of the cluster's memory where that is less."""


class RayEngine:
    """Only paths and small statistics pass the object store; a task that dies is retried, then quarantined."""

    def __init__(self, workers: int | None = None) -> None:
        self._owns_cluster = not ray.is_initialized()
        if self._owns_cluster:
            address = os.environ.get("RAY_ADDRESS")
            options: dict[str, Any] = {"address": address} if address else {"num_cpus": workers or os.cpu_count() or 1}
            ray.init(
                log_to_driver=False,
                logging_level=logging.ERROR,
                include_dashboard=None if address else False,
                **options,
            )
        resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        available = int(resources.get("CPU", 1))
        self.workers = min(workers or available, available)
        memory = min(MEMORY_PER_TASK, int(resources.get("memory", MEMORY_PER_TASK) / max(available, 1)))
        self._execute = ray.remote(num_cpus=1, memory=memory, max_retries=3)(execute)

    def run(
        self, uri: str, published: frozenset[str], units: Iterable[Unit]
    ) -> Iterator[tuple[Unit, Commit | Failure]]:
        """Execute the units, the largest first, and yield them as they end."""
        waiting = sorted(units, key=lambda unit: (unit.weight, unit.key))
        shared = ray.put(published)
        running: dict[Any, Unit] = {}
        while waiting or running:
            while waiting and len(running) < self.workers * IN_FLIGHT_PER_WORKER:
                unit = waiting.pop()
                running[self._execute.remote(uri, shared, unit)] = unit
            (ready,), _ = ray.wait(list(running), num_returns=1)
            unit = running.pop(ready)
            yield unit, self._result(ready, unit)

    def _result(self, reference: Any, unit: Unit) -> Commit | Failure:
        try:
            result: Commit | Failure = ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except ray.exceptions.RayError as error:
            first_line = str(error).strip().split("\n", 1)[0]
            return Failure(unit.step, unit.key, unit.label, f"worker lost: {first_line}", str(error))
        return result

    def close(self) -> None:
        """Stop the cluster that this engine started; leave one that was there."""
        if self._owns_cluster:
            ray.shutdown()
