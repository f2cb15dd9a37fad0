"""Memory that is used again must never be in use."""

import gc
from threading import Thread

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.text import memory
from stages.text.arrays import Segments
from stages.text.memory import SMALLEST, room


def test_memory_in_use_is_not_handed_out_again() -> None:
    held = [room(SMALLEST, np.uint8) for _ in range(5)]
    for number, array in enumerate(held):
        array[:] = number
    part = held[2][10:20].view(np.uint16)
    del array, held[2]
    later = [room(SMALLEST, np.uint8) for _ in range(3)]
    for array in later:
        array[:] = 99
    assert [int(array[0]) for array in held] == [0, 1, 3, 4]
    assert part.tolist() == [0x0202] * 5


def test_memory_that_is_free_is_used_again() -> None:
    array = room(2 * SMALLEST, np.int64)
    address = array.ctypes.data
    del array
    assert room(2 * SMALLEST, np.int64).ctypes.data == address


def test_more_blocks_than_are_kept_can_be_held() -> None:
    held = [room(SMALLEST + number, np.uint8) for number in range(100)]
    for number, array in enumerate(held):
        array[:] = number
    assert [int(array[-1]) for array in held] == list(range(100))
    del held, array
    room(SMALLEST, np.uint8)
    assert len(memory._BLOCKS.kept) <= memory._MOST


def test_threads_do_not_share_memory() -> None:
    array = room(SMALLEST, np.uint8)
    address = array.ctypes.data
    del array
    found: list[int] = []
    thread = Thread(target=lambda: found.append(room(SMALLEST, np.uint8).ctypes.data))
    thread.start()
    thread.join()
    assert found[0] != address


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_segments_give_their_memory_back_without_the_collector(texts: list[str]) -> None:
    """A cycle would hold the arrays of every batch until the collector runs."""
    gc.disable()
    try:
        before = sum(isinstance(known, Segments) for known in gc.get_objects())
        segments = Segments(pa.array(texts, pa.large_string()))
        _ = (segments.nfc.dedup_words, segments.split_lines, segments.lines, segments.code_points)
        del segments
        assert sum(isinstance(known, Segments) for known in gc.get_objects()) == before
    finally:
        gc.enable()
