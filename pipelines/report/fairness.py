"""How each language fares: identification, clean text dropped, tokens per word, speed, where its text comes from."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from pipelines.report.markup import Child, Html, element, join
from pipelines.report.numbers import count, share
from pipelines.report.signals import ALL, Signals
from pipelines.report.speed import segmentation_speeds
from pipelines.report.tables import Cell, language_cell, table
from pipelines.report.totals import LanguageTotals
from pipelines.rundir import RunDir
from stages.columns import UNDETERMINED
from stages.errors import ConfigError
from stages.identify.codes import resolve_or_none

BIBLE: Final = r"bible|bibel|biblia|scripture|jw\.org|wordproject"
WIKIPEDIA: Final = r"wikipedia|wikimedia|(^|[^a-z])wiki([^a-z]|$)"
"""What the source or the host of a text's address holds where it is from one of them; others are not told apart."""


@dataclass(frozen=True)
class Fairness:
    """What a run knows of one language; None where it knows nothing."""

    code: str
    documents: int = 0
    kept: int = 0
    score: float | None = None  # median of the identifier's
    low_scores: int | None = None  # documents whose score lies outside of its bound
    claimed: int | None = None  # documents whose input says that they are in this language
    confirmed: int | None = None  # of these, identified so
    undetermined: int | None = None  # of these, `und`
    kept_bytes: int | None = None
    bible_bytes: int | None = None
    wikipedia_bytes: int | None = None
    fertility: float | None = None  # tokens per word
    bytes_per_token: float | None = None
    speed: float | None = None  # MB per second of one core in which its words are found
    clean: int | None = None  # documents of reference text that it was tried on
    clean_dropped: int | None = None


def read_fairness(
    run: RunDir,
    totals: Sequence[LanguageTotals],
    signals: Signals,
    clean_text: str | None = None,
    speeds: Callable[[], Mapping[str, float]] | None = None,
) -> dict[str, Fairness]:
    """Every language of the run, in the order of its totals.

    `clean_text` is the JSON file in which a measurement on reference text says what bounds drop of it, as
    `languages`: `name`, `documents`, `dropped`. Raises `ConfigError` for a file of another form.
    Speeds are measured here, unless `speeds` waits for those of another process.
    """
    found = {total.code: Fairness(total.code, total.entered, total.kept) for total in totals}
    for facts in (
        _scores(run),
        _low_scores(signals),
        _claims(run),
        _origins(run),
        _tokens(run),
        {code: {"speed": speed} for code, speed in (speeds or partial(segmentation_speeds, run))().items()},
        _clean(clean_text) if clean_text is not None else {},
    ):
        for code, known in facts.items():
            if code in found:
                found[code] = replace(found[code], **known)
    return found


Facts = Mapping[str, Mapping[str, Any]]


def _scores(run: RunDir) -> Facts:
    """Medians, by rank: a sort goes to the disk where it must; the aggregate `median` holds every value in memory."""
    rows = run.query(
        """
        WITH placed AS (
            SELECT language, CAST(language_score AS DOUBLE) AS score, count(*) OVER (PARTITION BY language) AS scores,
                   row_number() OVER (PARTITION BY language ORDER BY language_score) AS place
            FROM annotations WHERE isfinite(language_score)
        )
        SELECT language, avg(score) AS score FROM placed WHERE place IN ((scores + 1) // 2, scores // 2 + 1)
        GROUP BY language
        """
    )
    return {row.pop("language"): row for row in rows}


def _low_scores(signals: Signals) -> Facts:
    signal = next((signal for signal in signals.signals if signal.column == "language_score"), None)
    if signal is None:
        return {}
    return {code: {"low_scores": signal.outside.get(code, 0)} for code in signal.bounds if code != ALL}


def _claims(run: RunDir) -> Facts:
    rows = run.query(
        "SELECT language_claimed AS label, language, count(*) AS documents FROM documents"
        " WHERE language_claimed IS NOT NULL GROUP BY ALL"
    )
    codes = {label: resolve_or_none(label) for label in {row["label"] for row in rows}}
    facts: dict[str, dict[str, float | int]] = {}
    for row in rows:
        if (code := codes[row["label"]]) is not None:
            known = facts.setdefault(code, {"claimed": 0, "confirmed": 0, "undetermined": 0})
            known["claimed"] += row["documents"]
            known["confirmed"] += row["documents"] * (row["language"] == code)
            known["undetermined"] += row["documents"] * (row["language"] == UNDETERMINED)
    return facts


def _origins(run: RunDir) -> Facts:
    """Bytes of what is kept, by where it comes from."""
    rows = run.query(
        """
        WITH kept AS (
            SELECT d.language, sum(a.text_bytes) AS text_bytes,
                   lower(d.source || ' ' || coalesce(regexp_extract(d.url, '^[a-zA-Z]+://([^/]*)', 1), '')) AS origin
            FROM documents d JOIN decisions s USING (doc_id) JOIN annotations a USING (doc_id) WHERE s.keep
            GROUP BY ALL
        )
        SELECT language, CAST(sum(text_bytes) AS BIGINT) AS kept_bytes,
               CAST(coalesce(sum(text_bytes) FILTER (regexp_matches(origin, $1)), 0) AS BIGINT) AS bible_bytes,
               CAST(coalesce(sum(text_bytes) FILTER (regexp_matches(origin, $2)), 0) AS BIGINT) AS wikipedia_bytes
        FROM kept GROUP BY language
        """,
        [BIBLE, WIKIPEDIA],
    )
    return {row.pop("language"): row for row in rows}


