"""Machine operations that numba has no words for."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from stages.text.windows import WINDOW, every_lane

_operation: Callable[[Any], Any] = intrinsic
_tools: Any = cgutils

FNV_BASIS: Final = 2166136261
FNV_PRIME: Final = 16777619

_BYTES: Final = ir.IntType(8).as_pointer()

LANES: Final = 16
"""Columns of a matrix are filled up to a multiple of these: one AVX-512 register of float32, two of AVX2."""


@_operation
def add_lanes(
    typing_context: Any, target: Any, row: Any, source: Any, rows: Any, first: Any, count: Any, column: Any
) -> Any:
    """Add LANES columns, from `column` on, of the rows[first:first + count] of a float32 matrix to a row of the target.

    Nothing is checked: the caller vouches for the `rows` (int64), and for matrices of equal width. A loop in numba
    would be one addition at a time, because the compiler cannot know that the matrices do not overlap.
    """
    lanes = ir.VectorType(ir.FloatType(), LANES)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def column_of(kind: int, number: Any) -> Any:
            array = context.make_array(signature.args[kind])(context, builder, arguments[kind])
            width = _tools.unpack_tuple(builder, array.shape, 2)[1]
            offset = builder.add(builder.mul(number, width), arguments[6])
            pointer = builder.gep(array.data, [offset], source_etype=ir.FloatType())
            return builder.bitcast(pointer, lanes.as_pointer())

        wanted = context.make_array(signature.args[3])(context, builder, arguments[3])
        place = column_of(0, arguments[1])
        total = _tools.alloca_once_value(builder, builder.load(place, align=4, typ=lanes))
        with _tools.for_range(builder, arguments[5]) as loop:
            listed = builder.add(arguments[4], loop.index)
            number = builder.load(builder.gep(wanted.data, [listed], source_etype=ir.IntType(64)))
            addend = builder.load(column_of(2, number), align=4, typ=lanes)
            builder.store(builder.fadd(builder.load(total), addend), total)
        builder.store(builder.load(total), place, align=4)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, rows, types.int64, types.int64, types.int64), generate


@_operation
def clear_lanes(typing_context: Any, matrix: Any, row: Any, column: Any) -> Any:
    """Write zeros on LANES columns, from `column` on, of a row of a float32 matrix; nothing is checked."""
    lanes = ir.VectorType(ir.FloatType(), LANES)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        width = _tools.unpack_tuple(builder, array.shape, 2)[1]
        offset = builder.add(builder.mul(arguments[1], width), arguments[2])
        place = builder.gep(array.data, [offset], source_etype=ir.FloatType())
        builder.store(ir.Constant(lanes, [0.0] * LANES), builder.bitcast(place, lanes.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(matrix, types.int64, types.int64), generate


@_operation
def copy_lanes(typing_context: Any, matrix: Any, row: Any, source: Any, column: Any) -> Any:
    """Write LANES columns, from `column` on, of a row of a float32 matrix to another one; nothing is checked."""
    lanes = ir.VectorType(ir.FloatType(), LANES)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        width = _tools.unpack_tuple(builder, array.shape, 2)[1]

        def column_of(number: Any) -> Any:
            offset = builder.add(builder.mul(number, width), arguments[3])
            return builder.bitcast(builder.gep(array.data, [offset], source_etype=ir.FloatType()), lanes.as_pointer())

        builder.store(builder.load(column_of(arguments[2]), align=4, typ=lanes), column_of(arguments[1]), align=4)
        return context.get_dummy_value()

    return types.void(matrix, types.int64, types.int64, types.int64), generate


@_operation
def multiply_lanes(typing_context: Any, matrix: Any, column: Any, vectors: Any, vector: Any, products: Any) -> Any:
    """Fill in LANES of the products, from `column` on, of one of the vectors with a float32 matrix.

    Each is summed up from the first row of the matrix to the last. Nothing is checked; a loop in numba would be one
    product at a time, as in `add_lanes`.
    """
    lanes = ir.VectorType(ir.FloatType(), LANES)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, right, found = (
            context.make_array(signature.args[at])(context, builder, arguments[at]) for at in (0, 2, 4)
        )
        rows, width = _tools.unpack_tuple(builder, left.shape, 2)
        length = _tools.unpack_tuple(builder, right.shape, 2)[1]

        def place(array: Any, offset: Any) -> Any:
            return builder.gep(array.data, [offset], source_etype=ir.FloatType())

        total = _tools.alloca_once_value(builder, ir.Constant(lanes, [0.0] * LANES))
        with _tools.for_range(builder, rows) as loop:
            offset = builder.add(builder.mul(loop.index, width), arguments[1])
            row = builder.load(builder.bitcast(place(left, offset), lanes.as_pointer()), align=4, typ=lanes)
            factor = builder.load(place(right, builder.add(builder.mul(arguments[3], length), loop.index)))
            product = builder.fmul(row, every_lane(builder, lanes, factor))
            builder.store(builder.fadd(builder.load(total), product), total)
        target = builder.bitcast(place(found, arguments[1]), lanes.as_pointer())
        builder.store(builder.load(total), target, align=4)
        return context.get_dummy_value()

    return types.void(matrix, types.int64, vectors, types.int64, products), generate


KEY: Final = 4
"""64-bit numbers of a remembered word; the highest byte of the last is not of the word."""


@_operation
def same_key(typing_context: Any, known: Any, place: Any, others: Any, other: Any) -> Any:
    """1 if KEY numbers (uint64) from a place on are the same word as those from another place on, else 0."""
    key, whole = ir.VectorType(ir.IntType(64), KEY), ir.IntType(64 * KEY)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        def load(array: int, place: int) -> Any:
            data = context.make_array(signature.args[array])(context, builder, arguments[array]).data
            start = builder.gep(data, [arguments[place]], source_etype=ir.IntType(64))
            return builder.load(builder.bitcast(start, key.as_pointer()), align=8, typ=key)

        of_word = ir.Constant(key, [*[2**64 - 1] * (KEY - 1), 2**56 - 1])
        changes = builder.and_(builder.xor(load(0, 1), load(2, 3)), of_word)
        same = builder.icmp_unsigned("==", builder.bitcast(changes, whole), ir.Constant(whole, 0))
        return builder.zext(same, ir.IntType(64))

    return types.uint64(known, types.uint64, others, types.uint64), generate


LINE_BYTES: Final = 64
"""Of the caches of most processors."""


def zeros(shape: tuple[int, ...], kind: type[np.generic]) -> np.ndarray:
    """An array of zeros that begins where a cache line does, so that rows of LANES do not lie in two each."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    room = np.zeros(size + LINE_BYTES, np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    return room[start : start + size].view(kind).reshape(shape)


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


