"""When an engine is opened: beside what else a run prepares where it will surely be needed, else when it is needed."""

import signal
import sys
from concurrent.futures import Future
from contextlib import suppress
from threading import Event, Lock, Thread, current_thread, main_thread
from types import TracebackType

from pipelines.engine import Engine, open_engine
from pipelines.storage import open_storage
from stages.errors import StorageError

_ONE_AT_A_TIME = Lock()
"""Held while an engine is opened, and closed where nobody waits for that: Ray knows one for the whole process."""


class Opening:
    """An engine that a thread opens once, and closes when it is left.

    The thread lives as long as what it has opened: the kernel ends Ray's processes with the thread that started them.
    """

    def __init__(self, name: str, workers: int | None = None) -> None:
        self._name, self._workers = name, workers
        self._thread: Thread | None = None
        self._ended = Event()
        self._engine: Future[Engine] = Future()

    def begin(self) -> None:
        """Open it beside what the caller does."""
        if self._thread is None:
            if self._name == "ray" and current_thread() is main_thread():
                signal.signal(signal.SIGTERM, _leave)  # as `ray.init` does where the main thread calls it
            self._thread = Thread(target=self._hold)
            self._thread.start()

    def begin_for(self, output: str) -> None:
        """Open it now if no run has ended in this directory: there is something to do."""
        with suppress(StorageError):  # whoever reads or writes there will say so
            if not open_storage(output).exists("run.json"):
                self.begin()

    def __call__(self) -> Engine:
        """The engine, once it is open."""
        self.begin()
        return self._engine.result()

    def end(self) -> None:
        """Let it be closed, beside what the caller still does."""
        self._ended.set()

    def __enter__(self) -> "Opening":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; one that is not open yet is closed as soon as it is, and nobody waits for that."""
        self.end()
        if self._thread is not None and self._engine.done():
            self._thread.join()

    def _hold(self) -> None:
        with _ONE_AT_A_TIME:
            try:
                engine = open_engine(self._name, self._workers)
            except BaseException as error:
                self._engine.set_exception(error)
                return
            self._engine.set_result(engine)
            if self._ended.is_set():
                engine.close()
                return
        self._ended.wait()
        engine.close()


def _leave(number: int, _: object) -> None:
    sys.exit(number)
