"""Do the compiled kernels write what their plain references write, on real text, to the last bit?

    python -m infra.benchmarks.kernel_agreement --input 'DATA/mono/udhr/*.jsonl.gz' [--characters 3000] [--json OUT]

Compared on every document: words (bytes, lengths, classes, hashes), lines, code points and normal form of the shared
segmentation, the dedup words that `dedup.exact` and `dedup.minhash` hash, and every annotating stage beside which a
plain reference stands. The exit status is 1 if anything differs.
"""

import argparse
import json
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import regex
from rich.progress import track
from rich.table import Table

from infra.benchmarks.documents import Batch, Document, grouped, read_documents
from infra.benchmarks.text_engine import wide_console
from stages.dedup.key import WordHashes, dedup_word, word_hashes, word_hashes_plain
from stages.quality.c4 import C4
from stages.registry import Stage, configure, load_stages
from stages.text.arrays import Segments
from stages.text.batch import TextBatch
from stages.text.code_points import word_hash
from stages.text.lines import Lines
from stages.text.segmentation import find_words
from stages.text.word_arrays import HAS_DIGIT, HAS_LETTER, IS_WORD

Rows = list[Any]
CONFIGS: dict[str, list[Any]] = {"quality.c4": [C4(), C4(terminated_lines_only=True)]}
_CLASSES = {kind: regex.compile(rf"[{kind}]") for kind in (r"\p{L}", r"\p{L}\p{M}\p{N}", r"\p{N}")}


@dataclass(frozen=True)
class Comparison:
    """Something that is computed twice: values of each document by the kernel and by the reference."""

    name: str
    compiled: Callable[[TextBatch], Rows]
    plain: Callable[[TextBatch], Rows]


@dataclass
class Result:
    """How many documents were compared and which differ."""

    documents: int = 0
    compiled_seconds: float = 0.0
    plain_seconds: float = 0.0
    different: list[str] = field(default_factory=list)


def comparisons() -> list[Comparison]:
    """Everything that has a kernel and a reference."""
    found = [
        Comparison("segments.words", _words, _words_plain),
        Comparison("segments.lines", _lines, _lines_plain),
        Comparison("segments.characters", _characters, _characters_plain),
        Comparison("dedup words", lambda batch: _split(word_hashes(batch)), lambda b: _split(word_hashes_plain(b))),
    ]
    for stage in load_stages().values():
        plain = getattr(sys.modules[stage.function.__module__], f"{stage.function.__name__}_plain", None)
        if stage.kind == "annotate" and plain is not None:
            configs = CONFIGS.get(stage.name) or [configure(stage, {}, "benchmark")]
            found += [_stage(stage, plain, config, number) for number, config in enumerate(configs)]
    return found


def _stage(stage: Stage, plain: Callable[..., Any], config: Any, number: int) -> Comparison:
    resources = {name: resource.open() for name, resource in stage.resources(config).items()}
    return Comparison(
        stage.name + (f" ({number + 1})" if number else ""),
        lambda batch: stage.function(batch, config, **resources).to_pylist(),
        lambda batch: plain(batch, config, **resources).to_pylist(),
    )


def compare(batches: Iterable[Batch]) -> dict[str, Result]:
    """What every comparison finds."""
    found: dict[str, Result] = defaultdict(Result)
    chosen = comparisons()
    for batch in batches:
        ids = batch.rows.column("doc_id").to_pylist()
        for comparison in chosen:
            result = found[comparison.name]
            compiled, result.compiled_seconds = _timed(comparison.compiled, batch, result.compiled_seconds)
            plain, result.plain_seconds = _timed(comparison.plain, batch, result.plain_seconds)
            result.documents += len(ids)
            result.different += [name for name, one, other in zip(ids, compiled, plain, strict=True) if one != other]
    return dict(found)


def _timed(function: Callable[[TextBatch], Rows], batch: Batch, before: float) -> tuple[Rows, float]:
    shared = TextBatch(batch.rows, batch.language)
    start = perf_counter()
    rows = function(shared)
    return rows, before + perf_counter() - start


def _split(hashes: WordHashes) -> Rows:
    return [hashes.hashes[start:end].tolist() for start, end in pairwise(hashes.offsets.tolist())]