BLOCK: Final = 8
"""Hashes that are made side by side: one register of AVX2."""

_HASHES: Final = ir.VectorType(ir.IntType(32), BLOCK)


def _each(builder: Any, number: Any) -> Any:
    """A 32-bit number, or the low half of a 64-bit one, in every place of a block."""
    if number.type != ir.IntType(32):
        number = builder.trunc(number, ir.IntType(32))
    first = builder.insert_element(ir.Constant(_HASHES, ir.Undefined), number, ir.IntType(32)(0))
    return builder.shuffle_vector(first, ir.Constant(_HASHES, ir.Undefined), ir.Constant(_HASHES, [0] * BLOCK))


def _all(number: int) -> Any:
    return ir.Constant(_HASHES, [number] * BLOCK)


def _remainders(builder: Any, hashes: Any, buckets: Any, magic: Any, shift: Any) -> Any:
    """Buckets of hashes, as `bucket_rows.bucket_of` finds them."""
    wide = ir.VectorType(ir.IntType(64), BLOCK)
    product = builder.mul(builder.zext(hashes, wide), builder.zext(_each(builder, magic), wide))
    upper = builder.trunc(builder.lshr(product, ir.Constant(wide, [32] * BLOCK)), _HASHES)
    quotients = builder.lshr(upper, _each(builder, builder.sub(shift, ir.IntType(64)(32))))
    every = _each(builder, buckets)
    found = builder.sub(hashes, builder.mul(quotients, every))
    return builder.select(builder.icmp_unsigned(">=", found, every), builder.sub(found, every), found)


