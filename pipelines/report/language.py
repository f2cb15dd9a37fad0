"""A page for one language: what became of its documents, its bounds with their reasons, and what they reject."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipelines.inspect import Sample
from pipelines.report.documents import card, signal_card
from pipelines.report.fairness import COLUMNS, Fairness
from pipelines.report.frame import Section, page
from pipelines.report.markup import Child, Html, element, join
from pipelines.report.numbers import count, share, size
from pipelines.report.signals import Signals
from pipelines.report.tables import Cell, table
from pipelines.report.totals import LanguageTotals
from pipelines.rundir import RunDir

FOLDER = "report"
SOURCES = 40
"""Sources and runner-up languages that one page lists."""


class LanguageDetails(NamedTuple):
    """Rows of every language's page that one query each finds for all of them."""

    sources: Mapping[str, Sequence[Mapping[str, Any]]]
    runners_up: Mapping[str, Sequence[Mapping[str, Any]]]


def read_details(run: RunDir) -> LanguageDetails:
    """Sources with their licences, and which language the identifier found second, by language."""
    sources = run.query(
        f"""
        WITH counted AS (
            SELECT d.language, d.source, coalesce(d.licence, 'not stated') AS licence, count(*) AS documents,
                   count(*) FILTER (s.keep) AS kept
            FROM documents d LEFT JOIN decisions s USING (doc_id) GROUP BY ALL
        )
        SELECT * FROM counted
        QUALIFY row_number() OVER (PARTITION BY language ORDER BY documents DESC, source, licence) <= {SOURCES}
        ORDER BY documents DESC, source, licence
        """
    )
    runners_up = run.query(
        f"""
        WITH counted AS (
            SELECT language, language_second AS second, count(*) AS documents FROM annotations
            WHERE language_second IS NOT NULL GROUP BY ALL
        )
        SELECT * FROM counted
        QUALIFY row_number() OVER (PARTITION BY language ORDER BY documents DESC, second) <= {SOURCES}
        ORDER BY documents DESC, second
        """
    )
    return LanguageDetails(_by_language(sources), _by_language(runners_up))


def _by_language(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["language"], []).append(row)
    return found


def path_of(code: str) -> str:
    """Where the page of a language lies, below the run directory."""
    return f"{FOLDER}/{code}.html"


def render_language(
    run: RunDir,
    total: LanguageTotals,
    fairness: Fairness,
    signals: Signals,
    samples: Sequence[Sample],
    details: LanguageDetails,
) -> str:
    """The page of one language."""
    code = total.code
    sections = [
        Section(
            "bounds",
            "Bounds",
            "What rejects a document, and why the limit is where it is.",
            _bounds(run, total, signals),
        ),
        Section("reasons", "Other reasons", None, _other_reasons(run, total)),
        Section(
            "signals",
            "Signals",
            "Values of the documents of this language. Shaded values are rejected; heights are square roots of counts.",
            _signals(signals, code),
        ),
        Section(
            "rejected",
            "Rejected",
            None,
            element("div", *(card(run, s) for s in samples), class_="samples") if samples else None,
        ),
        Section("sources", "Sources", None, _sources(details.sources.get(code, ()))),
        Section("identification", "Identification", None, _runners_up(run, code, details.runners_up.get(code, ()))),
        Section("settings", "Settings", None, _settings(run, code)),
    ]
    return page(
        f"{run.language_name(code)} · {run.record['pipeline']['name']} · babelmill",
        _top(run, total, fairness),
        sections,
    )


def _top(run: RunDir, total: LanguageTotals, fairness: Fairness) -> Html:
    name = run.language_name(total.code)
    header = element(
        "header",
        element(
            "p",
            element("a", f"{run.record['pipeline']['name']}: all languages", href="../report.html"),
            class_="eyebrow",
        ),
        element("h1", name),
        element("p", element("code", total.code), class_="lead"),
    )
    numbers = [
        ("Documents", count(total.entered), size(total.entered_bytes)),
        ("Kept", count(total.kept), share(total.kept, total.entered)),
        ("Text kept", size(total.kept_bytes), f"of {size(total.entered_bytes)}"),
    ]
    if total.tokens is not None:
        numbers.append(("Mixture tokens", count(total.tokens), ""))
    told = {"Documents", "Kept"}
    numbers += [
        (column.title, column.shown(fairness), "")
        for column in COLUMNS
        if column.title not in told and not column.timed and column.value(fairness) is not None
    ]
    cards = [element("div", element("dt", t), element("dd", value), element("dd", note)) for t, value, note in numbers]
    return join(header, element("dl", *cards, class_="cards"))


