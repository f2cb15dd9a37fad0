"""Removal of outputs that the last run does not consist of."""

import json
from dataclasses import dataclass

from pipelines.context import LOCK
from pipelines.publish import published_files
from pipelines.storage import Storage, open_storage, retried
from pipelines.unit import COMMITS, PRIVATE, QUARANTINE, STORE, Commit, commit_path
from stages.errors import ConfigError


@dataclass(frozen=True)
class Collected:
    files: int
    bytes: int


def collect(uri: str) -> Collected:
    """Delete the commit records and outputs of old step keys, and what interrupted writes left behind."""
    storage = open_storage(uri)
    if not storage.exists("run.json"):
        raise ConfigError(f"{uri}: not a run directory, it has no run.json; give the --output of a finished run")
    with storage.lock(LOCK):
        return _collect(storage)


def _collect(storage: Storage) -> Collected:
    published = published_files(storage)  # finishes an interrupted publication first
    described = json.loads(retried(lambda: storage.read("run.json")))
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
