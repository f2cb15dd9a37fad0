"""The parts of the page that show documents: samples of each reason, clusters, and distributions of signals."""

import json
from collections.abc import Mapping, Sequence

from pipelines.inspect import Sample, shown_value
from pipelines.report.markup import Html, element, join, text
from pipelines.report.numbers import count, share, short
from pipelines.report.plots import HEIGHT, bars, bounds_of, column_chart, histogram, lines, zones
from pipelines.report.samples import Cluster
from pipelines.report.signals import ALL, Signal, Signals
from pipelines.rundir import RunDir
from stages.corpus.fates import SURVIVES


def samples(run: RunDir, found: Mapping[str, Sequence[Sample]], totals: Mapping[str, int]) -> Html | None:
    """A few rejected documents of each reason; `totals` are the documents rejected for it."""
    ordered = sorted(found, key=lambda reason: (-totals.get(reason, 0), reason))
    blocks = [
        element(
            "details",
            element("summary", element("code", reason), element("b", count(totals.get(reason)))),
            element("div", *(card(run, sample) for sample in found[reason]), class_="samples"),
            open="" if index == 0 else None,
        )
        for index, reason in enumerate(ordered)
    ]
    return join(*blocks) if blocks else None


def card(run: RunDir, sample: Sample) -> Html:
    """A rejected document."""
    language = None if sample.language in ("-", "und") else sample.language
    facts = [element("code", sample.doc_id), element("span", _language(run, sample.language))]
    if sample.bound is not None:
        facts.append(_cause(sample))
    if sample.survivor:
        facts.append(element("span", "kept instead: ", element("code", sample.survivor)))
    return element(
        "article",
        element("p", *facts, class_="facts"),
        element("p", sample.why, class_="why") if sample.why else None,
        element("p", sample.detail, class_="why") if sample.detail else None,
        element("blockquote", sample.excerpt, dir="auto", lang=_tag(language)) if sample.excerpt else None,
        element("p", " · ".join(filter(None, (sample.source, sample.url or sample.locator))), class_="origin"),
    )


def _cause(sample: Sample) -> Html:
    """The value and the bound; those of a duplicate are the size of its cluster and words."""
    measured = element("b", shown_value(sample.value), class_="lost")
    if not sample.reason.startswith("dedup."):
        return element("span", "value ", measured, f", bound {sample.bound}")
    kept = "only one in each language is kept"
    rest = kept if sample.bound == SURVIVES else "its language is not known, that of another one is"
    return element("span", "one of ", measured, f" documents that share text: {rest}")


def _language(run: RunDir, code: str) -> str:
    return "language not known yet" if code == "-" else f"{run.language_name(code)} ({code})"


def _tag(code: str | None) -> str | None:
    """BCP 47: `ekk-Latn` of `ekk_Latn`."""
    return code.replace("_", "-") if code else None


def clusters(run: RunDir, biggest: Sequence[Cluster]) -> Html | None:
    """Sizes of duplicate clusters, and the largest ones with what is kept of them."""
    sizes = run.query(
        """
        SELECT CASE WHEN cluster_size < 4 THEN cluster_size
                    ELSE 1 << CAST(floor(log2(cluster_size)) AS INT) END AS least,
               count(*) AS clusters, CAST(sum(cluster_size) AS BIGINT) AS documents
        FROM clusters WHERE doc_id = cluster GROUP BY least ORDER BY least
        """
    )
    if not sizes:
        return None
    alone = sum(row["documents"] for row in sizes if row["least"] == 1)
    grouped = sum(row["documents"] for row in sizes) - alone
    words = f"{grouped:,} documents share text with another one, {alone:,} stand alone."
    chart = [(_size_range(row["least"]), row["clusters"]) for row in sizes if row["least"] > 1]
    return join(
        element("p", words),
        column_chart(chart, "Clusters by their number of documents") if chart else None,
        _biggest(biggest) if chart else None,
    )


