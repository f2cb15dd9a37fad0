"""Two machine operations that numba has no words for."""

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_operation: Callable[[Any], Any] = intrinsic
_tools: Any = cgutils

LANES: Final = 16
"""Columns of a matrix are filled up to a multiple of these: one AVX-512 register of float32, two of AVX2."""


@_operation
def count_ones(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a uint64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


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
