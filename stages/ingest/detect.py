"""What a file is: by its first bytes where they are telling, else by its name."""

import re
from io import BytesIO
from typing import BinaryIO

from stages.ingest.decoders import CHUNK
from stages.ingest.payload import looks_like_html
from stages.ingest.streams import READ, parts

SUFFIXES = {
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "jsonl",
    "parquet": "parquet",
    "pq": "parquet",
    "warc": "warc",
    "wet": "wet",
    "arc": "arc",
    "txt": "text",
    "text": "text",
    "md": "text",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
}


def detect(name: str, stream: BinaryIO) -> tuple[str | None, bytes]:
    """The format (None if it is none that can be read) and the first bytes as stored, which have been read.

    Signatures of Parquet, WARC, ARC and HTML go before the name, so a wrong extension does no harm.
    """
    head = stream.read(READ)
    start = _first_content(head)
    if start.startswith(b"PAR1"):
        return "parquet", head
    if re.match(rb"\s*WARC/[0-9]\.", start):
        return "warc", head
    if start.startswith(b"filedesc:"):
        return "arc", head
    if looks_like_html(start):
        return "html", head
    return _by_name(name) or _by_content(start), head


def _first_content(head: bytes) -> bytes:
    """Decompressed bytes of the beginning."""
    content = bytearray()
    for part in parts(BytesIO(), head):
        if isinstance(part, bytes):
            content += part
        if len(content) >= 4096:
            break
    return bytes(content[:CHUNK])


def _by_name(name: str) -> str | None:
    """The last known suffix: of `part.warc.gz.bad` it is `warc`, of `sample.warc.wet.gz` it is `wet`."""
    for suffix in reversed(name.rpartition("/")[2].lower().split(".")[1:]):
        if suffix in SUFFIXES:
            return SUFFIXES[suffix]
    return None


def _by_content(start: bytes) -> str | None:
    start = start.removeprefix(b"\xef\xbb\xbf")
    if re.match(rb"\s*\{\s*[\"}]", start):
        return "jsonl"
    if not start or b"\0" in start[:4096]:
        return None
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in start[:4096])
    return "text" if controls == 0 else None
