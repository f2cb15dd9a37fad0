"""Machine operations that numba has no words for."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from stages.identify.compiled import inlined

_operation: Callable[[Any], Any] = intrinsic
_tools: Any = cgutils

_BYTES: Final = ir.IntType(8).as_pointer()

LANES: Final = 16
"""Columns of a matrix are filled up to a multiple of these: one AVX-512 register of float32, two of AVX2."""


@_operation
def add_lanes(typing_context: Any, target: Any, row: Any, source: Any, rows: Any, count: Any, column: Any) -> Any:
    """Add LANES columns, from `column` on, of `count` rows of a float32 matrix to a row of the target.

    Nothing is checked: the caller vouches for the `rows` (int64), and for matrices of equal width. A loop in numba
    would be one addition at a time, because the compiler cannot know that the matrices do not overlap.
    """
    lanes = ir.VectorType(ir.FloatType(), LANES)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def column_of(kind: int, number: Any) -> Any:
            array = context.make_array(signature.args[kind])(context, builder, arguments[kind])
            width = _tools.unpack_tuple(builder, array.shape, 2)[1]
            offset = builder.add(builder.mul(number, width), arguments[5])
            pointer = builder.gep(array.data, [offset], source_etype=ir.FloatType())
            return builder.bitcast(pointer, lanes.as_pointer())

        wanted = context.make_array(signature.args[3])(context, builder, arguments[3])
        place = column_of(0, arguments[1])
        total = _tools.alloca_once_value(builder, builder.load(place, align=4, typ=lanes))
        with _tools.for_range(builder, arguments[4]) as loop:
            number = builder.load(builder.gep(wanted.data, [loop.index], source_etype=ir.IntType(64)))
            addend = builder.load(column_of(2, number), align=4, typ=lanes)
            builder.store(builder.fadd(builder.load(total), addend), total)
        builder.store(builder.load(total), place, align=4)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, rows, types.int64, types.int64), generate


LINE_BYTES: Final = 64
"""Of the caches of most processors."""


def zeros(shape: tuple[int, ...], kind: type[np.generic]) -> np.ndarray:
    """An array of zeros that begins where a cache line does, so that rows of LANES do not lie in two each."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    room = np.zeros(size + LINE_BYTES, np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    return room[start : start + size].view(kind).reshape(shape)


@inlined
def separates(byte: Any) -> Any:
    """Whether fastText ends a word here; a line feed, which ends its line, counts as a space."""
    return byte <= 32 and (byte == 32 or (9 <= byte <= 13) or byte == 0)


@_operation
def fetch(typing_context: Any, array: Any, place: Any) -> Any:
    """Ask for the cache line of an item of an array, counted through its rows; it may lie outside."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        item = context.get_data_type(signature.args[0].dtype)
        address = builder.bitcast(builder.gep(data, [arguments[1]], source_etype=item), _BYTES)
        wanted = ir.FunctionType(ir.VoidType(), [_BYTES, *[ir.IntType(32)] * 3])
        function = _tools.get_or_insert_function(builder.module, wanted, "llvm.prefetch.p0")
        builder.call(function, [address, *(ir.Constant(ir.IntType(32), number) for number in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(array, types.uint64), generate
