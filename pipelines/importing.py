"""Imports without looking for garbage: they leave hardly any, and what they make stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """No collection happens within, and later ones leave out what is there by then: a fifth of the time of imports."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
