"""Web hosts and addresses that are not wanted, from plain lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from stages.resources import fingerprint, read_bytes


@dataclass(frozen=True)
class BlockList:
    """Hosts with everything below them, and single addresses without scheme."""

    hosts: frozenset[str]
    addresses: frozenset[str]

    @classmethod
    def parse(cls, lines: Sequence[str]) -> Self:
        """One entry per line: a host, or an address if it holds a slash; `#` begins a comment line."""
        entries = {line.strip() for line in lines} - {""}
        entries = {_without_scheme(entry).rstrip("/") for entry in entries if not entry.startswith("#")}
        hosts = frozenset(entry.lower() for entry in entries if "/" not in entry)
        return cls(hosts, frozenset(entry for entry in entries if "/" in entry))

    def blocks(self, url: str) -> bool:
        """Whether the host, a domain above it or the address itself is listed; broken addresses are not."""
        if not url or not (self.hosts or self.addresses):
            return False
        address = _without_scheme(url)
        if address.rstrip("/") in self.addresses:
            return True
        try:
            host = urlsplit("//" + address).hostname or ""
        except ValueError:
            return False
        labels = host.rstrip(".").split(".")
        return any(".".join(labels[start:]) in self.hosts for start in range(len(labels)))


def _without_scheme(url: str) -> str:
    return url.partition("://")[2] or url


@dataclass(frozen=True)
class BlockListFiles:
    """The resource: block list files, local or in an object store."""

    paths: tuple[str, ...]

    def open(self) -> BlockList:
        lines = [line for path in self.paths for line in read_bytes(path).decode("utf-8", "replace").splitlines()]
        return BlockList.parse(lines)

    def fingerprint(self) -> str:
        return " ".join(fingerprint(path) for path in self.paths)
