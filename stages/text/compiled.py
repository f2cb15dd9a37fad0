"""How kernels are compiled: once per machine, without Python's lock, without Python objects.

numba looks for its compiled code beside the source file and does not notice when a kernel or constant of another file
that was compiled into it has changed. So the code lies in a folder of its own, named after the digest of all sources
that declare kernels: in `NUMBA_CACHE_DIR` if that is set, else in the user's cache folder, else in the temporary
folder, so that an installation that cannot be written to works too.
"""

import hashlib
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numba
from llvmlite import ir
from numba.core import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic

_SOURCES: Final = Path(__file__).parent.parent
_COMPILED: Final = re.compile(rb"^(?:@(?:kernel|inlined)$|(?:from|import) (?:numba|llvmlite)\b)", re.MULTILINE)
_CHECKED: Final = os.environ.get("NUMBA_BOUNDSCHECK") == "1"
"""Tests may run with every index checked: a mistake is then an IndexError and not a wild read."""


def _folders() -> Iterator[Path]:
    """Where compiled code may lie, the best place first."""
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(given)
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    yield Path(cache) / "babelmill" / "kernels"
    yield Path(tempfile.gettempdir()) / f"babelmill-kernels-{os.getuid()}"


def _digest() -> str:
    """Of every source file that declares kernels or what they are made of, and of this package, with its constants."""
    sources = [(path, path.read_bytes()) for path in sorted(_SOURCES.rglob("*.py"))]
    kept = [source for path, source in sources if path.parent == Path(__file__).parent or _COMPILED.search(source)]
    return hashlib.sha256(b"\0".join([numba.__version__.encode(), b"checked" * _CHECKED, *kept])).hexdigest()[:16]


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return folder.stat().st_uid == os.getuid()  # code of another user in a shared temporary folder is not loaded


def cache_folder() -> Path | None:
    """The first folder for compiled code that can be written to; None where there is none."""
    digest = _digest()
    return next((folder / digest for folder in _folders() if _writable(folder / digest)), None)


def _chosen() -> Path | None:
    folder = cache_folder()
    if folder is None:
        tried = ", ".join(map(str, _folders()))
        warnings.warn(
            f"compiled kernels cannot be kept in any of {tried}: every process compiles them anew, which takes half a "
            "minute or more; set NUMBA_CACHE_DIR to a folder that can be written to",
            RuntimeWarning,
            stacklevel=2,
        )
    return folder


KERNEL_FOLDER: Final = _chosen()
"""Where compiled code and what it reads is kept; None where nothing can be."""
if KERNEL_FOLDER is not None:
    numba.config.CACHE_DIR = str(KERNEL_FOLDER)  # type: ignore[attr-defined]


def compiled_before() -> bool:
    """Whether a process has kept compiled kernels on this machine."""
    return KERNEL_FOLDER is not None and any(KERNEL_FOLDER.rglob("*.nbi"))


kernel: Callable[[Any], Any] = numba.njit(
    nogil=True, cache=KERNEL_FOLDER is not None, boundscheck=_CHECKED, error_model="numpy"
)
"""A function over arrays, compiled when first called with arguments of some type and cached on disk."""

inlined: Callable[[Any], Any] = numba.njit(
    nogil=True, cache=KERNEL_FOLDER is not None, boundscheck=_CHECKED, error_model="numpy", forceinline=True
)
"""A small function that only kernels call; LLVM puts its code where it is called."""


def prepare() -> None:
    """Load what numba loads before the first kernel runs, but for SciPy.

    numba imports it, which takes as long as all the rest, to learn whether the inner product within `np.convolve` may
    be that of BLAS; no kernel has one.
    """
    name = "scipy.linalg"
    if hidden := name not in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        cpu_target.typing_context.refresh()
        cpu_target.target_context.refresh()
    finally:
        if hidden:
            del sys.modules[name]


def _borrowed(typing: Any, value: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _without_owner(context, builder, signature.args[0], arguments[0])

    return value(value), codegen


borrowed: Any = intrinsic(_borrowed)
"""The same arrays without their owners, also within tuples; the first line of every kernel.

numba counts references to an array's owner wherever one is passed on, with atomic operations that cost ten times
what the kernels do. The caller owns the arrays; a kernel makes none itself.
"""


def _item(typing: Any, array: Any, place: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind: Any = signature.args[0]
        members = context.make_array(kind)(context, builder, arguments[0])
        start = builder.gep(members.data, [arguments[1]], source_etype=context.get_data_type(kind.dtype))
        return context.unpack_value(builder, kind.dtype, start)

    return array.dtype(array, types.int64), codegen


def _checked_item(array: Any, place: Any) -> Any:
    return array[place]


item: Any = inlined(_checked_item) if _CHECKED else intrinsic(_item)
"""The item of a contiguous array at a place that is not negative.

`array[place]` first looks whether the place counts from the end, which costs as much as the rest and keeps the
compiler from looking at many items at once. Checked like any other access where tests check indices.
"""


def _put(typing: Any, array: Any, place: Any, value: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind: Any = signature.args[0]
        members = context.make_array(kind)(context, builder, arguments[0])
        start = builder.gep(members.data, [arguments[1]], source_etype=context.get_data_type(kind.dtype))
        context.pack_value(builder, kind.dtype, arguments[2], start)
        return context.get_dummy_value()

    return types.void(array, types.int64, array.dtype), codegen


def _checked_put(array: Any, place: Any, value: Any) -> None:
    array[place] = value


put: Any = inlined(_checked_put) if _CHECKED else intrinsic(_put)
"""Write an item as `item` reads it."""


def _load8(typing: Any, data: Any, place: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        start = builder.gep(array.data, [arguments[1]], source_etype=ir.IntType(8))
        word = ir.IntType(64)
        return builder.load(builder.bitcast(start, word.as_pointer()), align=1, typ=word)

    return types.uint64(data, types.int64), codegen


load8: Any = intrinsic(_load8)
"""Eight bytes of a uint8 array, the first the lowest. Nothing is checked: the caller vouches for them."""


def _low_zeros(typing: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), codegen


low_zeros: Any = intrinsic(_low_zeros)
"""How many of the lowest bits of a uint64 are 0; 64 for 0."""


def _rotated(typing: Any, word: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.IntType(64)
        rotate = builder.module.declare_intrinsic("llvm.fshl", (kind,), ir.FunctionType(kind, [kind] * 3))
        return builder.call(rotate, [arguments[0], arguments[0], kind(29)])

    return types.uint64(types.uint64), codegen


rotated: Any = intrinsic(_rotated)
"""A uint64 whose bits are moved up by 29, the highest to the bottom.

Of two shifts of a product the compiler would make a second multiplication.
"""


def _unforeseen(typing: Any, number: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        return builder.asm(ir.FunctionType(word, [word]), "", "=r,0", [arguments[0]], side_effect=False)

    return types.uint64(types.uint64), codegen


unforeseen: Any = intrinsic(_unforeseen)
"""The same uint64, of which the compiler knows nothing.

LLVM makes two branches of one whose condition holds for either of two reasons. Where each is anyone's guess but one of
both nearly always holds, the processor foresees one branch and loses its way at two.
"""


def _without_owner(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value=value)
        array.meminfo = array.meminfo.type(None)  # a null pointer
        array.parent = array.parent.type(None)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        members: Any = kind
        parts = [
            _without_owner(context, builder, member, builder.extract_value(value, place))
            for place, member in enumerate(members)
        ]
        return context.make_tuple(builder, kind, parts)
    return value
