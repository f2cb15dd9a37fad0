"""Branches that kernels take, and not the compiler."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


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
