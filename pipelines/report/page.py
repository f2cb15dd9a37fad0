"""report.html: one page without external requests that explains a run."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

from pipelines.report.documents import clusters, drawings, samples, signal_plots
from pipelines.report.markup import Html, element, join
from pipelines.report.overview import flow, header, headline, quarantined
from pipelines.report.signals import read_signals
from pipelines.report.tables import languages_table, mixture_tables, sources_table, tokenizer_tables
from pipelines.report.totals import balance, language_totals, step_totals
from pipelines.rundir import RunDir
from pipelines.storage import retried

NAME = "report.html"


def write_report(run: RunDir) -> str:
    """Write report.html into the run directory and return where it lies.

    The page holds aggregates and a bounded number of samples and bins, whatever the size of the run. Text on it is
    redacted and escaped.
    """
    page = render(run).encode()
    retried(lambda: run.storage.write(NAME, page))
    return f"{run.uri.rstrip('/')}/{NAME}"


def render(run: RunDir) -> str:
    """The page."""
    steps, languages, found = step_totals(run), language_totals(run), read_signals(run)
    reasons: dict[str, int] = {}
    for step in steps:
        for reason, documents in step.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + documents
    sections = [
        ("quarantined", "Quarantined", None, quarantined(run)),
        (
            "flow",
            "Flow",
            "Documents through the steps; band widths are shares of the largest step.",
            flow(steps, balance(run)),
        ),
        ("languages", "Languages", None, languages_table(run, languages) if languages else None),
        (
            "signals",
            "Signals",
            "Every signal over all documents, with the bounds of lang_configs drawn in. Shaded values are rejected. "
            "Heights are square roots of counts, so that tails show.",
            signal_plots(run, found),
        ),
        (
            "rejected",
            "Rejected",
            "Samples of each reason: the bound, the value, the redacted beginning.",
            samples(run, reasons),
        ),
        ("clusters", "Duplicates", None, clusters(run)),
        ("tokenizers", "Tokenizers", None, join(*tokenizer_tables(run)) or None),
        ("mixtures", "Mixtures", "Shares planned and real.", join(*mixture_tables(run)) or None),
        ("sources", "Sources", None, sources_table(run)),
    ]
    shown = [(name, title, lead, body) for name, title, lead, body in sections if body is not None]
    script = _asset("script.js")
    return "<!doctype html>\n" + element(
        "html",
        _head(run, script),
        element(
            "body",
            element("div", header(run), headline(steps, languages), class_="top"),
            element(
                "nav", *(element("a", title, href=f"#{name}") for name, title, _, _ in shown), aria_label="Sections"
            ),
            element("main", *(_section(*section) for section in shown)),
            element("script", Html(drawings(found)), type="application/json", id="signal-data"),
            element("script", Html(script)),
        ),
        lang="en",
    )


def _section(name: str, title: str, lead: str | None, body: Html) -> Html:
    heading = element("h2", title, id=f"{name}-title")
    return element(
        "section",
        heading,
        element("p", lead, class_="lead") if lead else None,
        body,
        id=name,
        aria_labelledby=f"{name}-title",
    )


def _head(run: RunDir, script: str) -> Html:
    # text of documents can never run as a script, whatever a browser makes of it
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{run.record['pipeline']['name']} · babelmill"),
        element("style", Html(_asset("style.css"))),
    )


def _asset(name: str) -> str:
    return files("pipelines.report").joinpath(name).read_text("utf-8")
