"""The dictionaries of words inside ICU, read through its C interface."""

import ctypes
import struct
import sys
from typing import Final

import icu

_UTF16: Final = f"utf-16-{sys.byteorder[0]}e"
_UCHARS: Final = 1
"""The kind of trie that is read here, ICU's `UCharsTrie`."""


def icu_words(name: str) -> dict[str, int]:
    """Every word of a dictionary, as `cjdict`, and its cost; empty where this ICU does not hand it out."""
    trie = _trie(name)
    return {} if trie is None else _words(trie)


def _trie(name: str) -> memoryview | None:
    """The 16-bit units of a dictionary's trie; None where ICU does not export its data."""
    library = ctypes.CDLL(icu._icu_.__file__)
    version = icu.ICU_VERSION.partition(".")[0]
    try:
        open_data, get_memory = (getattr(library, f"udata_{name}_{version}") for name in ("open", "getMemory"))
    except AttributeError:
        return None
    open_data.restype = get_memory.restype = ctypes.c_void_p
    open_data.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_void_p]
    get_memory.argtypes = [ctypes.c_void_p]
    package, status = f"icudt{version}{sys.byteorder[0]}-brkitr", ctypes.c_int(0)
    opened = open_data(package.encode(), b"dict", name.encode(), ctypes.byref(status))
    if status.value > 0:
        return None
    start = get_memory(opened)
    offset, _, _, size, kind, *_ = struct.unpack("8i", ctypes.string_at(start, 32))
    if kind & 7 != _UCHARS:
        return None
    return memoryview(ctypes.string_at(start + offset, size - offset)).cast("H")


def _words(trie: memoryview) -> dict[str, int]:
    """Every word and its cost. Source: the layout of ICU's `UCharsTrie`, as its `Iterator` reads it."""
    found: dict[str, int] = {}
    stack = [(0, "", 0)]  # position, prefix, entries of a branch that are left or 0
    while stack:
        place, prefix, entries = stack.pop()
        while place >= 0:
            if entries:
                place, prefix, entries = _branch(trie, place, prefix, entries, found, stack)
                continue
            lead = trie[place]
            place += 1
            if lead >= 0x8000:
                found[prefix] = _value(trie, place, lead & 0x7FFF)[0]
                break
            if lead >= 0x40:
                value, place = _node_value(trie, place, lead)
                found[prefix] = value
                lead &= 0x3F
            if lead >= 0x30:
                length = lead - 0x30 + 1
                prefix += _text(trie, place, length)
                place += length
                continue
            if lead == 0:
                lead = trie[place]
                place += 1
            entries = lead + 1
    return found


def _branch(
    trie: memoryview, place: int, prefix: str, entries: int, found: dict[str, int], stack: list[tuple[int, str, int]]
) -> tuple[int, str, int]:
    """Follow the first entry of a branch; the others wait on the stack."""
    if entries == 1:
        return place + 1, prefix + _text(trie, place, 1), 0
    if entries > 5:
        target, after = _delta(trie, place + 1)
        stack.append((after, prefix, entries - (entries >> 1)))
        return target, prefix, entries >> 1
    word = prefix + _text(trie, place, 1)
    lead = trie[place + 1]
    value, after = _value(trie, place + 2, lead & 0x7FFF)
    stack.append((after, prefix, entries - 1))
    if lead & 0x8000:
        found[word] = value
        return -1, word, 0
    return after + value, word, 0


def _text(trie: memoryview, place: int, length: int) -> str:
    return bytes(trie[place : place + length]).decode(_UTF16, "surrogatepass")


def _value(trie: memoryview, place: int, lead: int) -> tuple[int, int]:
    """A value and the position after it."""
    if lead < 0x4000:
        return lead, place
    if lead < 0x7FFF:
        return (lead - 0x4000) << 16 | trie[place], place + 1
    return trie[place] << 16 | trie[place + 1], place + 2


def _node_value(trie: memoryview, place: int, lead: int) -> tuple[int, int]:
    if lead < 0x4040:
        return (lead >> 6) - 1, place
    if lead < 0x7FC0:
        return ((lead & 0x7FC0) - 0x4040) << 10 | trie[place], place + 1
    return trie[place] << 16 | trie[place + 1], place + 2


def _delta(trie: memoryview, place: int) -> tuple[int, int]:
    """Where a jump leads, and the position after it."""
    delta, after = trie[place], place + 1
    if delta == 0xFFFF:
        delta, after = trie[after] << 16 | trie[after + 1], after + 2
    elif delta >= 0xFC00:
        delta, after = (delta - 0xFC00) << 16 | trie[after], after + 1
    return after + delta, after
