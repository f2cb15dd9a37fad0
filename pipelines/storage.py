"""Where runs live and inputs lie: one small interface over a local folder or an S3 prefix."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from socket import gethostname
from threading import Event, Thread
from time import sleep, time
from typing import Any, BinaryIO, Protocol, TypeVar
from uuid import uuid4

from pyarrow import fs

from stages.errors import StorageError

T = TypeVar("T")
LEASE_S = 60.0
"""How long a process that died keeps a lock on S3."""

ATTEMPTS = 4
"""Tries of an operation on storage before its failure is final; waits double from 0.2 s."""


@dataclass(frozen=True, order=True)
class Entry:
    """One stored file: path below the root, size in bytes, and a version that changes with its content."""

    path: str
    size: int
    version: str


class Storage(Protocol):
    """Files below one root. A write is complete or absent, whatever happens meanwhile."""

    @property
    def uri(self) -> str: ...

    def read(self, path: str) -> bytes: ...

    def open(self, path: str) -> BinaryIO:
        """A seekable stream of the file."""

    def write(self, path: str, data: Any) -> None:
        """Write a bytes-like object; replaces what is there."""

    def create(self, path: str, data: Any) -> bool:
        """Write only where nothing is yet; false where something is."""

    def exists(self, path: str) -> bool: ...

    def list(self, prefix: str) -> list[Entry]:
        """Every file whose path starts with the folder `prefix` (or all of them for an empty one), by path."""

    def move(self, source: str, target: str) -> None: ...

    def delete(self, path: str) -> None: ...

    def lock(self, path: str) -> AbstractContextManager[None]:
        """Hold the file `path` as the only process; `StorageError` where another one does. Death releases it."""


def open_storage(uri: str) -> Storage:
    """The storage of a local folder or of `s3://bucket/prefix`."""
    if uri.startswith("s3://"):
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        return S3Storage(bucket, prefix.strip("/"))
    return LocalStorage(str(Path(uri.removeprefix("file://")).absolute()))


@dataclass(frozen=True)
class LocalStorage:
    """A folder of a local or mounted file system."""

    uri: str

    def _at(self, path: str) -> Path:
        return Path(self.uri) / path

    def read(self, path: str) -> bytes:
        with _named(f"{self.uri}/{path}"):
            return self._at(path).read_bytes()

    def open(self, path: str) -> BinaryIO:
        with _named(f"{self.uri}/{path}"):
            return self._at(path).open("rb")

    def write(self, path: str, data: Any) -> None:
        target = self._at(path)
        with self._temporary(target, data) as written:
            written.replace(target)

    def create(self, path: str, data: Any) -> bool:
        target = self._at(path)
        with self._temporary(target, data) as written:
            try:
                os.link(written, target)
            except FileExistsError:
                return False
            except OSError:  # a file system without hard links
                if target.exists():
                    return False
                written.replace(target)
            return True

    @contextmanager
    def _temporary(self, target: Path, data: Any) -> Iterator[Path]:
        written = target.with_name(f".{target.name}.{uuid4().hex[:8]}.tmp")
        with _named(str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with written.open("wb") as sink:
                    sink.write(data)
                    sink.flush()
                    os.fsync(sink.fileno())
                yield written
            finally:
                written.unlink(missing_ok=True)

    def exists(self, path: str) -> bool:
        return self._at(path).exists()

    def list(self, prefix: str) -> list[Entry]:
        base = self._at(prefix)
        if not base.is_dir():
            return []
        entries = []
        for folder, _, names in os.walk(base):
            for name in names:
                file = Path(folder) / name
                with suppress(FileNotFoundError):
                    state = file.stat()
                    entries.append(
                        Entry(
                            file.relative_to(self.uri).as_posix(), state.st_size, f"{state.st_size}-{state.st_mtime_ns}"
                        )
                    )
        return sorted(entries)

    def move(self, source: str, target: str) -> None:
        with _named(f"{self.uri}/{source}"):
            self._at(target).parent.mkdir(parents=True, exist_ok=True)
            self._at(source).replace(self._at(target))
        self._leave(self._at(source).parent)

    def delete(self, path: str) -> None:
        with _named(f"{self.uri}/{path}"):
            self._at(path).unlink(missing_ok=True)
        self._leave(self._at(path).parent)

    def _leave(self, folder: Path) -> None:
        """Remove folders that have become empty, up to the root."""
        with suppress(OSError):
            while folder != Path(self.uri):
                folder.rmdir()
                folder = folder.parent

    @contextmanager
    def lock(self, path: str) -> Iterator[None]:
        target = self._at(path)
        with _named(str(target)):
            target.parent.mkdir(parents=True, exist_ok=True)
            held = target.open("a+")
        with held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                held.seek(0)
                raise _in_use(self.uri, held.read()) from None
            except OSError:  # a file system without locks
                pass
            held.truncate(0)
            held.write(_holder())
            held.flush()
            yield


def _holder() -> str:
    return f"process {os.getpid()} on {gethostname()}"


def _in_use(uri: str, holder: str) -> StorageError:
    return StorageError(f"{uri}: {holder.strip() or 'another process'} is writing here; start again when it has ended")


@contextmanager
def _named(place: str) -> Iterator[None]:
    """Turn an operating system error into one that names the place."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{place}: {error.strerror or error}") from error


