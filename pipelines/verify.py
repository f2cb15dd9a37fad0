"""Proof that a run directory holds what its commit records say, and that its ledger balances."""

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pyarrow.parquet as pq
import xxhash

from pipelines.ledger import imbalances
from pipelines.publish import live_files, read_record
from pipelines.storage import Storage, open_storage
from pipelines.unit import PRIVATE, Commit, commit_path

CHAIN = ("ingest", "annotate", "cluster", "decide", "select")
"""Steps of which each takes in exactly what the one before it kept."""


def verify(uri: str) -> list[str]:
    """One line for everything that differs; an empty list when the run is whole."""
    storage = open_storage(uri)
    described = read_record(storage)
    commits = []
    problems = []
    for step, key in described["commits"]:
        path = commit_path(step, key)
        if storage.exists(path):
            commits.append(Commit.from_json(storage.read(path)))
        else:
            problems.append(f"{path}: the commit record of {step} is missing")
    problems += _files(storage, commits)
    ledger = pq.read_table(io.BytesIO(storage.read("ledger.parquet"))).to_pylist()
    problems += imbalances(ledger)
    problems += _chain(ledger)
    return problems


def _files(storage: Storage, commits: list[Commit]) -> Iterator[str]:
    expected = {file.public: file for file in live_files(commits)}
    for path, file in expected.items():
        if not storage.exists(path):
            yield f"{path}: missing"
            continue
        data = storage.read(path)
        if len(data) != file.bytes:
            yield f"{path}: {len(data):,} bytes, recorded {file.bytes:,}"
        elif xxhash.xxh3_128_hexdigest(data) != file.checksum:
            yield f"{path}: its checksum differs from the recorded one"
        elif path.endswith(".parquet"):
            rows = pq.read_metadata(io.BytesIO(data)).num_rows
            if rows != file.rows:
                yield f"{path}: {rows:,} rows, recorded {file.rows:,}"
    folders = {path.split("/", 1)[0] for path in expected}
    for entry in storage.list(""):
        if entry.path.split("/", 1)[0] in folders and entry.path not in expected and not entry.path.startswith(PRIVATE):
            yield f"{entry.path}: not part of the run"


def _chain(ledger: list[Mapping[str, Any]]) -> Iterator[str]:
    """What a step kept is what the next one took in, language by language once it is known."""
    flows: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    present = []
    for row in ledger:
        if row["step"] not in present:
            present.append(row["step"])
        if row["step"] == "ingest" and row["flow"] == "kept" and row["reason"] != "documents":
            continue
        if row["flow"] in ("in", "kept"):
            flows[(row["step"], row["flow"])][row["language"]] += row["documents"] or 0
    steps = [step for step in CHAIN if step in present]
    for before, after in pairwise(steps):
        kept, taken = flows[(before, "kept")], flows[(after, "in")]
        if before == "ingest":
            kept, taken = {"-": sum(kept.values())}, {"-": sum(taken.values())}
        for language in sorted({*kept, *taken}):
            if kept.get(language, 0) != taken.get(language, 0):
                yield (
                    f"ledger: language {language}: {before} kept {kept.get(language, 0):,} documents, "
                    f"{after} took in {taken.get(language, 0):,}"
                )
