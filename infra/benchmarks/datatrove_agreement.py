"""Do our columns decide as datatrove 0.10.1's Gopher, FineWeb and C4 filters, at its default thresholds?

    python -m infra.benchmarks.datatrove_agreement --splitter ours --input 'bench/*.jsonl.gz' [--json OUT]
    python -m infra.benchmarks.datatrove_agreement --splitter own  --input 'bench/*.jsonl.gz' [--json OUT]

`ours`: datatrove's own filters get our words and sentences, so that only the rules are compared. On every document the
decision and the first reason of each filter must be ours, and every number that a filter compares with a threshold
must be our column. Where they differ, the deliberate differences (`DELIBERATE`) are taken out of datatrove, first one,
then two, then all; what is still not equal is unexplained, and the exit status is 1.

`own`: each tool with its own segmentation, datatrove in an environment of its own: the share of documents that one
keeps and the other drops, per language: by the four filters together, by the four as FineWeb runs them (C4 without its
rule on line ends, `c4_any_end`), and by each; and why: of every such document and filter whether the words or sentences
of datatrove's tokenizer are the cause (with ours it decides as we do), or a deliberate difference; beside it how many
words and sentences its tokenizer finds, and on how many words it leaves punctuation.

Stop words and sentence terminators, which datatrove's filters take as options, are those of our language files in both.
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from infra.benchmarks.agreement.bounds import FILTERS, our_decisions, settings_of
from infra.benchmarks.agreement.comparison import Outcome, causes, compare
from infra.benchmarks.agreement.differences import DELIBERATE
from infra.benchmarks.documents import Batch, Document, grouped, read_documents, sampled, write_exchange
from infra.benchmarks.environment import make_environment
from infra.benchmarks.text_engine import refused_table, wide_console
from stages.text.batch import TextBatch


@dataclass
class Summary:
    """Outcomes by kind, with the first document of each as the example."""

    documents: int = 0
    kinds: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    examples: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        key = (outcome.filter, outcome.what, outcome.explanation)
        self.kinds[key] += 1
        self.examples.setdefault(key, outcome.document)

    def rows(self) -> list[dict[str, Any]]:
        """Unexplained first, then by count."""
        ordered = sorted(self.kinds.items(), key=lambda item: (item[0][2] != "", -item[1], item[0]))
        return [
            {
                "filter": name,
                "difference": what,
                "explanation": explanation,
                "documents": count,
                "example": self.examples[name, what, explanation],
            }
            for (name, what, explanation), count in ordered
        ]


def with_our_splitter(
    documents: Sequence[Document], *, filters: Sequence[str] = FILTERS, workers: int, console: Console
) -> Summary:
    """Compare every document, in worker processes."""
    chosen = partial(compare, filters=tuple(filters))
    parts = sorted(grouped(documents), key=lambda batch: -batch.rows.nbytes)
    summary = Summary(documents=len(documents))
    with ProcessPoolExecutor(workers) as pool:
        found = pool.map(chosen, parts) if workers > 1 else map(chosen, parts)
        for outcomes in track(found, "batches", total=len(parts), console=console):
            for outcome in outcomes:
                summary.add(outcome)
    return summary


def differences_table(summary: Summary) -> Table:
    """What differs, why, how often, and an example."""
    shown = Table(title=f"differences from datatrove's filters on {summary.documents:,} documents")
    for heading in ("filter", "datatrove → ours", "explanation"):
        shown.add_column(heading, overflow="fold")
    shown.add_column("documents", justify="right")
    shown.add_column("example", overflow="fold")
    for row in summary.rows():
        explanation = row["explanation"] or "[red]unexplained"
        shown.add_row(row["filter"], row["difference"], explanation, f"{row['documents']:,}", row["example"])
    return shown


@dataclass
class LanguageAgreement:
    """Documents of a language where one tool keeps and the other drops, by filter."""

    documents: int = 0
    differ: int = 0
    differ_as_fineweb: int = 0
    ours_dropped: int = 0
    theirs_dropped: int = 0
    failed: int = 0
    by_filter: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)

    def add(
        self,
        ours: Mapping[str, str | None],
        theirs: Mapping[str, str | None],
        causes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.documents += 1
        self.causes.update(f"{name}: {cause}" for name, cause in causes.items())
        if any((reason or "").startswith("error") for reason in theirs.values()):
            self.failed += 1
        for name in ours:
            if (ours[name] is None) != (theirs[name] is None):
                self.by_filter[name] += 1
                self.kinds[f"{name}: {theirs[name] or 'keep'} → {ours[name] or 'keep'}"] += 1
        drops = [_dropped(reasons, without="c4_any_end") for reasons in (ours, theirs)]
        self.ours_dropped += drops[0]
        self.theirs_dropped += drops[1]
        self.differ += drops[0] != drops[1]
        self.differ_as_fineweb += _dropped(ours, without="c4") != _dropped(theirs, without="c4")

    def row(self, language: str) -> dict[str, Any]:
        found = self.parts
        return {
            "language": language,
            "documents": self.documents,
            "differ": round(self.differ / self.documents, 4),
            "differ_as_fineweb": round(self.differ_as_fineweb / self.documents, 4),
            "datatrove_dropped": round(self.theirs_dropped / self.documents, 4),
            "ours_dropped": round(self.ours_dropped / self.documents, 4),
            "datatrove_failed": self.failed,
            **{name: round(self.by_filter[name] / self.documents, 4) for name in FILTERS},
            "most_often": [[kind, count] for kind, count in self.kinds.most_common(3)],
            "causes": dict(self.causes.most_common()),
            "words_per_ours": round(found["words"] / max(found["our_words"], 1), 3),
            "sentences_per_ours": round(found["sentences"] / max(found["our_sentences"], 1), 3),
            "punctuation_attached": round(found["attached"] / max(found["words"], 1), 3),
        }


def _dropped(reasons: Mapping[str, str | None], *, without: str) -> bool:
    return any(reason is not None for name, reason in reasons.items() if name != without)


def with_own_splitters(
    documents: Sequence[Document],
    names: Mapping[str, str],
    decided: Mapping[str, Mapping[str, str | None]],
    parts: Mapping[str, Mapping[str, int]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """A row for each language, the largest share first; `decided` and `parts` are datatrove's, by document."""
    agreements: dict[str, LanguageAgreement] = defaultdict(LanguageAgreement)
    some = [document for document in documents if document.language in names]
    for batch in grouped(some):
        ids = batch.rows.column("doc_id").to_pylist()
        agreement = agreements[batch.language.code]
        found = causes(batch, [decided[document] for document in ids])
        shared = TextBatch(batch.rows, batch.language)
        for document, ours, reasons, (_, own) in zip(ids, _without_reasons(batch), found, shared, strict=True):
            agreement.add(ours, decided[document], reasons)
            if theirs := parts.get(document):
                agreement.parts.update({**theirs, "our_words": len(own.words), "our_sentences": len(own.sentences)})
    rows = [agreement.row(language) for language, agreement in agreements.items()]
    return sorted(rows, key=lambda row: (-row["differ"], -row["documents"]))


