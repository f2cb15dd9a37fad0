"""The documents that the pages show: chosen first, then described in one pass over the files."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.inspect import REJECTIONS, Sample, describe, rejected
from pipelines.rundir import RunDir

EACH = 4
REASONS = 60
"""Samples of each reason, and how many reasons have some: the most frequent."""

LANGUAGES = 40
"""How many languages have samples on their pages: the largest."""

BIGGEST = 10


@dataclass(frozen=True)
class Cluster:
    """A large cluster and one of its documents: what is kept of it, or else its first."""

    size: int
    exact: int
    languages: Sequence[str]
    kept: bool
    sample: Sample


@dataclass(frozen=True)
class Samples:
    """Rejected documents by reason and by language, and the largest clusters."""

    by_reason: Mapping[str, Sequence[Sample]]
    by_language: Mapping[str, Sequence[Sample]]
    clusters: Sequence[Cluster]


def read_samples(run: RunDir, languages: Sequence[str]) -> Samples:
    """Choose and describe documents; of the languages, the first have samples of their own."""
    firsts = _firsts(run)
    by_reason, by_language = _by_reason(firsts), _by_language(firsts, languages[:LANGUAGES])
    chosen = {identity for group in (by_reason, by_language) for found in group.values() for identity in found}
    fates, clusters = rejected(run, sorted(chosen)), _biggest_clusters(run)
    samples = describe(run, [*fates, *(row["fate"] for row in clusters)])
    described = {sample.doc_id: sample for sample in samples[: len(fates)]}
    return Samples(
        {reason: [described[identity] for identity in found] for reason, found in by_reason.items()},
        {code: [described[identity] for identity in found] for code, found in by_language.items()},
        [
            Cluster(row["size"], row["exact"], row["languages"], row["survivor"] is not None, sample)
            for row, sample in zip(clusters, samples[len(fates) :], strict=True)
        ],
    )


def _firsts(run: RunDir) -> list[dict[str, Any]]:
    """The first rejected documents of every language and reason, and how many `documents` there are.

    Those of the first file come first, so that a few row groups hold most of what is shown; then the smallest doc_id,
    which is a hash. A key is a digit, and the doc_id.
    """
    files = run.files("documents")
    near = run.read(files[0], ["doc_id"]) if files else pa.table({"doc_id": pa.array([], pa.string())})
    return run.query(
        f"""
        SELECT language, reason, min(CAST(near.doc_id IS NULL AS INT) || r.doc_id, {EACH}) AS keys,
               count(*) AS documents
        FROM ({REJECTIONS}) AS r LEFT JOIN near USING (doc_id) GROUP BY language, reason
        """,
        near=near,
    )


def _by_reason(firsts: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Documents of each of the most frequent reasons, in different languages where there are such."""
    rejected: Counter[str] = Counter()
    keys: dict[str, list[tuple[int, str]]] = {}
    for row in firsts:
        rejected[row["reason"]] += row["documents"]
        keys.setdefault(row["reason"], []).extend(enumerate(row["keys"]))
    frequent = sorted(rejected, key=lambda reason: (-rejected[reason], reason))[:REASONS]
    return {reason: [key[1:] for _, key in sorted(keys[reason])[:EACH]] for reason in frequent}


def _by_language(firsts: Iterable[Mapping[str, Any]], languages: Iterable[str]) -> dict[str, list[str]]:
    """Documents of each of the languages, of different reasons where there are such."""
    keys: dict[str, list[tuple[int, int, str, str]]] = {code: [] for code in languages}
    for row in firsts:
        if row["language"] in keys:
            found = keys[row["language"]]
            found += [(place, -row["documents"], row["reason"], key) for place, key in enumerate(row["keys"])]
    return {code: [key[1:] for *_, key in sorted(found)[:EACH]] for code, found in keys.items()}


def _biggest_clusters(run: RunDir) -> list[dict[str, Any]]:
    """The largest clusters with more than one document, each with the `fate` of the document that stands for it."""
    rows = run.query(
        f"""
        WITH biggest AS (
            SELECT cluster, cluster_size FROM clusters WHERE doc_id = cluster AND cluster_size > 1
            ORDER BY cluster_size DESC, cluster LIMIT {BIGGEST}
        )
        SELECT cluster, any_value(biggest.cluster_size) AS size, count(*) FILTER (evidence = 'exact') AS exact,
               list(DISTINCT d.language ORDER BY d.language)[:8] AS languages, min(d.doc_id) FILTER (keep) AS survivor,
               min(d.doc_id) AS member
        FROM clusters c JOIN biggest USING (cluster) JOIN decisions d ON d.doc_id = c.doc_id
        GROUP BY cluster ORDER BY size DESC, cluster
        """
    )
    nothing = dict.fromkeys(("reason", "bound", "value", "survivor", "detail", "text"))
    for row in rows:
        row["fate"] = {"doc_id": row["survivor"] or row["member"], "language": row["languages"][0], **nothing}
    return rows