def _tokens(run: RunDir) -> Facts:
    """Of the first tokenizer, by name."""
    for name in run.parts("tokenizer"):
        if run.storage.exists(f"tokenizer/{name}/stats.parquet"):
            rows = run.query("SELECT * FROM fair_stats", fair_stats=run.read(f"tokenizer/{name}/stats.parquet"))
            return {
                row["language"]: {"bytes_per_token": row["bytes"] / row["tokens"]}
                | ({"fertility": row["tokens"] / row["words"]} if row["words"] else {})
                for row in rows
                if row["tokens"]
            }
    return {}


def _clean(path: str) -> Facts:
    facts: dict[str, dict[str, float | int]] = {}
    try:
        for row in json.loads(Path(path).read_bytes())["languages"]:
            code = resolve_or_none(row["name"]) or row["name"]
            known = facts.setdefault(code, {"clean": 0, "clean_dropped": 0})
            known["clean"] += int(row["documents"])
            known["clean_dropped"] += int(row["dropped"])
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; give the JSON file of a measurement on clean text") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"{path}: not a measurement on clean text: it needs `languages`, a list of name, documents and dropped"
        ) from None
    return facts


@dataclass(frozen=True)
class _Column:
    """A column of the table; its value is None where nothing is known, and left out where that is so everywhere.

    One that is `timed` differs from run to run: it stands in `report.html` alone.
    """

    title: str
    meaning: str
    value: Callable[[Fairness], float | None]
    shown: Callable[[Fairness], str]
    timed: bool = False


def _part(
    title: str, meaning: str, part: Callable[[Fairness], int | None], whole: Callable[[Fairness], int | None]
) -> _Column:
    def value(row: Fairness) -> float | None:
        some, everything = part(row), whole(row)
        return None if some is None or not everything else some / everything

    return _Column(title, meaning, value, lambda row: share(part(row) or 0, whole(row) or 0))


COLUMNS: Final = (
    _Column("Documents", "those annotated", lambda row: row.documents, lambda row: count(row.documents)),
    _part("Kept", "share of them in the corpus", lambda row: row.kept, lambda row: row.documents),
    _part(
        "Clean dropped",
        "share of reference text that the bounds drop",
        lambda row: row.clean_dropped,
        lambda row: row.clean,
    ),
    _Column(
        "Score",
        "median of the language identifier's scores",
        lambda row: row.score,
        lambda row: f"{row.score:.3f}",
    ),
    _part(
        "Low score",
        "share of documents whose score is outside of its bound",
        lambda row: row.low_scores,
        lambda row: row.documents,
    ),
    _Column(
        "Claimed",
        "documents whose input says that they are in this language",
        lambda row: row.claimed,
        lambda row: count(row.claimed),
    ),
    _part(
        "Confirmed",
        "share of those claimed that were identified as this language",
        lambda row: row.confirmed,
        lambda row: row.claimed,
    ),
    _part(
        "Claimed, und",
        "share of those claimed whose language stays undetermined",
        lambda row: row.undetermined,
        lambda row: row.claimed,
    ),
    _Column(
        "Tokens/word",
        "tokens of the first tokenizer for each word",
        lambda row: row.fertility,
        lambda row: f"{row.fertility:.2f}",
    ),
    _Column(
        "Bytes/token",
        "bytes of text for each token of the first tokenizer",
        lambda row: row.bytes_per_token,
        lambda row: f"{row.bytes_per_token:.2f}",
    ),
    _Column(
        "Words, MB/s",
        "MB of text per second of one core in which its words are found",
        lambda row: row.speed,
        lambda row: f"{row.speed:.1f}",
        timed=True,
    ),
    _part(
        "Bible",
        "share of the kept bytes from a source or host whose name says that it has Bible text",
        lambda row: row.bible_bytes,
        lambda row: row.kept_bytes,
    ),
    _part(
        "Wikipedia",
        "share of the kept bytes from a source or host named after Wikipedia",
        lambda row: row.wikipedia_bytes,
        lambda row: row.kept_bytes,
    ),
)


def _known(found: Mapping[str, Fairness]) -> list[_Column]:
    """The columns that have a value for a language."""
    return [column for column in COLUMNS if any(column.value(row) is not None for row in found.values())]


def meanings(found: Mapping[str, Fairness]) -> str:
    """What the columns of the table are, those that it has."""
    return " ".join(f"{column.title}: {column.meaning}." for column in _known(found))


def fairness_table(run: RunDir, found: Mapping[str, Fairness]) -> Html | None:
    """One row for each language; what the run knows of none is left out."""
    if not found:
        return None
    known = _known(found)
    rows: list[list[Child | Cell]] = [
        [language_cell(run, code), *(_cell(column, row) for column in known)] for code, row in found.items()
    ]
    caption = "Languages side by side"
    columns = ["Language", *(column.title for column in known)]
    return join(_undetermined(found), table("fairness-table", caption, columns, rows, filtered=True))


def _cell(column: _Column, row: Fairness) -> Cell:
    value = column.value(row)
    if value is None:
        return Cell("–", -1)
    shown = column.shown(row)
    return Cell(element("span", shown, class_="timed") if column.timed else shown, value)


def _undetermined(found: Mapping[str, Fairness]) -> Html:
    everything = sum(row.documents for row in found.values())
    none = found[UNDETERMINED].documents if UNDETERMINED in found else 0
    return element("p", f"{share(none, everything)} of the documents are undetermined ({none:,} of {everything:,}).")
