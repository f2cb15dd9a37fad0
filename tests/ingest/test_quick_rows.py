"""Rows that are taken without a second look are those that the careful code makes of the same line."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.ingest.jsonl import careful_records
from stages.ingest.lines import Block, Line
from stages.ingest.quick_kernel import LINES_LEFT, ROWS
from stages.ingest.quick_rows import QuickRows
from stages.ingest.read import Read
from stages.ingest.records import meta_json, single_records

NAMES = Read().names()
KEYS = st.sampled_from(
    ["text", "content", "id", "url", "lang", "licence", "source", "date", "messages", "x", "y\u0301"]
)
STRINGS = st.text(alphabet=st.sampled_from(' \t\n\\"/aé語😀\x00\x7f\u2028'), max_size=8)
NUMBERS = st.integers(-(10**25), 10**25) | st.floats() | st.sampled_from([10**18, -(10**18), 1e18, 2**63, 2**64, -0.0])
VALUES = st.recursive(
    STRINGS | NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRINGS, inner, max_size=3),
    max_leaves=6,
)


def taken(line: bytes) -> list | None:
    """What the quick reader makes of a line; None where it leaves it."""
    rows, left = QuickRows(NAMES, 1 << 20).take(Block(7, len(line), line))
    records = list(single_records(rows))
    assert len(records) + len(left) <= 1  # neither for a blank line
    return records or None


def careful(line: bytes) -> list:
    return list(careful_records(Line(7, len(line), line), NAMES))


def stored(records: list) -> list[str]:
    """The records as the documents have them, in which the order of `meta` is that of its keys."""
    return [f"{replace(record, meta={})} {meta_json(record.meta)}" for record in records]


@settings(deadline=None, max_examples=500)
@given(st.dictionaries(KEYS, VALUES, max_size=6), st.booleans(), STRINGS)
def test_what_is_taken_equals_the_careful_record(row: dict, ascii_only: bool, text: str) -> None:
    for given_row in (row, {**row, "text": text}):
        line = json.dumps(given_row, ensure_ascii=ascii_only).encode() + b"\n"
        found = taken(line)
        assert found is None or stored(found) == stored(careful(line))


@settings(deadline=None)
@given(st.binary(max_size=12), st.integers(0, 60))
def test_damaged_lines_are_left_or_read_the_same(damage: bytes, at: int) -> None:
    line = b'{"text": "\xe0\xa4\x95 \\u0915 \\ud83d\\ude00", "id": 17, "score": 0.5}\n'
    line = (line[:at] + damage + line[at + len(damage) :]).replace(b"\n", b"") + b"\n"
    found = taken(line)
    assert found is None or stored(found) == stored(careful(line))


@pytest.mark.parametrize(
    ("line", "quick"),
    [
        (b'{"text": "a", "id": 5, "x": [1, {"y": 0.25}]}', True),
        (b'{"text": "a", "text": "b"}', True),
        (b' {"\\u0074ext": "a"} \r\n', True),
        (b'{"text": "a", "x": 123456789012345678901234567890}', False),
        (b'{"text": "a", "content": "b"}', False),
        (b'{"text": "a", "url": ["b"]}', False),
        (b'{"text": " "}', False),
        (b'{"text": "\\ud800"}', False),
        (b'{"text": "a\x01"}', False),
        (b'{"text": "a", "x": NaN}', False),
        (b'{"prompt": "Q", "completion": "A"}', False),
    ],
)
def test_which_lines_are_taken(line: bytes, quick: bool) -> None:
    found = taken(line)
    assert (found is not None) == quick
    assert found is None or stored(found) == stored(careful(line))


@pytest.mark.parametrize("fields", [{"text": "page.body"}, {"id": "text"}])
def test_mapped_names_that_look_inside_or_meet_are_left(fields: dict) -> None:
    rows, left = QuickRows(Read(fields=fields).names(), 1 << 20).take(Block(0, 13, b'{"text": "a"}'))
    assert (len(rows), len(left)) == (0, 1)


@pytest.mark.parametrize(
    ("line", "kernel"),
    [
        (b'{"text": "a", "id": 5, "x": true, "y": null, "url": null}', True),
        (b'{"id":"b","z":"last","text":"a","a":"first"} \r\n', True),
        (b'{"text": "\\u0915\\ud83d\\ude00\\n\\/", "x": "\\u00e9\\u001f\\b\\"\\/"}', True),
        ('{"text": "語", "é": "ж"}'.encode(), True),
        (b'{"text": "a", "x": 0.25}', True),
        (b'{"text": "a", "x": 0.00012}', True),
        (b'{"text": "a", "x": -0.0}', True),
        (b'{"text": "a", "x": 123456789.123456}', True),
        (b'{"text": "a", "x": 0.00001}', False),
        (b'{"text": "a", "x": 0.50}', False),
        (b'{"text": "a", "x": 1e3}', False),
        (b'{"text": "a", "x": 0.1234567890123456}', False),
        (b'{"text": "a", "x": -0}', False),
        (b'{"text": "a", "x": {"y": 1}}', False),
        (b'{"text": "a", "x": 1, "x": 2}', False),
        (b'{"text": "a", "id": " b"}', False),
        (b'{"text": "a", "id": 1.5}', False),
        (b'{"text": "a", "\\u0078": 1}', False),
        (b'{"text": "a"} b', False),
        (b'{"text": "a",}', False),
        (b'{"text": "a", "x": tru}', False),
        (b'{"text": "a\xed\xa0\x80"}', False),
        (b'{"text": "a\xc0\xaf"}', False),
        (b'{"text": "a"', False),
    ],
)
def test_which_lines_never_become_objects(line: bytes, kernel: bool) -> None:
    quick = QuickRows(NAMES, 1 << 20)
    _, found = quick._scanned(line)
    assert (found[ROWS], found[LINES_LEFT]) == ((1, 0) if kernel else (0, 1))
    read = taken(line)
    assert read is None or stored(read) == stored(careful(line))


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=5) | st.integers(-(10**17), 10**17))
def test_numbers_are_stored_as_python_prints_them(number: object) -> None:
    line = f'{{"text": "a", "x": {number}}}'.encode()
    found = taken(line)
    assert found is None or stored(found) == stored(careful(line))


def test_rows_stand_in_the_order_of_their_lines_however_they_were_read() -> None:
    good = [b'{"text": "%d"}', b'{"text": "%d", "x": [1]}', b'{"text": "%d", "k%d": 1}']
    rows = [good[n % 3].replace(b"%d", b"%d" % n) for n in range(900)]
    lines = [line for n, row in enumerate(rows) for line in ([row, b"broken"] if n % 7 == 0 else [row])]
    data = b"\n".join(lines)
    batch, left = QuickRows(NAMES, 1 << 20).take(Block(0, len(data), data))
    assert batch.column("text").to_pylist() == [str(n) for n in range(900)]
    assert [before for before, _ in left] == [n + 1 for n in range(0, 900, 7)]
    assert all(line.data.strip() == b"broken" and data[line.offset :].startswith(b"broken") for _, line in left)


def test_a_line_above_the_limit_is_left_without_its_data() -> None:
    short, long = b'{"text": "a"}\n', b'{"text": "%s"}\n' % (b"b" * 40)
    batch, left = QuickRows(NAMES, 20).take(Block(0, len(short + long), short + long + short))
    assert batch.column("text").to_pylist() == ["a", "a"]
    assert [(before, line.offset, line.data) for before, line in left] == [(1, len(short), None)]
