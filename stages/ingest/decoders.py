"""Decoders of one compression member that give their good prefix before they fail."""

from collections.abc import Iterator
from typing import Any, Protocol

import zstandard
from zlib_ng import zlib_ng

CHUNK = 1 << 20
"""Most bytes that a decoder hands out at a time (zstd: 32 MiB)."""

_DeflateError: type[Exception] = zlib_ng.error  # type: ignore[assignment]  # its stub takes the class for an instance

GZIP = b"\x1f\x8b\x08"
ZSTD = b"\x28\xb5\x2f\xfd"
ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"


class CorruptMemberError(Exception):
    """A member cannot be decoded further; `used` bytes of the data given were good."""

    def __init__(self, used: int, detail: str) -> None:
        super().__init__(detail)
        self.used = used


class Decoder(Protocol):
    """Decompresses one member; `eof` and `unused_data` as zlib has them."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Output in bounded pieces; raises `CorruptMemberError` after the last good one."""


class Gzip:
    """One gzip member, its checksum verified."""

    def __init__(self) -> None:
        self._inflate: Any = zlib_ng.decompressobj(31)

    @property
    def eof(self) -> bool:
        return bool(self._inflate.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inflate.unused_data)

    def feed(self, data: bytes) -> Iterator[bytes]:
        left = data
        while True:
            before = self._inflate.copy()
            try:
                out = self._inflate.decompress(left, CHUNK)
            except _DeflateError as error:
                good, used = _good_prefix(before, left)
                if good:
                    yield good
                detail = f"gzip: {str(error).rpartition(': ')[2]}"
                raise CorruptMemberError(len(data) - len(left) + used, detail) from None
            if out:
                yield out
            left = self._inflate.unconsumed_tail
            if self._inflate.eof or not (left or len(out) == CHUNK):
                return


def _good_prefix(inflate: Any, data: bytes) -> tuple[bytes, int]:
    """What decodes byte by byte before the error, and of how many bytes: zlib drops the output of a failing call."""
    good = bytearray()
    for at in range(len(data)):
        try:
            good += inflate.decompress(data[at : at + 1])
        except _DeflateError:
            return bytes(good), at
    return bytes(good), len(data)


class ZstdFrames:
    """Makes the decoders of one file's frames, which may share a dictionary (`.warc.zst`)."""

    def __init__(self) -> None:
        self.dictionary: zstandard.ZstdCompressionDict | None = None

    def __call__(self) -> "Zstd":
        return Zstd(self)


class Zstd:
    """One zstd frame or skippable frame."""

    PIECE = 1 << 10  # a block of 4 bytes can hold 128 KiB, so a piece gives at most 32 MiB

    def __init__(self, frames: ZstdFrames) -> None:
        self.eof = False
        self.unused_data = b""
        self._frames = frames
        self._head = b""
        self._skip: _Skippable | None = None
        self._decompress: zstandard.ZstdDecompressionObj | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._decompress is None and self._skip is None:
            self._head += data
            if len(self._head) < 8:
                return
            data = self._open(self._head)
        if self._decompress is None:
            self._pass_over(data)
            return
        for at in range(0, len(data), self.PIECE):
            try:
                out = self._decompress.decompress(data[at : at + self.PIECE])
            except zstandard.ZstdError as error:
                raise CorruptMemberError(at, f"zstd: {str(error).rpartition(': ')[2]}") from None
            if out:
                yield out
            if self._decompress.eof:
                self.eof = True
                self.unused_data = self._decompress.unused_data + data[at + self.PIECE :]
                return

    def _open(self, head: bytes) -> bytes:
        """Choose the kind of frame; the bytes that belong to it."""
        if 0x50 <= head[0] <= 0x5F and head[1:4] == ZSTD_DICTIONARY[1:]:
            self._skip = _Skippable(int.from_bytes(head[4:8], "little"), holds_dictionary=head[0] == 0x5D)
            return head[8:]
        shared = self._frames.dictionary
        self._decompress = zstandard.ZstdDecompressor(dict_data=shared, max_window_size=1 << 31).decompressobj()
        return head

    def _pass_over(self, data: bytes) -> None:
        assert self._skip is not None  # `_open` sets one of the two
        self.unused_data = self._skip.feed(data)
        if self._skip.left == 0:
            self.eof = True
            self._frames.dictionary = self._skip.dictionary() or self._frames.dictionary


class _Skippable:
    LARGEST_DICTIONARY = 4 << 20

    def __init__(self, size: int, *, holds_dictionary: bool) -> None:
        self.left = size
        self._keep = holds_dictionary and size <= self.LARGEST_DICTIONARY
        self._content = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take what belongs to the frame; the rest."""
        taken, rest = data[: self.left], data[self.left :]
        self.left -= len(taken)
        if self._keep:
            self._content += taken
        return rest

    def dictionary(self) -> zstandard.ZstdCompressionDict | None:
        """The dictionary, which may itself be compressed; None where the frame holds none."""
        content = bytes(self._content)
        if content.startswith(ZSTD):
            try:
                content = zstandard.ZstdDecompressor().decompress(content, max_output_size=self.LARGEST_DICTIONARY)
            except zstandard.ZstdError:
                return None
        return zstandard.ZstdCompressionDict(content) if content else None
