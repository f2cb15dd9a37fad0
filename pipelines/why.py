"""The story of one document: where it came from, what was measured, what was decided, where it ended."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.inspect import excerpt
from pipelines.rundir import RunDir
from pipelines.story import DocumentStory, Signal, Story, render
from stages.columns import IDENTIFICATION
from stages.corpus.fates import SECOND, SECOND_SCORE
from stages.errors import ConfigError
from stages.pii.redact import apply_spans

__all__ = ["render", "why"]

MATCHES = 5
"""Documents told for one source id, URL or locator."""

MEMBERS = 10
"""Members of a cluster that are named."""

MADE = ("augmented", "instructions")


def why(run: RunDir, ident: str, limit: int = MATCHES) -> Story:
    """The story of the documents with this doc_id, source id, URL or locator; `ConfigError` where there are none."""
    matches = _find(run, ident)
    if not matches:
        raise ConfigError(
            f"{run.uri}: no document has doc_id, source id, URL or locator {ident!r}; "
            "give one of them in full, as in documents/ or rejected/"
        )
    told = [_tell(run, folder, identity) for folder, identity in matches[:limit]]
    return Story(ident, len(matches), tuple(told))


def _find(run: RunDir, ident: str) -> list[tuple[str, str]]:
    """(dataset, doc_id) of each match; a document rejected after ingestion is found once, among the documents."""
    sql = "SELECT doc_id FROM {} WHERE doc_id = $1 OR source_id = $1 OR url = $1 OR locator = $1"
    found: dict[str, str] = {}
    for folder in ("documents", "rejected"):
        for row in run.query(sql.format(folder), [ident]):
            found.setdefault(row["doc_id"], folder)
    for folder in ("bitext", *(f"{base}/{name}" for base in MADE for name in run.parts(base))):
        for identity in _matching(run, folder, ident):
            found.setdefault(identity, folder)
    return sorted(((folder, identity) for identity, folder in found.items()), key=lambda match: match[1])


def _matching(run: RunDir, folder: str, ident: str) -> list[str]:
    dataset = run.dataset(folder)
    if dataset is None:
        return []
    key = "pair_id" if folder == "bitext" else "doc_id"
    names = [name for name in (key, "source_id", "url", "locator") if name in dataset.schema.names]
    condition = " OR ".join(f"{name} = $1" for name in names)
    return [row[key] for row in run.query(f"SELECT {key} FROM made WHERE {condition}", [ident], made=dataset)]


def _tell(run: RunDir, folder: str, identity: str) -> DocumentStory:
    if folder == "bitext":
        return _tell_pair(run, identity)
    row = run.rows(folder, [identity])[identity]
    if folder != "documents":
        return _tell_other(run, folder, row)
    annotation = run.rows("annotations", [identity]).get(identity, {})
    decision = run.rows("decisions", [identity]).get(identity)
    fate = _fate(run, identity, decision)
    spans = tuple(annotation.get("spans") or ())
    return DocumentStory(
        doc_id=identity,
        dataset=folder,
        source=_source(row),
        language={**{name: row[name] for name in IDENTIFICATION.names}, "claimed": row["language_claimed"]},
        decision=fate,
        signals=tuple(_signals(run, row["language"], annotation)),
        cluster=_cluster(run, identity, decision),
        spans=spans,
        excerpt=excerpt(apply_spans(row["text"], spans)),
        ended=tuple(_ended(run, identity, fate)),
    )


def _fate(run: RunDir, identity: str, decision: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The decision, or what `select` made of it: redaction may leave too little of a document that was to be kept."""
    if decision is None:
        return None
    row = run.rows("rejected", [identity], ["doc_id", "reason", "bound", "value"]).get(identity)
    final = {"keep": False, **row} if decision["keep"] and row else decision
    return {name: final[name] for name in ("keep", "reason", "bound", "value")}


def _tell_other(run: RunDir, folder: str, row: Mapping[str, Any]) -> DocumentStory:
    """A record that ingestion rejected, or a row that a recipe made."""
    rejected = folder == "rejected"
    decision = {"keep": False, **{name: row[name] for name in ("reason", "bound", "value")}} if rejected else None
    if rejected:
        ended = [f"rejected: {row['detail'] or row['reason']}", *_files(run, "rejected", row["doc_id"])]
    else:
        ended = [*_files(run, folder, row["doc_id"]), *_mixtures(run, row["doc_id"])]
    text = row.get("text") or "\n".join(f"{m['role']}: {m['content']}" for m in row.get("messages") or ())
    return DocumentStory(
        doc_id=row["doc_id"],
        dataset=folder,
        source=_source(row),
        language=None if row["language"] == "-" else {"language": row["language"]},
        decision=decision,
        signals=(),
        cluster=None,
        spans=(),
        excerpt=excerpt(text) if text else None,
        ended=tuple(ended),
    )


