"""Samples of what a run rejected: the bound, the value, and the beginning of the redacted text."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pipelines.languages import resolve_code
from pipelines.rundir import RunDir
from stages.errors import ConfigError
from stages.identify.codes import is_known, listed, name_of
from stages.pii.redact import apply_spans
from stages.registry import nearest

EXCERPT = 400
"""Characters of an excerpt."""

FATE = ("doc_id", "language", "reason", "bound", "value", "survivor", "detail")

ORIGIN = ("doc_id", "source", "source_id", "url", "locator", "text")

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)

REJECTIONS = """
    SELECT doc_id, language, reason FROM decisions WHERE NOT keep
    UNION ALL
    SELECT doc_id, language, reason FROM rejected WHERE doc_id NOT IN (SELECT doc_id FROM decisions WHERE NOT keep)
"""
"""Every rejection once: by `decide`, by ingestion, and by redaction in `select`."""


@dataclass(frozen=True)
class Sample:
    """A rejected document; `excerpt` is redacted, and None for a record that never became text."""

    doc_id: str
    language: str
    reason: str
    bound: str | None
    value: float | None
    survivor: str | None
    detail: str | None
    source: str
    source_id: str | None
    url: str | None
    locator: str | None
    why: str | None
    excerpt: str | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def inspect(run: RunDir, language: str | None = None, reason: str | None = None, n: int = 10) -> list[Sample]:
    """Up to `n` rejected documents, always the same ones: those with the smallest doc_id, which is a hash.

    `language` may be written as a user does (`et`, `est`); `reason` may be its beginning or its end at a dot, as
    `quality.gopher` or `word_count`. Raises `ConfigError` for a language or reason that nothing was rejected for.
    """
    language = _code(language) if language else None
    _check(run, language, reason)
    rows = run.query(
        f"SELECT doc_id FROM ({REJECTIONS}) WHERE ($1 IS NULL OR language = $1)"
        " AND ($2 IS NULL OR contains('.' || reason || '.', '.' || $2 || '.')) ORDER BY doc_id LIMIT $3",
        [language, reason, n],
    )
    return describe(run, rejected(run, [row["doc_id"] for row in rows]))


def rejected(run: RunDir, identities: Sequence[str]) -> list[dict[str, Any]]:
    """The fates of rejected documents, in this order; where `decide` kept one, with the `text` that was left of it."""
    decided = run.rows("decisions", identities, [*FATE, "keep"])
    fates = {identity: {**row, "detail": None, "text": None} for identity, row in decided.items() if not row["keep"]}
    apart = [identity for identity in identities if identity not in fates]
    fates |= {identity: {**row, "survivor": None} for identity, row in run.rows("rejected", apart).items()}
    return [fates[identity] for identity in identities]


def describe(run: RunDir, rows: Sequence[Mapping[str, Any]]) -> list[Sample]:
    """Samples from rows of fates, with what is known of each document."""
    identities = [row["doc_id"] for row in rows]
    documents = run.rows("documents", identities, ORIGIN)
    missing = [identity for identity in identities if identity not in documents]
    documents |= run.rows("rejected", missing, ORIGIN[:-1])
    spans = run.rows("annotations", identities, ["doc_id", "spans"])
    return [_sample(run, row, documents.get(row["doc_id"], {}), spans.get(row["doc_id"], {})) for row in rows]


def _sample(run: RunDir, row: Mapping[str, Any], document: Mapping[str, Any], annotation: Mapping[str, Any]) -> Sample:
    text = row["text"]
    if text is None and document.get("text") is not None:
        text = apply_spans(document["text"], annotation.get("spans") or [])
    column = (row["reason"] or "").rpartition(".")[2]
    known: dict[str, Any] = {name: row[name] for name in FATE}
    known |= {name: document.get(name) for name in ("source_id", "url", "locator")}
    return Sample(
        **known,
        source=document.get("source") or "",
        why=run.bounds(row["language"]).get(column, {}).get("why"),
        excerpt=None if text is None else excerpt(text),
    )


def excerpt(text: str, limit: int = EXCERPT) -> str:
    """The beginning of a text, cut at a space where one is near; what cannot be seen is made visible."""
    short = re.sub(r"\n\s*\n+", "\n", text.strip())
    if len(short) > limit:
        cut = short[:limit]
        space = cut.rfind(" ", limit - 40)
        short = (cut[:space] if space > 0 else cut).rstrip() + " …"
    return visible(short)


def visible(text: str) -> str:
    """The text with control, direction-override and tag characters written out, so that it cannot disturb a page."""
    return _INVISIBLE.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(0x2400 + code) if code < 0x20 else f"[U+{code:04X}]"


def render(samples: Iterable[Sample]) -> RenderableType:
    """The samples for a terminal."""
    blocks: list[RenderableType] = []
    for sample in samples:
        head = Text.assemble(
            (sample.reason, "bold red"), "  ", (sample.language, "cyan"), "  ", (sample.doc_id, "bold"), "\n"
        )
        if sample.bound is not None:
            head.append(f"bound {visible(sample.bound)}, value {shown_value(sample.value)}")
            head.append(f"; {visible(sample.why)}" if sample.why else "", "dim")
            head.append("\n")
        if sample.survivor:
            head.append(f"kept instead: {sample.survivor}\n")
        if sample.detail:
            head.append(f"{visible(sample.detail)}\n")
        origin = " · ".join(visible(part) for part in (sample.source, sample.url or sample.locator or "") if part)
        head.append(origin, "dim")
        text = Text(
            sample.excerpt if sample.excerpt is not None else "(no text)", style="" if sample.excerpt else "dim"
        )
        blocks += [head, Padding(text, (0, 0, 1, 2))]
    return Group(*(blocks or [Text("Nothing was rejected.")]))


def shown_value(value: float | None) -> str:
    """A measured value for people; null is what NaN and an absent value read as."""
    if value is None or math.isnan(value):
        return "none"
    return f"{value:,.0f}" if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else f"{value:.4g}"


def _code(language: str) -> str:
    """The code of a language; what is no language code stays, as `-` for what has none."""
    try:
        return resolve_code(language)
    except ConfigError:
        return language


def _check(run: RunDir, language: str | None, reason: str | None) -> None:
    if language is None and reason is None:
        return
    rows = run.query(f"SELECT DISTINCT language, reason FROM ({REJECTIONS})")
    languages = {row["language"] for row in rows}
    if language is not None and language not in languages:
        raise ConfigError(f"{run.uri}: {_none_in(run, language, languages)}")
    reasons = {row["reason"] for row in rows if language in (None, row["language"])}
    if reason is not None and not any(f".{reason}." in f".{known}." for known in reasons):
        raise ConfigError(f"{run.uri}: nothing was rejected for {reason!r}{_near(reason, reasons)}")


def _none_in(run: RunDir, language: str, rejected: set[str]) -> str:
    """Why there is no rejection in a language: the run kept all of it, has none of it, or it is no language."""
    if not is_known(language):
        return f"nothing was rejected in language {language!r}{_near(language, rejected)}"
    decided = run.query("SELECT 1 FROM decisions WHERE language = $1 LIMIT 1", [language])
    said = "nothing was rejected in" if decided else "the run decided on no text in"
    others = listed(sorted(rejected))
    return f"{said} {language!r}, {name_of(language)}; it rejected text in {others or 'no language'}"


def _near(word: str, known: set[str]) -> str:
    return nearest(word, known) if known else "; nothing was rejected"
