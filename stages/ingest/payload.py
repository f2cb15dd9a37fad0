"""What a web archive holds for a URL: an HTTP response or a bare resource, as HTML, text or no document."""

import zlib

import brotli
import zstandard

from stages.ingest.charset import decode
from stages.ingest.records import RawRecord, Rejection

HTML_TYPES = ("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml")
HEADER_LINE = 1 << 20
BINARY = {
    b"%PDF": "application/pdf",
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "audio, video or image in RIFF",
    b"PK\x03\x04": "application/zip",
    b"\x1f\x8b": "application/gzip",
    b"wOF": "font/woff",
}


class BadHttpError(Exception):
    """The bytes are no HTTP response, or its body cannot be decoded."""


class TooLargeError(Exception):
    """The decoded body is larger than a record may be."""


def http_document(locator: str, size: int, block: bytes, limit: int) -> RawRecord | Rejection:
    """The document in an HTTP response with a 2xx status."""
    try:
        status, headers, body = parse_response(block)
        if not 200 <= status <= 299:
            return Rejection(locator, size, "ingest.bad_http", f"status {status}")
        body = decode_body(headers, body, limit)
    except BadHttpError as error:
        return Rejection(locator, size, "ingest.bad_http", str(error))
    except TooLargeError:
        return Rejection(locator, size, "ingest.record_too_large", f"the body decodes to more than {limit} bytes")
    return resource_document(locator, size, body, headers.get("content-type"))


def complete_response(block: bytes) -> bool:
    """Whether an HTTP response is as long as it says itself, whatever the record around it says."""
    try:
        _, headers, body = parse_response(block)
    except BadHttpError:
        return False
    length = headers.get("content-length", "")
    return length.isascii() and length.isdigit() and len(body) >= int(length) and "transfer-encoding" not in headers


def resource_document(locator: str, size: int, body: bytes, content_type: str | None) -> RawRecord | Rejection:
    """The document in a body without HTTP header."""
    mime = (content_type or "").partition(";")[0].strip().lower()
    if not body.strip():
        return Rejection(locator, size, "ingest.no_text", "empty body")
    for magic, sniffed in BINARY.items():
        if body.startswith(magic):
            return Rejection(locator, size, "ingest.not_a_document", mime or sniffed)
    if mime in HTML_TYPES or (not mime and looks_like_html(body)):
        return RawRecord(locator, size, html=body, content_type=content_type)
    if mime == "text/plain":
        text, charset = decode(body, content_type)
        return RawRecord(locator, size, text=text, meta={} if charset == "utf-8" else {"charset": charset})
    return Rejection(locator, size, "ingest.not_a_document", mime or "no content type")


def looks_like_html(body: bytes) -> bool:
    """Whether the first bytes are those of an HTML page."""
    start = body[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<?xml"):
        return b"<html" in start
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def parse_response(block: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers by name in lower case, and the body as it was sent."""
    if not block.startswith(b"HTTP/"):
        raise BadHttpError("no status line")
    line, _, rest = block.partition(b"\n")
    words = line.split()
    if len(words) < 2 or not (words[1].isdigit() and len(words[1]) == 3):
        raise BadHttpError(f"no status code in {line[:60].decode('ascii', 'replace').rstrip()!r}")
    headers: dict[str, str] = {}
    while rest:
        line, _, rest = rest.partition(b"\n") if b"\n" in rest[:HEADER_LINE] else (rest, b"", b"")
        line = line.rstrip(b"\r")
        if not line:
            break
        key, colon, value = line.decode("latin-1").partition(":")
        if colon:
            headers.setdefault(key.strip().lower(), value.strip())
    return int(words[1]), headers, rest


def decode_body(headers: dict[str, str], body: bytes, limit: int) -> bytes:
    """The body without chunks and content encoding; one that claims an encoding it does not have stays as it is."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = unchunk(body)
    named = [name.strip() for name in headers.get("content-encoding", "").lower().split(",")]
    for encoding in reversed([name for name in named if name and name != "identity"]):
        decoded = _decompress(encoding.removeprefix("x-"), body, limit)
        if decoded is None:
            # crawlers store the decoded body beside the headers as they were sent
            if _binary(body):
                raise BadHttpError(f"body is not {encoding}")
            return body
        body = decoded
    return body


def unchunk(body: bytes) -> bytes:
    """Chunks joined; where a chunk size is wrong, the rest as it is."""
    out, at = bytearray(), 0
    while at < len(body):
        end = body.find(b"\n", at, at + 1024)
        size = body[at:end].partition(b";")[0].strip() if end >= 0 else b""
        try:
            length = int(size, 16) if size.isalnum() else -1
        except ValueError:
            length = -1
        if length < 0:
            return bytes(out) + body[at:]
        if length == 0:
            break
        out += body[end + 1 : end + 1 + length]
        at = end + 1 + length
        at += 2 if body[at : at + 2] == b"\r\n" else 1 if body[at : at + 1] == b"\n" else 0
    return bytes(out)


def _decompress(encoding: str, body: bytes, limit: int) -> bytes | None:
    """The decoded body, its good prefix where it is cut off, or None where it is not in this encoding."""
    if encoding == "gzip":
        return _inflate(body, 31, limit)
    if encoding == "deflate":
        decoded = _inflate(body, 15, limit)
        return _inflate(body, -15, limit) if decoded is None else decoded
    if encoding == "br":
        return _brotli(body, limit)
    return _zstd(body, limit) if encoding == "zstd" else None


def _inflate(body: bytes, wbits: int, limit: int) -> bytes | None:
    out = bytearray()
    inflate = zlib.decompressobj(wbits)
    try:
        for at in range(0, len(body), 4096):
            out += inflate.decompress(body[at : at + 4096])
            _check(out, limit)
    except zlib.error:
        return bytes(out) or None
    return bytes(out) or None


def _brotli(body: bytes, limit: int) -> bytes | None:
    out = bytearray()
    decoder = brotli.Decompressor()
    try:
        for at in range(0, len(body), 256):
            out += decoder.process(body[at : at + 256])
            _check(out, limit)
    except brotli.error:
        return bytes(out) or None
    return bytes(out) or None


def _zstd(body: bytes, limit: int) -> bytes | None:
    out = bytearray()
    decoder = zstandard.ZstdDecompressor().decompressobj()
    try:
        for at in range(0, len(body), 1024):
            out += decoder.decompress(body[at : at + 1024])
            _check(out, limit)
            if decoder.eof:
                break
    except zstandard.ZstdError:
        return bytes(out) or None
    return bytes(out) or None


def _check(out: bytearray, limit: int) -> None:
    if len(out) > limit:
        raise TooLargeError


def _binary(body: bytes) -> bool:
    """Whether the first bytes are no text in any charset that the web uses."""
    head = body[:1024]
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return controls > len(head) / 50