def _tell_pair(run: RunDir, identity: str) -> DocumentStory:
    (row,) = run.query("SELECT * FROM made WHERE pair_id = $1 LIMIT 1", [identity], made=run.dataset("bitext"))
    text = f"{row['src_lang']}: {row['src']}\n{row['tgt_lang']}: {row['tgt']}"
    made = [line for base in MADE for name in run.parts(base) for line in _derived(run, f"{base}/{name}", identity)]
    languages = {"language": f"{row['src_lang']} → {row['tgt_lang']}"}
    return DocumentStory(
        identity, "bitext", _source(row), languages, None, (), None, (), excerpt(text), ("kept in bitext/", *made)
    )


SOURCE = (
    *("source", "source_id", "url", "date", "licence", "locator", "origin", "recipe", "derived_from", "backend"),
    *("task", "meta"),
)


def _source(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in SOURCE if row.get(name) not in (None, [], "")}


def _signals(run: RunDir, language: str, annotation: Mapping[str, Any]) -> list[Signal]:
    bounds = run.bounds(language)
    found = []
    for column in run.schema("annotations"):
        if not (
            pa.types.is_floating(column.type) or pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
        ):
            continue
        value = annotation.get(column.name)
        number = None if value is None else float(value)
        bound = bounds.get(column.name)
        low, high = (bound.get("min"), bound.get("max")) if bound else (None, None)
        passes = None if bound is None else _passes(number, low, high, single=column.type == pa.float32())
        why = bound.get("why") if bound else None
        if passes is False and column.name == SECOND_SCORE and annotation[SECOND] in run.confusable(language):
            passes, why = True, f"{annotation[SECOND]} is confusable with {language}, no second language of the text"
        found.append(Signal(column.name, number, low, high, passes, why))
    return found


def _passes(value: float | None, low: float | None, high: float | None, *, single: bool) -> bool:
    """As `decide` compares: in the width of the column; null and NaN fail."""
    if value is None or math.isnan(value):
        return False
    width = np.float32 if single else np.float64
    return bool((low is None or width(value) >= width(low)) and (high is None or width(value) <= width(high)))


def _cluster(run: RunDir, identity: str, decision: Mapping[str, Any] | None) -> dict[str, Any] | None:
    own = run.rows("clusters", [identity]).get(identity)
    if own is None or own["cluster_size"] < 2:
        return None
    members = run.query(
        "SELECT c.doc_id, d.language, d.keep, d.reason FROM clusters c LEFT JOIN decisions d USING (doc_id)"
        " WHERE c.cluster = $1 ORDER BY d.keep DESC NULLS LAST, c.doc_id LIMIT $2",
        [own["cluster"], MEMBERS],
    )
    survivor = decision["survivor"] if decision else None
    return {
        "cluster": own["cluster"],
        "size": own["cluster_size"],
        "evidence": own["evidence"],
        "survivor": identity if decision and decision["keep"] else survivor,
        "members": members,
    }


def _ended(run: RunDir, identity: str, decision: Mapping[str, Any] | None) -> list[str]:
    if decision is None:
        return ["no decision: the pipeline has no step decide, or its shard is quarantined"]
    if not decision["keep"]:
        return [f"rejected by {decision['reason']}", *_files(run, "rejected", identity)]
    corpus = _files(run, "corpus", identity)
    if not corpus:
        return ["kept by decide, but in no corpus: the pipeline has no step select, or its shard is quarantined"]
    made = [line for base in MADE for name in run.parts(base) for line in _derived(run, f"{base}/{name}", identity)]
    return [*corpus, *_mixtures(run, identity), *made]


def _files(run: RunDir, folder: str, identity: str) -> list[str]:
    path = run.where(folder, identity)
    return [f"in {path}"] if path else []


def _mixtures(run: RunDir, identity: str) -> list[str]:
    """Copies in each mixture, by phase."""
    lines = []
    for name in run.parts("mixture"):
        dataset = run.dataset(f"mixture/{name}")
        if dataset is None or "doc_id" not in dataset.schema.names:
            continue
        phase = "phase" if "phase" in dataset.schema.names else "NULL"
        rows = run.query(
            f"SELECT {phase} AS phase, count(*) AS n FROM mixture WHERE doc_id = $1 GROUP BY ALL ORDER BY ALL",
            [identity],
            mixture=dataset,
        )
        lines += [
            f"mixture {name}{', phase ' + str(r['phase']) if r['phase'] is not None else ''}: "
            f"{r['n']} cop{'y' if r['n'] == 1 else 'ies'}"
            for r in rows
        ]
        if not rows and run.query("SELECT 1 FROM mixture WHERE source = 'corpus' LIMIT 1", mixture=dataset):
            lines.append(f"mixture {name}: not drawn")
    return lines


def _derived(run: RunDir, folder: str, identity: str) -> list[str]:
    dataset = run.dataset(folder)
    if dataset is None or "derived_from" not in dataset.schema.names:
        return []
    rows = run.query(
        "SELECT doc_id FROM made WHERE list_contains(derived_from, $1) ORDER BY doc_id LIMIT 3",
        [identity],
        made=dataset,
    )
    return [f"{folder} made {row['doc_id']} of it" for row in rows]
