"""Imports without looking for garbage, of which they leave hardly any."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """No collection happens within, and no later one looks at what is there by then: for processes of our own only.

    A fifth of the time of imports is otherwise spent on it, and a hundredth of that of a worker. The objects outlive
    the interpreter, of which some libraries complain where it ends orderly.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
