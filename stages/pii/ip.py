"""Public IP addresses, version 4 and 6."""

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

V4: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w\-]|\.[0-9])")
V6_HINT: Final = re.compile(r":[0-9A-Fa-f]{0,4}:")
V6: Final = re.compile(r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:]|\.[0-9])")
VERSION_BEFORE: Final = re.compile(r"(?:version|release|ver|v|§|section)[.:\s'\"=]{0,5}$", re.IGNORECASE)
ALLOCATED: Final = IPv6Network("2000::/3")
"""Where public IPv6 addresses lie: outside it `abc::def` is a name of C++ rather than an address."""


def find_ips(text: str) -> Iterator[tuple[int, int]]:
    """Character ranges of addresses that are reachable from the internet; version numbers are left out."""
    yield from find_ipv4(text)
    if text.count(":") > 1 and V6_HINT.search(text):
        yield from find_ipv6(text)


def find_ipv4(text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[tuple[int, int]]:
    """Addresses of version 4 between `start` and `end`; what follows one must lie there too."""
    for match in V4.finditer(text, start, end):
        before = text[max(0, match.start() - 14) : match.start()]
        if not _joined(before) and is_public(match.group()) and not VERSION_BEFORE.search(before):
            yield match.span()


def find_ipv6(text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[tuple[int, int]]:
    """Addresses of version 6 between `start` and `end`; what follows one must lie there too."""
    for match in V6.finditer(text, start, end):
        if not _joined(text[max(0, match.start() - 1) : match.start()]) and is_public(match.group()):
            yield match.span()


def _joined(before: str) -> bool:
    """Whether what stands before belongs to the same word or number."""
    return before[-1:].isalnum() or before.endswith(("_", ".", "-"))


@lru_cache(maxsize=1 << 12)
def is_public(address: str) -> bool:
    """Whether a string is an address that the internet routes."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not (isinstance(parsed, IPv6Address) and parsed not in ALLOCATED)
