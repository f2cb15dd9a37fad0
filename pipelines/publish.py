"""Which outputs are public: the live files of the last run, and only those."""

import json
from collections.abc import Iterable

from pipelines.context import LIVE
from pipelines.storage import Storage, retried
from pipelines.unit import PRIVATE, STORE, Commit, OutputFile, public_path


def published_files(storage: Storage) -> frozenset[str]:
    """Names of the outputs that lie in their public place; finishes a publication that was interrupted."""
    if not storage.exists(LIVE):
        return frozenset()
    state = json.loads(retried(lambda: storage.read(LIVE)))
    if not state["complete"]:
        _move(storage, frozenset(state["before"]), frozenset(state["live"]))
        storage.write(LIVE, json.dumps({**state, "complete": True}).encode())
    return frozenset(state["live"])


def live_files(commits: Iterable[Commit]) -> list[OutputFile]:
    """Outputs that people read; work files of a step stay private."""
    return [file for commit in commits for file in commit.files if not file.path.startswith(f"{PRIVATE}/")]


def publish(storage: Storage, before: frozenset[str], files: Iterable[OutputFile]) -> frozenset[str]:
    """Move the live outputs to their public place and the replaced ones back to the store.

    The list of what shall be public is written first, so that an interrupted move is finished by the next run.
    """
    live = frozenset(file.path for file in files)
    if live != before:
        state = {"live": sorted(live), "before": sorted(before)}
        retried(lambda: storage.write(LIVE, json.dumps({**state, "complete": False}).encode()))
        _move(storage, before, live)
        retried(lambda: storage.write(LIVE, json.dumps({**state, "complete": True}).encode()))
    return live


def _move(storage: Storage, before: frozenset[str], live: frozenset[str]) -> None:
    for path in sorted(before - live):
        if storage.exists(public_path(path)):
            storage.move(public_path(path), f"{STORE}/{path}")
    for path in sorted(live - before):
        if storage.exists(f"{STORE}/{path}"):
            storage.move(f"{STORE}/{path}", public_path(path))
