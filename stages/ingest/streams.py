"""Decompression that keeps the good part of a damaged stream and finds the next good part."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from stages.ingest.decoders import GZIP, ZSTD, ZSTD_DICTIONARY, CorruptMemberError, Decoder, Gzip, ZstdFrames

READ = 1 << 20
"""Bytes asked of storage at a time."""

PIECE, LARGE_PIECE = 64 << 10, 256 << 10
"""Compressed bytes given to a decoder at first and at most: what follows a member is copied once per member."""

HISTORY = 4 << 20
"""Compressed bytes of a member that are kept, to look for the next member among them after damage."""

PROBE = 1 << 10
"""Bytes after a magic number that must decode before it counts as a member."""


@dataclass(frozen=True, slots=True)
class Member:
    """A compression member starts here."""

    offset: int


@dataclass(frozen=True, slots=True)
class Damage:
    """What follows is not contiguous with what came before."""

    kind: str  # corrupt, truncated
    offset: int  # compressed offset of the damaged member
    bytes: int  # compressed bytes between where reading failed and where it goes on
    detail: str

    @property
    def checksum(self) -> bool:
        """Whether everything decoded and only the checksum over it is wrong."""
        return any(sign in self.detail for sign in ("data check", "length check", "checksum"))


Part = bytes | Damage | Member


def compression(head: bytes) -> str | None:
    """`gzip`, `zstd` or None, from the first bytes of a file."""
    if head.startswith(GZIP):
        return "gzip"
    return "zstd" if head.startswith((ZSTD, ZSTD_DICTIONARY)) else None


def parts(stream: BinaryIO, head: bytes = b"") -> Iterator[Part]:
    """The decompressed content of a stream; `head` is what was already read of it."""
    head = head or stream.read(READ)
    kind = compression(head)
    if kind == "gzip":
        return _members(_Compressed(stream, head), Gzip, (GZIP,))
    if kind == "zstd":
        return _members(_Compressed(stream, head), ZstdFrames(), (ZSTD, ZSTD_DICTIONARY))
    return _plain(stream, head)


def _plain(stream: BinaryIO, data: bytes) -> Iterator[Part]:
    while data:
        yield data
        data = stream.read(READ)


class _History:
    """The last bytes that a decoder was given, at least `HISTORY` of them where there were as many."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def add(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        while self._size - len(self._pieces[0]) >= HISTORY:
            self._size -= len(self._pieces.popleft())

    def joined(self) -> bytes:
        return b"".join(self._pieces)


class _Compressed:
    """Compressed bytes in pieces, with their offset; bytes can be given back."""

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self._stream = stream
        self._held = head
        self._at = 0  # where the next byte stands among those held
        self.offset = 0  # of the next byte

    def take(self, size: int) -> bytes:
        """Up to `size` bytes; empty at the end only."""
        if self._at == len(self._held):
            self._held, self._at = self._stream.read(READ), 0
        taken = self._held[self._at : self._at + size]
        self._at += len(taken)
        self.offset += len(taken)
        return taken

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end only."""
        while len(self._held) - self._at < size:
            more = self._stream.read(READ)
            if not more:
                break
            self._held, self._at = self._held[self._at :] + more, 0
        return self._held[self._at : self._at + size]

    def give_back(self, data: bytes) -> None:
        """Undo the last takes, from the end on; `data` is what they took, or its end."""
        if len(data) <= self._at:
            self._at -= len(data)
        else:
            self._held, self._at = data + self._held[self._at :], 0
        self.offset -= len(data)


def _members(compressed: _Compressed, new: Callable[[], Decoder], magics: tuple[bytes, ...]) -> Iterator[Part]:
    while head := compressed.peek(4):
        start = compressed.offset
        if not _starts_member(head, magics):
            if head.strip(b"\0"):
                yield _next_member(compressed, start, b"", 0, new, magics, "not a compressed member")
            else:
                compressed.take(len(head))  # padding with zeros, as tapes and block devices leave it
            continue
        yield Member(start)
        decoder, history, size = new(), _History(), PIECE
        while not decoder.eof:
            data = compressed.take(size)
            size = min(2 * size, LARGE_PIECE)
            if not data:  # a damaged header or length may have swallowed the members that follow
                detail = "the file ends inside a compressed member"
                yield _next_member(compressed, start, history.joined(), 0, new, magics, detail, kind="truncated")
                break
            history.add(data)
            try:
                yield from decoder.feed(data)
            except CorruptMemberError as error:
                unread = len(data) - error.used
                yield _next_member(compressed, start, history.joined(), unread, new, magics, str(error))
                break
        else:
            compressed.give_back(decoder.unused_data)


def _starts_member(data: bytes, magics: tuple[bytes, ...]) -> bool:
    skippable = magics[0] == ZSTD and len(data) >= 4 and 0x50 <= data[0] <= 0x5F and data[1:4] == ZSTD_DICTIONARY[1:]
    return skippable or data.startswith(magics)


def _next_member(
    compressed: _Compressed,
    start: int,
    history: bytes,
    unread: int,
    new: Callable[[], Decoder],
    magics: tuple[bytes, ...],
    detail: str,
    kind: str = "corrupt",
) -> Damage:
    """Move to the next member that decodes, which may lie among the bytes already fed to the failed decoder."""
    failed = compressed.offset - unread
    window = history
    base = compressed.offset - len(history)
    search = 1
    while True:
        found = min((at for magic in magics if (at := window.find(magic, search)) >= 0), default=-1)
        if found < 0:
            search = max(len(window) - 3, search)
            window, base, search = window[search - 1 :], base + search - 1, 1
            more = compressed.take(READ)
            if not more:
                return Damage(kind, start, max(compressed.offset - failed, 0), detail)
            window += more
            continue
        while len(window) < found + PROBE and (more := compressed.take(READ)):
            window += more
        if _decodes(new(), window[found : found + PROBE]):
            compressed.give_back(window[found:])
            return Damage(kind, start, max(base + found - failed, 0), detail)
        search = found + 1


def _decodes(decoder: Decoder, data: bytes) -> bool:
    try:
        for _ in decoder.feed(data):
            pass
    except CorruptMemberError:
        return False
    return True
