"""Where units run: in this process or on Ray."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from pipelines.unit import Commit, Failure, Unit

T = TypeVar("T")


class Engine(Protocol):
    """Runs units in any order and on any number of workers; the outputs are the same."""

    workers: int

    def run(
        self, uri: str, published: frozenset[str], units: Iterable[Unit]
    ) -> Iterator[tuple[Unit, Commit | Failure]]:
        """Execute the units below the run directory `uri`; `published` are outputs in their public place."""

    def begin(self, function: Callable[..., T], *arguments: object) -> Callable[[], T]:
        """Start a call beside the driver, where there are workers; what is returned waits for its result."""

    def close(self) -> None: ...


def open_engine(name: str, workers: int | None = None) -> Engine:
    """`inline` or `ray`."""
    if name == "inline":
        from pipelines.engine.inline import InlineEngine

        return InlineEngine()
    from pipelines.engine.ray import RayEngine

    return RayEngine(workers)
