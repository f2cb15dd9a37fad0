"""Units one after another in this process: for tests, debugging and small inputs."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from pipelines.engine import T
from pipelines.unit import Commit, Failure, Unit, execute


class InlineEngine:
    """Runs the same plan as Ray does, without Ray."""

    workers = 1

    def run(
        self, uri: str, published: frozenset[str], units: Iterable[Unit]
    ) -> Iterator[tuple[Unit, Commit | Failure]]:
        """Execute the units in order."""
        for unit in units:
            yield unit, execute(uri, published, unit)

    def begin(self, function: Callable[..., T], *arguments: object) -> Callable[[], T]:
        """The call, made when its result is asked for."""
        return partial(function, *arguments)

    def close(self) -> None:
        """Nothing is held."""