def _without_reasons(batch: Batch) -> list[dict[str, str | None]]:
    """Our reason by filter of each row: the first where it cannot be told which came first."""
    return [{name: min(reasons) if reasons else None for name, reasons in row.items()} for row in our_decisions(batch)]


def agreement_table(rows: Sequence[Mapping[str, Any]], smallest: int) -> Table:
    """Languages with enough documents."""
    shown = Table(title=f"keep or drop differs, each tool's own words (languages of {smallest} documents and more)")
    shown.add_column("language")
    for heading in ("documents", "differ", "as FineWeb", "it drops", "we drop", *FILTERS):
        shown.add_column(heading, justify="right")
    for heading in ("its words", "its sentences", "punctuation left on"):
        shown.add_column(heading, justify="right")
    for heading in ("most often: datatrove → ours", "because of"):
        shown.add_column(heading, overflow="fold")
    for row in rows:
        if row["documents"] >= smallest:
            columns = ("differ", "differ_as_fineweb", "datatrove_dropped", "ours_dropped", *FILTERS)
            shares = [row[name] for name in columns]
            kind = ", ".join(f"{kind} ({count})" for kind, count in row["most_often"][:1])
            why = "; ".join(f"{cause} ({count})" for cause, count in list(row["causes"].items())[:3])
            its = (f"× {row['words_per_ours']:.2f}", f"× {row['sentences_per_ours']:.2f}")
            texts = (*its, f"{row['punctuation_attached']:.1%}", kind, why)
            shown.add_row(row["language"], str(row["documents"]), *(f"{share:.1%}" for share in shares), *texts)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", action="append", required=True, help="JSONL files, `.gz` or not; a glob")
    parser.add_argument("--splitter", choices=("ours", "own"), required=True, help="whose words datatrove gets")
    parser.add_argument("--filter", action="append", choices=FILTERS, help="with --splitter ours: only this one")
    parser.add_argument("--limit", type=float, default=0, help="MB of text, sampled evenly; 0: every document")
    parser.add_argument("--per-language", type=int, default=0, help="documents of each language, evenly; 0: all")
    parser.add_argument("--smallest", type=int, default=10, help="documents of a language that is shown")
    parser.add_argument("--workers", type=int, default=1, help="processes, with --splitter ours")
    parser.add_argument("--json", type=Path, help="write everything here as well")
    options = parser.parse_args()
    console = wide_console()
    documents = sampled(read_documents(options.input), options.limit * 1e6)
    documents = numbered(evenly(documents, options.per_language))
    if options.splitter == "ours":
        filters = options.filter or FILTERS
        summary = with_our_splitter(documents, filters=filters, workers=options.workers, console=console)
        figures: dict[str, Any] = {
            "splitter": "ours",
            "documents": summary.documents,
            "filters": list(filters),
            "differences": summary.rows(),
            "deliberate": {difference.name: difference.reason for difference in DELIBERATE},
        }
        console.print(differences_table(summary))
        for difference in DELIBERATE:
            console.print(f"[bold]{difference.name}[/] ({', '.join(difference.filters)}): {difference.reason}")
        unexplained = sum(row["documents"] for row in summary.rows() if not row["explanation"])
        console.print(f"unexplained: {unexplained}")
    else:
        unexplained = 0
        environment = make_environment()
        runnable = environment.languages(documents)
        with tempfile.TemporaryDirectory() as folder:
            some = [document for document in documents if document.language in runnable.names]
            request = {
                "documents": str(write_exchange(some, Path(folder) / "documents.jsonl")),
                "names": dict(runnable.names),
                "settings": {code: settings_of(code) for code in runnable.names},
            }
            result = Path(folder) / "decisions.jsonl"
            environment.call("decide", request, result)
            with result.open(encoding="utf-8") as lines:
                records = list(map(json.loads, lines))
            decided = {record["id"]: record["reasons"] for record in records}
            parts = {record["id"]: record["parts"] for record in records}
        rows = with_own_splitters(documents, runnable.names, decided, parts)
        figures = {
            "splitter": "own",
            "documents": sum(row["documents"] for row in rows),
            "differ": round(sum(row["differ"] * row["documents"] for row in rows) / max(len(some), 1), 4),
            "languages": rows,
            "refused_languages": dict(runnable.refused),
            "missing_packages": list(environment.missing),
        }
        console.print(agreement_table(rows, options.smallest))
        console.print(f"all {figures['documents']:,} documents: {figures['differ']:.1%} differ")
        console.print(refused_table(runnable, documents))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    raise SystemExit(1 if unexplained else 0)


def evenly(documents: Sequence[Document], per_language: int) -> list[Document]:
    """At most so many documents of each language, spread over all of its; all for 0."""
    if not per_language:
        return list(documents)
    groups: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        groups[document.language].append(document)
    found = []
    for group in groups.values():
        step = max(len(group) / per_language, 1.0)
        found += [group[int(number * step)] for number in range(min(per_language, len(group)))]
    return found


def numbered(documents: Sequence[Document]) -> list[Document]:
    """The documents with ids that are surely distinct."""
    seen: Counter[str] = Counter()
    found = []
    for document in documents:
        seen[document.id] += 1
        suffix = f"#{seen[document.id]}" if seen[document.id] > 1 else ""
        found.append(Document(document.id + suffix, document.text, document.language, document.label, document.url))
    return found


if __name__ == "__main__":
    main()
