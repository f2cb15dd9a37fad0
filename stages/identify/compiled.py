"""How the kernels of this folder are compiled."""

from collections.abc import Callable
from typing import Any, Final

import numba

from stages.text.compiled import cache_folder

_OPTIONS: Final[dict[str, Any]] = {
    "nogil": True,
    "cache": cache_folder() is not None,  # in a folder that is named after all kernels' sources
    "error_model": "numpy",
    "boundscheck": False,
    # Without counting references to arrays, which takes half of the time of short functions. Such functions cannot
    # make arrays: they are given all that they write to.
    "_nrt": False,
}

kernel: Callable[[Any], Any] = numba.njit(**_OPTIONS)
"""Compiles a function that makes no arrays; the GIL is released while it runs."""

inlined: Callable[[Any], Any] = numba.njit(**_OPTIONS, forceinline=True)
"""The same for a function whose code is put where it is called: a model's tables are many arguments to pass."""
