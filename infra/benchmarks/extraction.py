"""Precision, recall and speed of the extraction methods on gold pages.

    python infra/benchmarks/extraction.py DIR [--json OUT] [--method NAME]...

DIR holds `pages.warc.gz` and `gold.jsonl.gz`, a line per page: `url`, `with` (segments of the main text) and `without`
(segments of boilerplate). As in trafilatura's own evaluation, a segment of `with` that is in the extracted text is a
true positive, one that is missing a false negative, and a segment of `without` that is in it a false positive.

Measured (351 pages of the trafilatura collection, 339 with gold; trafilatura 2.3.1, resiliparse 2.0.1, one core of a
shared machine, so that only ratios of pages per second mean something):

    method             precision  recall     F1  pages/s timed out failed
    combined               0.908   0.944  0.926       67         0      0
    trafilatura            0.910   0.942  0.926       52         0      0
    trafilatura_fast       0.909   0.939  0.924       88         0      0
    resiliparse            0.774   0.942  0.850      473         0      4

`trafilatura_fast` is its fast mode in favour of recall. The thresholds of `combined` were chosen on these same pages,
among some 40 settings tried, most of them within .003 F1: no evidence of better text, only of more speed.
"""

import argparse
import gzip
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from stages.ingest.extract import Extract, ExtractionFailed, Method, extract_text
from stages.ingest.read import Read, read_records
from stages.ingest.records import RawRecord


@dataclass(frozen=True)
class Score:
    """Counts of segments over all pages, and the processor time they took."""

    method: str
    pages: int
    true_positives: int
    false_negatives: int
    false_positives: int
    timed_out: int
    failed: int
    seconds: float

    @property
    def precision(self) -> float:
        return self.true_positives / max(self.true_positives + self.false_positives, 1)

    @property
    def recall(self) -> float:
        return self.true_positives / max(self.true_positives + self.false_negatives, 1)

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)

    @property
    def pages_per_second(self) -> float:
        return self.pages / max(self.seconds, 1e-9)


@dataclass(frozen=True)
class Page:
    """A page and the segments that its text must and must not have."""

    html: bytes
    content_type: str | None
    wanted: Sequence[str]
    unwanted: Sequence[str]


def load(folder: Path) -> list[Page]:
    """The pages that have gold, in the order of the archive."""
    with gzip.open(folder / "gold.jsonl.gz", "rt", encoding="utf-8") as lines:
        gold: Mapping[str, Any] = {entry["url"].strip(): entry for entry in map(json.loads, lines)}
    pages = []
    for record in _records(folder / "pages.warc.gz"):
        segments = gold.get(record.url or "", {})
        if record.html is not None and "with" in segments:
            pages.append(Page(record.html, record.content_type, segments["with"], segments["without"]))
    return pages


def _records(archive: Path) -> Iterator[RawRecord]:
    with archive.open("rb") as stream:
        for record in read_records(stream, archive.name, Read()):
            if isinstance(record, RawRecord):
                yield record


def measure(method: Method, pages: Sequence[Page]) -> Score:
    """Extract every page once with a method."""
    config = Extract(method=method)
    hits = missed = wrong = timed_out = failed = 0
    seconds = 0.0
    for page in pages:
        started = time.process_time()
        try:
            text = extract_text(page.html, page.content_type, config)
        except ExtractionFailed as error:
            text = ""
            timed_out += error.kind == "timed_out"
            failed += error.kind != "timed_out"
        seconds += time.process_time() - started
        found = sum(segment in text for segment in page.wanted)
        hits += found
        missed += len(page.wanted) - found
        wrong += sum(segment in text for segment in page.unwanted)
    return Score(method, len(pages), hits, missed, wrong, timed_out, failed, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="also write the scores here")
    parser.add_argument("--method", action="append", choices=get_args(Method), help="only this one; may be repeated")
    arguments = parser.parse_args()
    pages = load(arguments.folder)
    scores = []
    print(f"{'method':18} {'precision':>9} {'recall':>7} {'F1':>6} {'pages/s':>8} {'timed out':>9} {'failed':>6}")
    for method in arguments.method or get_args(Method):
        score = measure(method, pages)
        scores.append(score)
        print(
            f"{score.method:18} {score.precision:9.3f} {score.recall:7.3f} {score.f1:6.3f} "
            f"{score.pages_per_second:8.0f} {score.timed_out:9} {score.failed:6}"
        )
    if arguments.json:
        extra = ("precision", "recall", "f1", "pages_per_second")
        rows = [asdict(score) | {name: getattr(score, name) for name in extra} for score in scores]
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
