"""How far a run is: one bar per step on a terminal, plain lines elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from time import monotonic
from typing import Protocol

from rich import progress as bars
from rich.console import Console

from pipelines.unit import Commit, Failure, Unit

LINE_EVERY_S = 10.0


class Bar(Protocol):
    def advance(self, unit: Unit, result: Commit | Failure) -> None: ...


class Progress(Protocol):
    def step(self, name: str, pending: Sequence[Unit], total: int) -> AbstractContextManager[Bar]: ...


class _Count:
    """Documents and bytes done, shared by both ways to show them."""

    def __init__(self, name: str, pending: Sequence[Unit], console: Console) -> None:
        self.name, self.console = name, console
        self.total = sum(unit.weight for unit in pending)
        self.units, self.done, self.documents, self.bytes, self.weight = len(pending), 0, 0, 0, 0
        self.started = monotonic()

    def take(self, unit: Unit, result: Commit | Failure) -> None:
        self.done += 1
        self.weight += unit.weight
        if isinstance(result, Failure):
            line = f"quarantined {self.name} {unit.label}: {result.error}"
            self.console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
            return
        entered = [count for count in result.counts if count.flow == "in"]
        self.documents += sum(count.documents or 0 for count in entered)
        self.bytes += sum(count.bytes or 0 for count in entered)

    def text(self) -> str:
        seconds = max(monotonic() - self.started, 1e-6)
        left = (self.total - self.weight) * seconds / max(self.weight, 1)
        speed = f"{self.bytes / 1e6 / seconds:.1f} MB/s"
        ending = f"{left:.0f} s left" if self.done < self.units else f"in {seconds:.1f} s"
        return f"{self.done}/{self.units} units, {self.documents:,} documents, {speed}, {ending}"


class _Terminal:
    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = bars.Progress(
            bars.TextColumn("{task.description:<18}"),
            bars.BarColumn(),
            bars.TextColumn("{task.fields[said]}"),
            console=console,
        )

    @contextmanager
    def step(self, name: str, pending: Sequence[Unit], total: int) -> Iterator[Bar]:
        count = _Count(name, pending, self.console)
        task = self.live.add_task(name, total=max(count.total, 1), said=count.text())
        live = self.live

        class Live:
            def advance(self, unit: Unit, result: Commit | Failure) -> None:
                count.take(unit, result)
                live.update(task, completed=count.weight, said=count.text())

        yield Live()
        live.update(task, completed=max(count.total, 1), said=count.text())


class _Lines:
    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def step(self, name: str, pending: Sequence[Unit], total: int) -> Iterator[Bar]:
        console = self.console
        count = _Count(name, pending, console)
        last = [monotonic()]

        class Plain:
            def advance(self, unit: Unit, result: Commit | Failure) -> None:
                count.take(unit, result)
                if count.done < count.units and monotonic() - last[0] >= LINE_EVERY_S:
                    last[0] = monotonic()
                    console.print(f"{name}: {count.text()}", highlight=False, markup=False, soft_wrap=True)

        yield Plain()
        console.print(f"{name}: {count.text()}", highlight=False, markup=False, soft_wrap=True)


@contextmanager
def open_progress(quiet: bool) -> Iterator[Progress]:
    """Progress on standard error, so that standard output holds results only."""
    console = Console(stderr=True, quiet=quiet)
    if console.is_terminal and not quiet:
        shown = _Terminal(console)
        with shown.live:
            yield shown
    else:
        yield _Lines(console)
