"""Units as Ray tasks, one per shard, on this machine or on the cluster that RAY_ADDRESS names."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, Final

import ray
from ray import _raylet
from ray._private import services, utils
from ray._private.node import Node

from pipelines.engine import T
from pipelines.unit import Commit, Failure, Unit, execute

IN_FLIGHT_PER_WORKER = 2
"""Tasks submitted ahead of each worker: enough to keep it busy, few enough to bound the driver."""

MEMORY_PER_TASK = 1 << 30
"""Bytes that are set aside for each task, or the worker's share of the cluster's memory where that is less."""


NOT_NEEDED = ("start_monitor", "start_log_monitor", "start_api_server")
"""What starts the autoscaler, the follower of logs and the server of the dashboard, which `ray.init` cannot leave out.

For a cluster that lives as long as one run on one machine they do nothing, take 3 s of processor time and make it start
and stop some seconds later.
"""

PLACEHOLDER, NO_PORT = "cat", -1
"""What a node of such a cluster starts as its agents, for metrics and for environments of tasks, and where they listen.

A node starts no worker before its agents have said where they listen, ends when one of them does, and has no setting
to leave them out; Ray's own take 3 s of processor time, and every run waits for them. This one ends when the node's end
of its pipe is closed.
"""
WITHOUT_AGENTS: Final = ray.__version__.startswith("2.60.")
"""Whether nodes of this release of Ray are known to be content with that; those of others get their agents."""
AGENT_PORTS = ("METRICS_AGENT", "METRICS_EXPORT", "DASHBOARD_AGENT_LISTEN", "RUNTIME_ENV_AGENT")

SETTINGS = {
    # As long in all, but a socket that is not there at once is not waited for a whole second, as Ray's own always is.
    "raylet_client_connect_timeout_milliseconds": 20,
    "raylet_client_num_connect_attempts": 500,
    "preload_python_modules": ["pipelines.engine.worker"],  # by each worker, while the driver connects
    **({"enable_pipe_based_agent_to_parent_health_check": True} if WITHOUT_AGENTS else {}),  # gives agents that pipe
}
"""Of a cluster that lives as long as one run."""


class RayEngine:
    """Only paths and small statistics pass the object store; a task that dies is retried, then quarantined."""

    def __init__(self, workers: int | None = None) -> None:
        self._owns_cluster = not ray.is_initialized()
        if self._owns_cluster:
            address = os.environ.get("RAY_ADDRESS")
            own = {"num_cpus": workers or os.cpu_count() or 1, "_system_config": SETTINGS}
            options: dict[str, Any] = {"address": address} if address else own
            with nullcontext() if address else _few_processes():
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

    def begin(self, function: Callable[..., T], *arguments: object) -> Callable[[], T]:
        """Start a call on a worker; where that is lost, it is made here."""
        reference = ray.remote(num_cpus=1, max_retries=0)(function).remote(*arguments)

        def result() -> T:
            try:
                return ray.get(reference)  # type: ignore[no-any-return]
            except ray.exceptions.RayError:
                return function(*arguments)

        return result

    def close(self) -> None:
        """Stop the cluster that this engine started; leave one that was there."""
        if self._owns_cluster:
            ray.shutdown()


def _without_agents(start: Callable[..., Any], command: Sequence[str], *arguments: Any, **options: Any) -> Any:
    """Start one of Ray's processes; a node with placeholders for its agents."""
    given = dict(word[2:].partition("=")[::2] for word in command if word.startswith("--"))
    agents = tuple(f"--{name}=" for name in given if name.endswith("_agent_command"))
    if agents:
        for name in AGENT_PORTS:
            port = getattr(_raylet, f"{name}_PORT_NAME")
            _raylet.persist_port(given["session_dir"], given["node_id"], port, NO_PORT)  # type: ignore[attr-defined]
        command = [word.partition("=")[0] + f"={PLACEHOLDER}" if word.startswith(agents) else word for word in command]
    return start(command, *arguments, **options)


@contextmanager
def _few_processes() -> Iterator[None]:
    """Ray starts without `NOT_NEEDED` here, and as if the libraries of its dashboard were not installed.

    A node that is content with that has no agents either.
    """
    left_out: dict[tuple[Any, str], Callable[..., Any]] = {(Node, name): lambda *_, **__: None for name in NOT_NEEDED}
    left_out[utils, "get_dashboard_dependency_error"] = lambda: ImportError("of no use here")
    if WITHOUT_AGENTS:
        left_out[services, "start_ray_process"] = partial(_without_agents, services.start_ray_process)
    present = {(place, name): getattr(place, name) for place, name in left_out if hasattr(place, name)}
    try:
        for place, name in present:
            setattr(place, name, left_out[place, name])
        yield
    finally:
        for (place, name), original in present.items():
            setattr(place, name, original)