@cache
def _s3_client() -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client("s3", config=Config(retries={"max_attempts": ATTEMPTS, "mode": "standard"}, connect_timeout=5))


@cache
def _s3_filesystem() -> Any:
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options = {"endpoint_override": endpoint} if endpoint else {}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return fs.S3FileSystem(**options, **({"region": region} if region else {}))


@dataclass(frozen=True)
class S3Storage:
    """A prefix of a bucket: control through boto3 (conditional PUT), data through pyarrow."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def _key(self, path: str) -> str:
        return f"{self.prefix}/{path}" if self.prefix else path

    def _call(self, path: str, call: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call()
        except (BotoCoreError, ClientError, OSError) as error:
            raise StorageError(f"{self.uri}/{path}: {error}") from error

    def read(self, path: str) -> bytes:
        body = self._call(path, lambda: _s3_client().get_object(Bucket=self.bucket, Key=self._key(path))["Body"].read())
        return bytes(body)

    def open(self, path: str) -> BinaryIO:
        stream: BinaryIO = self._call(
            path, lambda: _s3_filesystem().open_input_file(f"{self.bucket}/{self._key(path)}")
        )
        return stream

    def write(self, path: str, data: Any) -> None:
        body = bytes(data)
        self._call(path, lambda: _s3_client().put_object(Bucket=self.bucket, Key=self._key(path), Body=body))

    def create(self, path: str, data: Any) -> bool:
        body = bytes(data)
        try:
            self._call(
                path,
                lambda: _s3_client().put_object(Bucket=self.bucket, Key=self._key(path), Body=body, IfNoneMatch="*"),
            )
        except StorageError as error:
            if _status(error) in (409, 412):
                return False
            raise
        return True

    def exists(self, path: str) -> bool:
        try:
            self._call(path, lambda: _s3_client().head_object(Bucket=self.bucket, Key=self._key(path)))
        except StorageError as error:
            if _status(error) == 404:
                return False
            raise
        return True

    def list(self, prefix: str) -> list[Entry]:
        folder = self._key(prefix).rstrip("/")
        under = f"{folder}/" if folder else ""
        strip = len(self.prefix) + 1 if self.prefix else 0

        def pages() -> list[Entry]:
            paginator = _s3_client().get_paginator("list_objects_v2")
            return [
                Entry(item["Key"][strip:], item["Size"], item["ETag"].strip('"'))
                for page in paginator.paginate(Bucket=self.bucket, Prefix=under)
                for item in page.get("Contents", [])
                if not item["Key"].endswith("/")
            ]

        return sorted(self._call(prefix, pages))

    def move(self, source: str, target: str) -> None:
        origin = {"Bucket": self.bucket, "Key": self._key(source)}
        # `copy` copies in parts above 5 GB, where `copy_object` refuses
        self._call(source, lambda: _s3_client().copy(origin, self.bucket, self._key(target)))
        self.delete(source)

    def delete(self, path: str) -> None:
        self._call(path, lambda: _s3_client().delete_object(Bucket=self.bucket, Key=self._key(path)))

    @contextmanager
    def lock(self, path: str) -> Iterator[None]:
        """A lease that a thread renews; what its holder has not renewed for `LEASE_S` is taken over."""
        mine, ended = f"{_holder()} ({uuid4().hex[:8]})", Event()

        def lease() -> bytes:
            return json.dumps({"holder": mine, "until": time() + LEASE_S}).encode()

        def renew() -> None:
            while not ended.wait(LEASE_S / 4):
                with suppress(StorageError):
                    self.write(path, lease())

        if not retried(lambda: self.create(path, lease())):
            found = json.loads(retried(lambda: self.read(path)))
            if found["until"] > time():
                raise _in_use(self.uri, found["holder"])
            retried(lambda: self.write(path, lease()))
        renewal = Thread(target=renew, daemon=True)
        renewal.start()
        try:
            yield
        finally:
            ended.set()
            renewal.join()
            with suppress(StorageError):
                self.delete(path)


def _status(error: StorageError) -> int | None:
    """The HTTP status of the answer that the error was made from."""
    response = getattr(error.__cause__, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(status) if status is not None else None


def retried(operation: Callable[[], T]) -> T:
    """The operation's result; a `StorageError` is tried again, the last one is raised."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return operation()
        except StorageError:
            sleep(0.2 * 2**attempt)
    return operation()
