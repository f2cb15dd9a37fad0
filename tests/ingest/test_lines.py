"""Lines of a source, in whatever pieces it comes."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.ingest.lines import lines
from stages.ingest.source import Source

PIECES = st.lists(st.lists(st.sampled_from([b"a", b"bb", b"\r", b"\n", b"\n\n", b"\xff"]), max_size=6).map(b"".join))


@settings(deadline=None)
@given(PIECES, st.integers(1, 12), st.none() | st.integers(0, 40))
def test_lines_do_not_depend_on_pieces(pieces: list[bytes], limit: int, stop: int | None) -> None:
    data = b"".join(pieces)
    found = [(line.offset, line.bytes, line.data) for line in lines(Source(iter(pieces)), limit, stop)]
    expected, offset = [], 0
    for line in io.BytesIO(data):
        if stop is None or offset < stop:
            expected.append((offset, len(line), line if len(line) <= limit + 1 else None))
        offset += len(line)
    assert found == expected


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_of_the_limit_is_held(end: bytes) -> None:
    (line,) = lines(Source(iter([b"12345", b"678" + end])), 8, None)
    assert line.data == b"12345678" + end