def _size_range(least: int) -> str:
    return f"{least}" if least < 4 else f"{least}–{2 * least - 1}"


def _biggest(found: Sequence[Cluster]) -> Html:
    cards = []
    for cluster in found:
        sample = cluster.sample
        fate = "kept" if cluster.kept else "none passes the bounds; for example"
        facts = [
            element("b", f"{cluster.size:,} documents"),
            element("span", f"{cluster.exact:,} of them exact copies" if cluster.exact else "near copies"),
            element("span", ", ".join(cluster.languages)),
            element("span", f"{fate}: ", element("code", sample.doc_id)),
        ]
        quote = (
            element("blockquote", sample.excerpt, dir="auto", lang=_tag(sample.language)) if sample.excerpt else None
        )
        cards.append(element("article", element("p", *facts, class_="facts"), quote))
    return join(element("h3", "The largest clusters"), element("div", *cards, class_="samples"))


def signal_plots(run: RunDir, found: Signals) -> Html | None:
    """A histogram for each signal, and the menu that shows one language instead of all."""
    if not found.signals:
        return None
    options = [element("option", f"All languages ({found.documents[ALL]:,})", value=ALL)]
    options += [
        element("option", f"{run.language_name(c)}, {c} ({found.documents[c]:,})", value=c) for c in found.languages
    ]
    menu = element("label", "Show ", element("select", *options, id="signal-language"), class_="menu")
    cards = [signal_card(found, signal, ALL, index) for index, signal in enumerate(found.signals)]
    return join(menu, element("div", *cards, class_="signals"))


def signal_card(found: Signals, signal: Signal, language: str, index: int | None = None) -> Html:
    """The distribution of a signal in a language; `index` is its place in the data of the menu that redraws it."""
    number = "" if index is None else f' data-signal="{index}"'
    decisive = ' class="decisive"' if signal.decisive else ""
    axis = signal.axis
    # one string: a page has dozens of them
    return Html(
        f"<figure{number}{decisive}><figcaption><b>{text(signal.column)}</b>"
        f"<small>{text(signal.stage or '')}</small></figcaption>"
        f"{histogram(signal, language, f'Distribution of {signal.column}')}"
        f'<div class="axis" aria-hidden="true"><span>{short(axis.low)}</span>'
        f"<span>{'log scale' if axis.log else ''}</span><span>{short(axis.high)}</span></div>"
        f"<p>{text(_signal_words(found, signal, language))}</p></figure>"
    )


def _signal_words(found: Signals, signal: Signal, language: str) -> str:
    limits = bounds_of(signal, language)
    if not limits:
        return "no bound"
    low = sorted({b.minimum for b in limits if b.minimum is not None})
    high = sorted({b.maximum for b in limits if b.maximum is not None})
    shown = [f"≥ {_span(low)}"] if low else []
    shown += [f"≤ {_span(high)}"] if high else []
    out = signal.outside.get(language, 0)
    outside = f"{out:,} outside ({share(out, found.documents[language])})" if out else "none outside"
    return f"{' and '.join(shown) or 'open bound'}: {outside}"


def _span(values: Sequence[float]) -> str:
    return f"{values[0]:g}" if len(values) == 1 else f"{values[0]:g} to {values[-1]:g} by language"


def drawings(found: Signals) -> str:
    """What the menu swaps in, as JSON: per signal and language [bars, lines, left zone, right zone, words]."""
    drawn = [
        {
            language: [
                bars(signal.counts[language]),
                lines(signal.axis, bounds_of(signal, language)),
                *zones(signal.axis, bounds_of(signal, language)),
                _signal_words(found, signal, language),
            ]
            for language in (ALL, *found.languages)
        }
        for signal in found.signals
    ]
    data = json.dumps({"height": HEIGHT, "signals": drawn}, ensure_ascii=True, separators=(",", ":"))
    # `<` cannot then end the script element or start a comment
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
