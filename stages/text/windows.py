"""What many bytes of a text are, looked at together: a bit for each in one register."""

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

_operation: Callable[[Any], Any] = intrinsic

WINDOW: Final = 32
"""Bytes that are looked at together: one register of AVX2."""
BLOCK: Final = 64
"""Bytes that are looked at together where the bits are worked on: as many as a word has."""


def _pointer(context: Any, builder: Any, kind: Any, array: Any, place: Any, to: Any) -> Any:
    """Pointer to a byte of an array of bytes, as one to another type."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [place], source_etype=ir.IntType(8)), to.as_pointer())


def _of_window(test: Callable[[Any, Any, Callable[[int], Any]], Any]) -> Any:
    """An operation that gives a uint32 with a bit for each of the WINDOW bytes of an array from a place on."""
    kind = ir.VectorType(ir.IntType(8), WINDOW)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = builder.load(
            _pointer(context, builder, signature.args[0], arguments[0], arguments[1], kind), align=1, typ=kind
        )
        bits = test(builder, found, lambda number: ir.Constant(kind, [number] * WINDOW))
        return builder.bitcast(bits, ir.IntType(WINDOW))

    return generate


def _is_separator(builder: Any, found: Any, every: Callable[[int], Any]) -> Any:
    controls = builder.icmp_unsigned("<", builder.sub(found, every(9)), every(5))
    blanks = builder.or_(builder.icmp_unsigned("==", found, every(32)), builder.icmp_unsigned("==", found, every(0)))
    return builder.or_(controls, blanks)


def _is_letter(builder: Any, found: Any, every: Callable[[int], Any]) -> Any:
    return builder.icmp_unsigned("<", builder.sub(builder.or_(found, every(0x20)), every(97)), every(26))


def _is_capital(builder: Any, found: Any, every: Callable[[int], Any]) -> Any:
    return builder.icmp_unsigned("<", builder.sub(found, every(65)), every(26))


def _is_digit(builder: Any, found: Any, every: Callable[[int], Any]) -> Any:
    return builder.icmp_unsigned("<", builder.sub(found, every(48)), every(10))


def _is_high(builder: Any, found: Any, every: Callable[[int], Any]) -> Any:
    return builder.icmp_unsigned(">=", found, every(0x80))


def _continues(builder: Any, found: Any, every: Callable[[int], Any]) -> Any:
    return builder.icmp_unsigned("==", builder.and_(found, every(0xC0)), every(0x80))


@_operation
def count_ones(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a uint64."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@_operation
def separators(typing_context: Any, data: Any, place: Any) -> Any:
    """A bit for each of the WINDOW bytes from `place` on at which fastText ends a word: \\0, \\t to \\r and the space.

    Nothing is checked: the caller vouches for as many bytes.
    """
    return types.uint32(data, types.uint64), _of_window(_is_separator)


@_operation
def ascii_letters(typing_context: Any, data: Any, place: Any) -> Any:
    """As `separators`, for the letters A to Z and a to z."""
    return types.uint32(data, types.uint64), _of_window(_is_letter)


@_operation
def ascii_capitals(typing_context: Any, data: Any, place: Any) -> Any:
    """As `separators`, for the letters A to Z."""
    return types.uint32(data, types.uint64), _of_window(_is_capital)


@_operation
def ascii_digits(typing_context: Any, data: Any, place: Any) -> Any:
    """As `separators`, for the digits 0 to 9."""
    return types.uint32(data, types.uint64), _of_window(_is_digit)


def every_lane(builder: Any, kind: Any, number: Any) -> Any:
    """A vector of that kind whose items are all the same number."""
    undefined = ir.Constant(kind, ir.Undefined)
    lanes = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(builder.insert_element(undefined, number, ir.IntType(32)(0)), undefined, lanes)


@_operation
def block_between(typing_context: Any, data: Any, place: Any, low: Any, size: Any) -> Any:
    """A bit for each of the BLOCK bytes from `place` on that is one of the `size` bytes from `low` on.

    Nothing is checked.
    """
    kind = ir.VectorType(ir.IntType(8), BLOCK)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1], kind)
        low, size = (every_lane(builder, kind, number) for number in arguments[2:])
        found = builder.sub(builder.load(pointer, align=1, typ=kind), low)
        return builder.bitcast(builder.icmp_unsigned("<", found, size), ir.IntType(BLOCK))

    return types.uint64(data, types.uint64, types.uint8, types.uint8), generate


@_operation
def block_letter(typing_context: Any, data: Any, place: Any, byte: Any) -> Any:
    """As `block_between`, for bytes that are equal to a small ASCII letter or the space once the bit 0x20 is set."""
    return types.uint64(data, types.uint64, types.uint8), _with_byte("==", BLOCK, 0x20)


def _with_byte(condition: str, size: int = WINDOW, mask: int = 0) -> Any:
    """An operation that compares each of `size` bytes, with the bits of `mask` set, with a byte that is given."""
    kind = ir.VectorType(ir.IntType(8), size)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        place = _pointer(context, builder, signature.args[0], arguments[0], arguments[1], kind)
        found = builder.or_(builder.load(place, align=1, typ=kind), ir.Constant(kind, [mask] * size))
        every = every_lane(builder, kind, arguments[2])
        return builder.bitcast(builder.icmp_unsigned(condition, found, every), ir.IntType(size))

    return generate


@_operation
def equals(typing_context: Any, data: Any, place: Any, byte: Any) -> Any:
    """As `separators`, for bytes that are equal to this one."""
    return types.uint32(data, types.uint64, types.uint8), _with_byte("==")


@_operation
def at_least(typing_context: Any, data: Any, place: Any, byte: Any) -> Any:
    """As `separators`, for bytes that are no smaller than this one."""
    return types.uint32(data, types.uint64, types.uint8), _with_byte(">=")


@_operation
def high_bytes(typing_context: Any, data: Any, place: Any) -> Any:
    """As `separators`, for bytes from 0x80 on."""
    return types.uint32(data, types.uint64), _of_window(_is_high)


@_operation
def continuations(typing_context: Any, data: Any, place: Any) -> Any:
    """As `separators`, for the bytes 0x80 to 0xBF, which continue a character of UTF-8."""
    return types.uint32(data, types.uint64), _of_window(_continues)


@_operation
def first_one(typing_context: Any, word: Any) -> Any:
    """Place of the lowest set bit of a uint32; 32 where none is set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        count = builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))
        return builder.zext(count, ir.IntType(64))

    return types.uint64(types.uint32), generate


@_operation
def ones_in(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a uint32."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.zext(builder.ctpop(arguments[0]), ir.IntType(64))

    return types.int64(types.uint32), generate
