"""The head of the page: what ran, the headline numbers, the flow and its balance."""

from collections.abc import Sequence
from typing import Any

from pipelines.report.markup import Html, element, join
from pipelines.report.numbers import count, duration, share, size
from pipelines.report.plots import flow_band
from pipelines.report.totals import Balance, LanguageTotals, StepTotals
from pipelines.rundir import RunDir

SHOWN = 4
"""Reasons named beside a step of the flow."""


def header(run: RunDir) -> Html:
    """Pipeline, when, versions, inputs."""
    record = run.record
    inputs = record.get("inputs", [])
    versions = {"babelmill": record.get("babelmill"), **record.get("versions", {}), "Unicode": record.get("unicode")}
    total = sum(i.get("bytes") or 0 for i in inputs)
    when = str(record.get("started", "")).replace("T", " ")[:16]
    facts = [
        f"{len(inputs):,} input file{'s' if len(inputs) != 1 else ''}, {size(total)}",
        when,
        duration(record.get("seconds")),
    ]
    files = [element("li", element("code", i.get("uri")), " ", size(i.get("bytes"))) for i in inputs[:200]]
    if len(inputs) > 200:
        files.append(element("li", f"{len(inputs) - 200:,} more, all in run.json"))
    steps = [
        element("li", element("code", step["stage"]), _options(step)) for step in record["pipeline"].get("steps", [])
    ]
    return element(
        "header",
        element("p", "babelmill run report", class_="eyebrow"),
        element("h1", record["pipeline"]["name"]),
        element("p", " · ".join(fact for fact in facts if fact), class_="lead"),
        element("details", element("summary", "Inputs"), element("ul", *files)),
        element("details", element("summary", "Pipeline steps and options"), element("ol", *steps)),
        element(
            "details",
            element("summary", "Versions"),
            element("ul", *(element("li", f"{name} {version}") for name, version in versions.items())),
        ),
    )


def _options(step: dict[str, Any]) -> str:
    options = step.get("options") or {}
    shown = ", ".join(f"{key} = {value}" for key, value in options.items())
    return f"  {shown[:500]}{' …' if len(shown) > 500 else ''}"


def headline(steps: Sequence[StepTotals], languages: Sequence[LanguageTotals]) -> Html:
    """The few numbers that a reader wants first."""
    named = {step.name: step for step in steps}
    entered, kept = sum(t.entered for t in languages), sum(t.kept for t in languages)
    duplicates = sum(n for t in languages for reason, n in t.reasons.items() if reason.startswith("dedup."))
    alive = [t for t in languages if t.kept and t.code != "und"]
    scripts = {t.code.partition("_")[2] for t in alive} - {""}
    numbers = []
    if "ingest" in named:
        unreadable = sum(step.unreadable for step in steps)
        note = f"and {unreadable:,} {_pieces(unreadable)}" if unreadable else "every one accounted for"
        numbers.append(("Records read", count(named["ingest"]["in"]), note))
    if languages:
        numbers.append(("Documents kept", count(kept), f"{share(kept, entered)} of {entered:,}"))
        numbers.append(("Languages", count(len(alive)), f"in {len(scripts):,} scripts"))
        numbers.append(("Duplicates removed", count(duplicates), f"{share(duplicates, entered)} of the documents"))
        text = sum(t.kept_bytes for t in languages)
        numbers.append(("Text kept", size(text), f"of {size(sum(t.entered_bytes for t in languages))}"))
    tokens = [step.tokens for step in steps if step.name.startswith("mix") and step.tokens is not None]
    if tokens:
        documents = sum(step["kept"] for step in steps if step.name.startswith("mix"))
        numbers.append(("Mixture tokens", count(sum(tokens)), f"in {documents:,} examples"))
    cards = [
        element("div", element("dt", name), element("dd", value), element("dd", note)) for name, value, note in numbers
    ]
    return element("dl", *cards, class_="cards")


def flow(steps: Sequence[StepTotals], balance: Balance) -> Html:
    """A band for each step, as wide as the documents in it, with what left it named beside."""
    largest = max((max(step.entering, step["kept"]) for step in steps), default=1)
    return join(_balance(balance), element("ol", *(_flow_step(step, largest) for step in steps), class_="flow"))


def _flow_step(step: StepTotals, largest: int) -> Html:
    arriving, lost = step["created"] + step["repeated"], step["rejected"] + step["quarantined"]
    numbers = [element("b", count(step["in"])), " in"]
    for flow in ("created", "repeated"):
        if step[flow]:
            numbers += [" + ", element("b", count(step[flow]), class_="made"), f" {flow}"]
    numbers += [" → ", element("b", count(step["kept"]), class_="kept"), " kept"]
    if len(step.kinds) > 1:
        numbers.append(f" ({', '.join(f'{n:,} {kind}' for kind, n in sorted(step.kinds.items()))})")
    if step.tokens is not None:
        numbers.append(f", {step.tokens:,} tokens")
    return element(
        "li",
        flow_band(step["in"], arriving, step["kept"], lost, largest),
        element("div", element("h3", step.name), element("p", *numbers), _losses(step)),
    )


def _losses(step: StepTotals) -> Html | None:
    parts = []
    if step["rejected"]:
        ordered = sorted(step.reasons.items(), key=lambda item: (-item[1], item[0]))
        named = ", ".join(f"{reason} {n:,}" for reason, n in ordered[:SHOWN])
        rest = f" and {len(ordered) - SHOWN} more reasons" if len(ordered) > SHOWN else ""
        parts.append(join(element("b", count(step["rejected"]), class_="lost"), f" {_verb(step)}: {named}{rest}"))
    if step["quarantined"]:
        parts.append(join(element("b", count(step["quarantined"]), class_="lost"), " quarantined"))
    if step.unreadable:
        parts.append(join(element("b", count(step.unreadable), class_="lost"), f" {_pieces(step.unreadable)} of input"))
    return (
        element("p", join(*(p if i == 0 else join("; ", p) for i, p in enumerate(parts))), class_="losses")
        if parts
        else None
    )


def _verb(step: StepTotals) -> str:
    """Samplers leave documents out; they do not judge them."""
    return "left out" if step.name.startswith(("tokenizer.", "mix.")) else "rejected"


def _pieces(number: int) -> str:
    return f"unreadable piece{'s' if number != 1 else ''}"


def _balance(balance: Balance) -> Html:
    if not balance.differences:
        words = (
            f"The ledger balances: in + created + repeated = kept + rejected + quarantined "
            f"for each of {balance.steps:,} steps and {balance.languages:,} languages."
        )
        return element("p", words, class_="good")
    shown = [element("li", line) for line in balance.differences[:20]]
    return element(
        "div",
        element("p", f"The ledger does not balance in {len(balance.differences):,} places:"),
        element("ul", *shown),
        class_="bad",
        role="alert",
    )


def quarantined(run: RunDir) -> Html | None:
    """Shards that failed by themselves; None when all went well."""
    failures = run.record.get("quarantined", [])
    if not failures:
        return None
    items = [
        element("li", element("code", f["step"]), " ", element("b", f["unit"]), element("pre", str(f["error"])[:2000]))
        for f in failures[:200]
    ]
    noun = "shard is" if len(failures) == 1 else "shards are"
    words = f"{len(failures):,} {noun} quarantined; the next run tries again."
    return join(element("p", words), element("ul", *items, class_="failures"))