@_operation
def hash_block(
    typing_context: Any, codes: Any, buckets: Any, place: Any, widest: Any,
    minn: Any, maxn: Any, divisor: Any, magic: Any, shift: Any,
) -> Any:  # fmt: skip
    """Fill in the buckets of the n-grams that begin with the BLOCK characters from `place` on.

    Nothing is checked: `codes` (uint32) are the bytes of a character, the first the lowest, of at most `widest` bytes,
    all but the first from 0x80 on; BLOCK + maxn - 1 of them are read. `buckets` (uint32) has as many places as `codes`
    for each length of n-grams; those of lengths below `minn` are left.
    """
    word, double = ir.IntType(32), ir.IntType(64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        listed = context.make_array(signature.args[0])(context, builder, arguments[0])
        table = context.make_array(signature.args[1])(context, builder, arguments[1])
        length = _tools.unpack_tuple(builder, listed.shape, 1)[0]
        place, widest, minn, maxn = arguments[2:6]

        def block(data: Any, offset: Any) -> Any:
            return builder.bitcast(builder.gep(data, [offset], source_etype=word), _HASHES.as_pointer())

        def extended(hashes: Any, byte: Any) -> Any:
            return builder.mul(builder.xor(hashes, byte), _all(FNV_PRIME))

        running = _tools.alloca_once_value(builder, _all(FNV_BASIS))
        with _tools.for_range(builder, maxn) as sizes:
            codes = builder.load(block(listed.data, builder.add(place, sizes.index)), align=4, typ=_HASHES)
            byte = builder.ashr(builder.shl(codes, _all(24)), _all(24))
            builder.store(extended(builder.load(running), byte), running)
            with _tools.for_range(builder, builder.sub(widest, double(1))) as later:
                left = builder.sub(double(16), builder.shl(later.index, double(3)))
                byte = builder.ashr(builder.shl(codes, _each(builder, left)), _all(24))
                before = builder.load(running)
                there = builder.icmp_signed("!=", byte, _all(0))
                builder.store(builder.select(there, extended(before, byte), before), running)
            wanted = builder.icmp_signed(">=", builder.add(sizes.index, double(1)), minn)
            with builder.if_then(wanted):
                found = _remainders(builder, builder.load(running), *arguments[6:])
                target = block(table.data, builder.add(builder.mul(sizes.index, length), place))
                builder.store(found, target, align=4)
        return context.get_dummy_value()

    number = types.int64
    arrays = codes, buckets
    return types.void(*arrays, number, number, number, number, number, number, number), generate


@_operation
def widen(typing_context: Any, source: Any, place: Any, codes: Any, at: Any) -> Any:
    """Write WINDOW bytes from a place on as as many numbers from another place on; nothing is checked."""
    narrow, wide = ir.VectorType(ir.IntType(8), WINDOW), ir.VectorType(ir.IntType(32), WINDOW)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        source = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        target = context.make_array(signature.args[2])(context, builder, arguments[2]).data
        start = builder.gep(source, [arguments[1]], source_etype=ir.IntType(8))
        there = builder.gep(target, [arguments[3]], source_etype=ir.IntType(32))
        found = builder.load(builder.bitcast(start, narrow.as_pointer()), align=1, typ=narrow)
        builder.store(builder.zext(found, wide), builder.bitcast(there, wide.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(source, types.int64, codes, types.int64), generate
