"""Which files a run reads: URIs, folders and globs resolved to a list in which each file stands once."""

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pipelines.storage import LocalStorage, Storage, open_storage, retried
from stages.errors import ConfigError

_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, order=True)
class InputFile:
    """One file to read.

    `relative` is its path below the root of the input that named it, the part of the locator that stays the same when
    the input moves; `name` is what the user called the input (empty by default).
    """

    name: str
    relative: str
    root: str
    path: str
    size: int
    version: str

    @property
    def uri(self) -> str:
        return f"{self.root}/{self.path}" if self.path else self.root


def readable(name: str) -> str:
    """A file name whose bytes are no UTF-8, with those bytes written as `\\xe4`."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def resolve_inputs(given: Sequence[str]) -> list[InputFile]:
    """Every file that the inputs name, ordered by name and relative path.

    An input is `URI` or `NAME=URI`; the URI is a file, a folder (all files below it) or a glob. Its root is the folder
    before the first wildcard, or the folder of a single file. Hidden files and files that start with `_` are left out
    of folders and globs.
    """
    files: dict[str, InputFile] = {}
    for item in given:
        for file in _resolve(item):
            files.setdefault(_identity(file), file)
    ordered = sorted(files.values())
    for first, second in pairwise(ordered):
        if (first.name, first.relative) == (second.name, second.relative):
            raise ConfigError(
                f"inputs {first.uri} and {second.uri} are both called {first.relative!r}; "
                "tell them apart by name: --input one=URI --input two=URI"
            )
    return ordered


def _identity(file: InputFile) -> str:
    return str(Path(file.uri).resolve()) if "://" not in file.uri else file.uri


def _resolve(item: str) -> list[InputFile]:
    named = re.match(r"^[A-Za-z0-9_.-]+=", item) and not Path(item).exists()  # not a folder such as `lang=et`
    name, _, uri = item.partition("=") if named else ("", "", item)
    uri = uri.removeprefix("file://")
    head, pattern = _split(uri)
    storage = _storage(head, item)
    found: list[InputFile] = []
    for entry in _entries(storage, head, pattern, item):
        found.append(InputFile(name, entry[0], storage.uri, entry[0], entry[1], entry[2]))
    if not found:
        raise ConfigError(f"input {item}: no file matches; check the path")
    return found


def _split(uri: str) -> tuple[str, str | None]:
    """The root and the pattern below it (None for a folder)."""
    match = _GLOB.search(uri)
    if match and ("://" in uri or not Path(uri).exists()):  # a file may be called `a[1].txt`
        head, _, _ = uri[: match.start()].rpartition("/")
        return head or ("/" if uri.startswith("/") else "."), uri[len(head) + 1 if head else 0 :].lstrip("/")
    if "://" not in uri and Path(uri).is_dir():
        return uri.rstrip("/") or "/", None
    head, _, last = uri.rpartition("/")
    if "://" in uri and (not last or head.endswith("/") or retried(lambda: open_storage(uri).list(""))):
        return uri.rstrip("/"), None  # a bucket, or a prefix with objects below it
    return head or ("/" if uri.startswith("/") else "."), last


def _storage(head: str, item: str) -> Storage:
    storage = open_storage(head)
    if isinstance(storage, LocalStorage) and not Path(head).is_dir():
        raise ConfigError(f"input {item}: there is no folder {head}; check the path")
    return storage


def _entries(storage: Storage, head: str, pattern: str | None, item: str) -> list[tuple[str, int, str]]:
    literal = pattern is not None and not _GLOB.search(pattern)
    if pattern is not None and isinstance(storage, LocalStorage) and (literal or (Path(head) / pattern).is_file()):
        file = Path(head) / pattern
        if not file.is_file():
            raise ConfigError(f"input {item}: no such file; check the path")
        state = file.stat()
        return [(pattern, state.st_size, f"{state.st_size}-{state.st_mtime_ns}")]
    entries = retried(lambda: storage.list(""))
    if literal:
        return [(entry.path, entry.size, entry.version) for entry in entries if entry.path == pattern]
    expression = re.compile(_translate(pattern)) if pattern else None
    return [
        (entry.path, entry.size, entry.version)
        for entry in entries
        if not any(part.startswith((".", "_")) for part in entry.path.split("/"))
        and (expression is None or expression.fullmatch(entry.path))
    ]


def _translate(pattern: str) -> str:
    """A glob as a regular expression: `*` stays within a folder, `**` does not."""
    parts = []
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", pattern):
        if part == "**/":
            parts.append(r"(?:.*/)?")
        elif part == "**":
            parts.append(r".*")
        elif part == "*":
            parts.append(r"[^/]*")
        elif part == "?":
            parts.append(r"[^/]")
        elif part.startswith("["):
            parts.append(fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\z").removesuffix(r")\Z"))
        else:
            parts.append(re.escape(part))
    return "".join(parts)
