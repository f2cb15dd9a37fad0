"""Damaged compression: the good prefix is kept, and reading goes on at the next member."""

import gzip
import io
import zlib

import pytest
import zstandard

from stages.ingest.streams import Damage, Member, parts

GOOD = b"".join(b"line %d: \xe0\xb8\xaa\xe0\xb8\xa7\xe0\xb8\xb1\xe0\xb8\xaa\n" % number for number in range(400))
OTHER = b"".join(b"%d squared is %d\n" % (number, number**2) for number in range(400))


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def read(data: bytes) -> tuple[bytes, list[Damage], list[int]]:
    found = list(parts(io.BytesIO(data)))
    content = b"".join(part for part in found if isinstance(part, bytes))
    damages = [part for part in found if isinstance(part, Damage)]
    return content, damages, [part.offset for part in found if isinstance(part, Member)]


@pytest.mark.parametrize("pack", [gzip.compress, zst], ids=["gzip", "zstd"])
def test_members_in_a_row(pack) -> None:
    first = pack(GOOD)
    assert read(first + pack(OTHER)) == (GOOD + OTHER, [], [0, len(first)])


@pytest.mark.parametrize("pack", [gzip.compress, zst], ids=["gzip", "zstd"])
def test_truncated_tail_keeps_the_good_prefix(pack) -> None:
    data = pack(GOOD) + pack(OTHER)
    content, damages, _ = read(data[:-20])
    assert content.startswith(GOOD)
    assert (GOOD + OTHER).startswith(content)
    assert [damage.kind for damage in damages] == ["truncated"]


@pytest.mark.parametrize("pack", [gzip.compress, zst], ids=["gzip", "zstd"])
@pytest.mark.parametrize("at", [0.3, 0.6, 0.95])
def test_next_member_is_found_after_a_corrupt_one(pack, at: float) -> None:
    first = pack(GOOD)
    content, damages, members = read(pack(b"ok\n") + flipped(first, int(len(first) * at)) + pack(OTHER))
    assert content.startswith(b"ok\n")
    assert content.endswith(OTHER)
    assert [damage.kind for damage in damages] == ["corrupt"]
    assert members[-1] == len(pack(b"ok\n")) + len(first)


def test_gzip_gives_what_precedes_the_error() -> None:
    packed = zlib.compressobj(0, wbits=31)  # stored blocks: every byte before the damage is readable
    data = packed.compress(GOOD) + packed.flush()
    content, damages, _ = read(flipped(data, len(data) - 6))
    assert content == GOOD
    assert damages[0].checksum


def test_garbage_between_members_is_counted() -> None:
    content, damages, _ = read(
        gzip.compress(GOOD, mtime=0) + b"garbage that is no member" + gzip.compress(OTHER, mtime=0)
    )
    assert content == GOOD + OTHER
    assert [(damage.kind, damage.bytes) for damage in damages] == [("corrupt", 25)]


def test_padding_with_zeros_is_no_damage() -> None:
    assert read(gzip.compress(GOOD, mtime=0) + b"\0" * 512)[:2] == (GOOD, [])


def test_zstd_dictionary_and_skippable_frames() -> None:
    sample = [b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: %d\r\n\r\n" % number for number in range(2000)]
    dictionary = zstandard.train_dictionary(4096, sample)
    content = dictionary.as_bytes()
    head = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
    frames = b"".join(zstandard.ZstdCompressor(dict_data=dictionary).compress(text) for text in sample[:50])
    skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc"
    assert read(head + skipped + frames)[:2] == (b"".join(sample[:50]), [])


@pytest.mark.parametrize("pack", [gzip.compress, zst], ids=["gzip", "zstd"])
def test_a_bomb_comes_in_bounded_pieces(pack) -> None:
    sizes = [len(part) for part in parts(io.BytesIO(pack(b"\0" * (50 << 20)))) if isinstance(part, bytes)]
    assert sum(sizes) == 50 << 20
    assert max(sizes) <= 64 << 20
