"""report.html and the pages of its languages: no external requests, everything that explains a run."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pipelines.report.documents import clusters, drawings, samples, signal_plots
from pipelines.report.fairness import Fairness, fairness_table, meanings, read_fairness
from pipelines.report.frame import Section, page
from pipelines.report.language import FOLDER, path_of, read_details, render_language
from pipelines.report.markup import join
from pipelines.report.overview import flow, header, headline, quarantined
from pipelines.report.samples import Samples, read_samples
from pipelines.report.signals import Signals, read_signals
from pipelines.report.tables import languages_table, mixture_tables, sources_table, tokenizer_tables
from pipelines.report.totals import LanguageTotals, balance, language_totals, step_totals
from pipelines.rundir import RunDir
from pipelines.storage import retried
from pipelines.unit import REPORT

HELD = {
    "decisions": ("doc_id", "language", "keep", "reason"),
    "clusters": ("doc_id", "cluster", "cluster_size", "evidence"),
    "documents": ("doc_id", "source", "url", "licence", "language_claimed", "language"),
    "annotations": ("doc_id", "language", "language_score", "language_second", "text_bytes"),
    "rejected": ("doc_id", "language", "reason"),
}
"""Columns that several sections query."""

HELD_VALUES = 16 << 20
"""How many values of a dataset are held in memory, about 24 bytes each; larger ones are read again by each query."""

WRITES_AT_ONCE = 4
"""Writing a page is waiting for the disk, or for S3."""


def write_report(
    run: RunDir, clean_text: str | None = None, speeds: Callable[[], Mapping[str, float]] | None = None
) -> str:
    """Write report.html and a page for each language into the run directory; returns where the former lies.

    The pages hold aggregates and a bounded number of samples and bins, whatever the size of the run. Text on them is
    redacted and escaped. `clean_text` is the file of a measurement on reference text, as `read_fairness` reads it; so
    is `speeds`.
    """
    with run.holding(HELD, HELD_VALUES):
        languages, found = language_totals(run), read_signals(run)
        samples = read_samples(run, [total.code for total in languages])
        fairness = read_fairness(run, languages, found, clean_text, speeds)
        _write_languages(run, languages, found, fairness, samples)
        content = render(run, languages, found, fairness, samples)
    _write(run, REPORT, content)
    return f"{run.uri.rstrip('/')}/{REPORT}"


def _write_languages(
    run: RunDir,
    languages: Sequence[LanguageTotals],
    found: Signals,
    fairness: Mapping[str, Fairness],
    samples: Samples,
) -> None:
    """A page for each language; those of languages that the run no longer has are removed."""
    details = read_details(run)
    stale = set(run.files(FOLDER, ".html")) - {path_of(total.code) for total in languages}
    with ThreadPoolExecutor(WRITES_AT_ONCE) as pool:
        written = [
            pool.submit(
                _write,
                run,
                path_of(total.code),
                render_language(
                    run, total, fairness[total.code], found, samples.by_language.get(total.code, ()), details
                ),
            )
            for total in languages
        ]
        for done in [*written, *(pool.submit(run.storage.delete, path) for path in sorted(stale))]:
            done.result()


def _write(run: RunDir, path: str, page: str) -> None:
    retried(lambda: run.storage.write(path, page.encode()))


def render(
    run: RunDir,
    languages: Sequence[LanguageTotals],
    found: Signals,
    fairness: Mapping[str, Fairness],
    shown: Samples,
) -> str:
    """The page of the run."""
    steps = step_totals(run)
    reasons: dict[str, int] = {}
    for step in steps:
        for reason, documents in step.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + documents
    sections = [
        Section("quarantined", "Quarantined", None, quarantined(run)),
        Section(
            "flow",
            "Flow",
            "Documents through the steps; band widths are shares of the largest step.",
            flow(steps, balance(run)),
        ),
        Section("languages", "Languages", None, languages_table(run, languages) if languages else None),
        Section(
            "fairness",
            "Fairness",
            meanings(fairness),
            fairness_table(run, fairness),
        ),
        Section(
            "signals",
            "Signals",
            "Every signal over all documents, with the bounds of lang_configs drawn in. Shaded values are rejected. "
            "Heights are square roots of counts, so that tails show.",
            signal_plots(run, found),
        ),
        Section(
            "rejected",
            "Rejected",
            "Samples of each reason: the bound, the value, the redacted beginning.",
            samples(run, shown.by_reason, reasons),
        ),
        Section("clusters", "Duplicates", None, clusters(run, shown.clusters)),
        Section("tokenizers", "Tokenizers", None, join(*tokenizer_tables(run)) or None),
        Section(
            "mixtures",
            "Mixtures",
            "Planned and real tokens. A share is of the tokens of its phase: the shares of a phase add up to 100 %.",
            join(*mixture_tables(run)) or None,
        ),
        Section("sources", "Sources", None, sources_table(run)),
    ]
    top = join(header(run), headline(steps, languages))
    return page(f"{run.record['pipeline']['name']} · babelmill", top, sections, drawings(found))