def _words(batch: TextBatch) -> Rows:
    segments = batch.segments
    words, first = segments.words, segments.first_words.tolist()
    parts = _bytes(segments, words.starts, words.ends)
    numbers = [words.lengths, words.raw_hashes, words.dedup_hashes]
    flags = [words.classes & flag > 0 for flag in (HAS_LETTER, IS_WORD, HAS_DIGIT)]
    rows = list(zip(parts, *(array.tolist() for array in (*numbers, *flags)), strict=True))
    return [rows[start:end] for start, end in pairwise(first)]


def _words_plain(batch: TextBatch) -> Rows:
    facts: dict[str, tuple[Any, ...]] = {}
    rows = []
    for text in batch.texts:
        words = find_words(text)
        for word in set(words) - facts.keys():
            classes = (pattern.search(word) is not None for pattern in _CLASSES.values())
            facts[word] = (word, len(word), word_hash(word), word_hash(dedup_word(word)), *classes)
        rows.append([facts[word] for word in words])
    return rows


def _lines(batch: TextBatch) -> Rows:
    segments = batch.segments
    one, other = (list(_lines_of(segments, *found)) for found in (segments.lines, segments.split_lines))
    return list(zip(one, other, strict=True))


def _lines_of(segments: Segments, lines: Lines, first: np.ndarray) -> Iterator[Rows]:
    """Text, length, whether it is blank, and the number of the first equal line of its document."""
    parts = _bytes(segments, lines.starts, lines.ends)
    rows = list(zip(parts, lines.lengths.tolist(), lines.blank.tolist(), lines.hashes.tolist(), strict=True))
    for start, end in pairwise(first.tolist()):
        yield _numbered(rows[start:end])


def _lines_plain(batch: TextBatch) -> Rows:
    return [
        tuple(
            _numbered([(line, len(line), not line.strip(), line) for line in lines])
            for lines in (text.split("\n") if text else [], text.splitlines())
        )
        for text in batch.texts
    ]


def _numbered(rows: Sequence[tuple[Any, ...]]) -> Rows:
    """The rows with their last value as the number of the first row that has it."""
    seen: dict[Any, int] = {}
    return [(*row[:-1], seen.setdefault(row[-1], number)) for number, row in enumerate(rows)]


def _characters(batch: TextBatch) -> Rows:
    segments = batch.segments
    return list(zip(segments.code_points.tolist(), segments.not_nfc.tolist(), strict=True))


def _characters_plain(batch: TextBatch) -> Rows:
    return [(len(text), not unicodedata.is_normalized("NFC", text)) for text in batch.texts]


def _bytes(segments: Segments, starts: np.ndarray, ends: np.ndarray) -> list[str]:
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    data = segments.data.tobytes()
    return [data[start:end].decode() for start, end in spans]


def shortened(documents: Iterable[Document], characters: int) -> list[Document]:
    """The documents, of each the first so many characters; the whole for 0."""
    return [replace(document, text=document.text[: characters or None]) for document in documents]


def results_table(results: dict[str, Result]) -> Table:
    """A row for each comparison."""
    shown = Table(title="kernels and their plain references")
    shown.add_column("what")
    for heading in ("documents", "different", "kernel s", "plain s"):
        shown.add_column(heading, justify="right")
    shown.add_column("for example")
    for name, result in results.items():
        times = (f"{result.compiled_seconds:.2f}", f"{result.plain_seconds:.2f}")
        examples = ", ".join(result.different[:3])
        shown.add_row(name, f"{result.documents:,}", f"{len(result.different):,}", *times, examples)
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", action="append", required=True, help="JSONL files, `.gz` or not; a glob")
    parser.add_argument("--characters", type=int, default=0, help="of each document, from its beginning; 0: all")
    parser.add_argument("--json", type=Path, help="write everything here as well")
    options = parser.parse_args()
    console = wide_console()
    documents = shortened(read_documents(options.input), options.characters)
    results = compare(track(grouped(documents), "batches", console=console))
    console.print(results_table(results))
    size = sum(document.text_bytes for document in documents) / 1e6
    labels = len({document.label for document in documents})
    print(f"{len(documents):,} documents, {labels} language labels, {size:.1f} MB of text")
    if options.json:
        figures = {name: asdict(result) for name, result in results.items()}
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    raise SystemExit(1 if any(result.different for result in results.values()) else 0)


if __name__ == "__main__":
    main()
