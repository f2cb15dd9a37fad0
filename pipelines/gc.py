"""Removal of outputs that the last run does not consist of."""

from dataclasses import dataclass

from pipelines.context import LOCK
from pipelines.publish import published_files, read_record
from pipelines.storage import Storage, open_storage
from pipelines.unit import COMMITS, PRIVATE, QUARANTINE, STORE, Commit, commit_path


@dataclass(frozen=True)
class Collected:
    files: int
    bytes: int


def collect(uri: str) -> Collected:
    """Delete the commit records and outputs of old step keys, and what interrupted writes left behind."""
    storage = open_storage(uri)
    read_record(storage)
    with storage.lock(LOCK):
        return _collect(storage)


def _collect(storage: Storage) -> Collected:
    published = published_files(storage)  # finishes an interrupted publication first
    described = read_record(storage)
    keep = {commit_path(step, key) for step, key in described["commits"]}
    for path in list(keep):
        if storage.exists(path):
            files = Commit.from_json(storage.read(path)).files
            keep |= {f"{STORE}/{file.path}" for file in files if file.path not in published}
    removed = size = 0
    for entry in storage.list(PRIVATE):
        removable = entry.path.startswith((f"{COMMITS}/", f"{STORE}/", f"{QUARANTINE}/")) or entry.path.endswith(".tmp")
        if removable and entry.path not in keep:
            storage.delete(entry.path)
            removed, size = removed + 1, size + entry.size
    return Collected(removed, size)