def _bounds(run: RunDir, total: LanguageTotals, signals: Signals) -> Html | None:
    """Every bound with what it rejects first, and what lies outside of it whatever else rejects it."""
    outside = {signal.column: signal.outside.get(total.code, 0) for signal in signals.signals}
    decisive = {reason.rpartition(".")[2]: n for reason, n in total.reasons.items() if not reason.startswith("dedup.")}
    bounds = run.bounds(total.code)
    ordered = sorted(bounds, key=lambda column: (-decisive.get(column, 0), -outside.get(column, 0), column))
    rows: list[list[Child | Cell]] = [
        [
            element("code", column),
            _limits(bounds[column]),
            Cell(count(decisive.get(column, 0)), decisive.get(column, 0)),
            Cell(count(outside[column]), outside[column]) if column in outside else Cell("not measured", -1),
            bounds[column].get("why") or "",
        ]
        for column in ordered
    ]
    columns = ["Bound", "Limits", "Rejected by it first", "Outside", "Why"]
    return table("bounds-table", "Bounds of this language", columns, rows, filtered=len(rows) > 12) if rows else None


def _limits(bound: Mapping[str, Any]) -> str:
    low = [] if bound.get("min") is None else [f"≥ {bound['min']:g}"]
    return " and ".join(low + ([] if bound.get("max") is None else [f"≤ {bound['max']:g}"]))


def _other_reasons(run: RunDir, total: LanguageTotals) -> Html | None:
    bounds = run.bounds(total.code)
    others = {
        reason: n
        for reason, n in total.reasons.items()
        if reason.rpartition(".")[2] not in bounds or reason.startswith("dedup.")
    }
    rows: list[list[Child | Cell]] = [
        [element("code", reason), Cell(count(n), n), Cell(share(n, total.entered), n / max(total.entered, 1))]
        for reason, n in sorted(others.items(), key=lambda item: (-item[1], item[0]))
    ]
    caption = "Rejections that no bound decides"
    return table("reasons-table", caption, ["Reason", "Documents", "Share"], rows, filtered=False) if rows else None


def _signals(signals: Signals, code: str) -> Html | None:
    bounded = [signal for signal in signals.signals if code in signal.bounds and code in signal.counts]
    cards = [signal_card(signals, signal, code) for signal in bounded]
    return element("div", *cards, class_="signals") if cards else None


def _sources(rows: Sequence[Mapping[str, Any]]) -> Html | None:
    body: list[list[Child | Cell]] = [
        [
            row["source"],
            row["licence"],
            Cell(count(row["documents"]), row["documents"]),
            Cell(count(row["kept"]), row["kept"]),
            Cell(share(row["kept"], row["documents"]), row["kept"] / row["documents"]),
        ]
        for row in rows
    ]
    columns = ["Source", "Licence", "Documents", "Kept by decide", "Kept %"]
    return table("sources-table", "Where its text comes from", columns, body, filtered=False) if body else None


def _runners_up(run: RunDir, code: str, rows: Sequence[Mapping[str, Any]]) -> Html | None:
    body: list[list[Child | Cell]] = [
        [
            join(element("b", run.language_name(row["second"])), " ", element("code", row["second"])),
            Cell(count(row["documents"]), row["documents"]),
        ]
        for row in rows
    ]
    caption = f"Which language came second where {run.language_name(code)} came first"
    return table("second-table", caption, ["Language", "Documents"], body, filtered=False) if body else None


def _settings(run: RunDir, code: str) -> Html:
    text = run.record["languages"].get(code, {}).get("text") or {}
    lists = [
        element(
            "details", element("summary", f"{key.replace('_', ' ')} ({len(value):,})"), element("p", " ".join(value))
        )
        for key, value in sorted(text.items())
        if isinstance(value, list)
    ]
    ends = element("p", "Sentences end in ", element("code", text["terminators"])) if "terminators" in text else None
    near = sorted(run.confusable(code))
    confusable = element("p", "Confusable with ", ", ".join(map(run.language_name, near))) if near else None
    command = f"babelmill lang try {code} --run DIR --set COLUMN.min=NUMBER"
    return join(ends, confusable, *lists, element("p", "What another bound would change: ", element("code", command)))
