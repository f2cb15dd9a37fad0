"""Bytes of the models and lists that stages are given as resources."""

from functools import cache
from pathlib import Path

import xxhash
from pyarrow import fs

from stages.errors import ConfigError


def read_bytes(uri: str) -> bytes:
    """All bytes of a local file or an object store URI."""
    try:
        if "://" not in uri:
            return Path(uri).read_bytes()
        filesystem, path = fs.FileSystem.from_uri(uri)
        with filesystem.open_input_stream(path) as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        raise ConfigError(f"{uri}: no such file; check the path in the pipeline") from None


@cache
def fingerprint(uri: str) -> str:
    """xxh3-128 of the bytes, as 32 hex digits."""
    return xxhash.xxh3_128_hexdigest(read_bytes(uri))
