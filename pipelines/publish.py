"""Which outputs are public: the live files of the last run, and only those."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from pipelines.context import LIVE
from pipelines.storage import Storage, retried
from pipelines.unit import COMMITS, PRIVATE, STORE, Commit, OutputFile, public_path
from stages.errors import ConfigError

MOVES_AT_ONCE = 16
"""On S3 a move is a copy that the server makes: its time is waiting."""


def published_files(storage: Storage, *, finish: bool = True) -> frozenset[str]:
    """Names of the outputs in their public place; finishes a publication that was interrupted, unless told not to."""
    if not retried(lambda: storage.exists(LIVE)):
        return frozenset()
    state = json.loads(retried(lambda: storage.read(LIVE)))
    if finish and not state["complete"]:
        _move(storage, frozenset(state["before"]), frozenset(state["live"]))
        retried(lambda: storage.write(LIVE, json.dumps({**state, "complete": True}).encode()))
    return frozenset(state["live"])


def read_record(storage: Storage) -> dict[str, Any]:
    """run.json; ConfigError for a folder that holds no run."""
    if not retried(lambda: storage.exists("run.json")):
        if retried(lambda: storage.list(COMMITS)):
            raise ConfigError(f"{storage.uri}: this run has not ended yet; the same `babelmill run` goes on with it")
        raise ConfigError(f"{storage.uri}: no run here (run.json is missing); give the --output of a babelmill run")
    try:
        record: dict[str, Any] = json.loads(retried(lambda: storage.read("run.json")))
    except ValueError as error:
        raise ConfigError(f"{storage.uri}/run.json: {error}; run the pipeline again to rewrite it") from None
    return record


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
    """First everything out, then everything in; what an interrupted publication has moved already is left alone.

    Where a file is in the store, it has been moved out, and what lies in its public place (if anything) is a later
    output of the same name, or the source of a copy that was interrupted before its deletion.
    """
    taken = {public_path(path) for path in live}

    def withdraw(path: str) -> None:
        public, stored = public_path(path), f"{STORE}/{path}"
        if not storage.exists(stored):
            if storage.exists(public):
                storage.move(public, stored)
        elif public not in taken:
            storage.delete(public)

    def show(path: str) -> None:
        if storage.exists(f"{STORE}/{path}"):
            storage.move(f"{STORE}/{path}", public_path(path))

    with ThreadPoolExecutor(MOVES_AT_ONCE) as pool:
        for change, paths in ((withdraw, before - live), (show, live - before)):
            for done in [pool.submit(retried, partial(change, path)) for path in sorted(paths)]:
                done.result()
