"""Whether identification says what fastText says, and how fast both are: best label and score of every document.

    python -m infra.benchmarks.identify --input 'bench/*.jsonl.gz' [--limit MB] [--batch 400] [--runs 3]

Ends with status 1 where a label differs, or a score by more than 1e-3. Seconds are processor time, the median of the
runs; fastText's are of one run.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from typing import Final

import fasttext
import numpy as np
import pyarrow as pa

from infra.benchmarks.documents import read_documents, sampled
from pipelines.models import get_model
from stages.identify.fasttext import FasttextModel, Identifier
from stages.identify.strings import chunks

LARGEST_DIFFERENCE: Final = 1e-3


def our_best(model: Identifier, batches: Sequence[pa.Array]) -> tuple[list[str], np.ndarray]:
    """Label, empty where there is none, and score of each text."""
    found = [model.predict(texts, 1) for batch in batches for texts in chunks(batch)]
    names = [model.labels[label] if label >= 0 else "" for labels, _ in found for label in labels[:, 0].tolist()]
    return names, np.concatenate([scores[:, 0] for _, scores in found])


def their_best(path: str, texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The same of fastText's own module."""
    model = fasttext.load_model(path).f
    rows = [model.predict(text.replace("\n", " ") + "\n", 1, 0.0, "strict") for text in texts]
    best = [row[0] if row else (0.0, "") for row in rows]
    return [label for _, label in best], np.array([score for score, _ in best])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", action="append", required=True, help="JSONL files, `.gz` or not; a glob")
    parser.add_argument("--limit", type=float, default=0, help="MB of text, sampled evenly; 0: all")
    parser.add_argument("--batch", type=int, default=400, help="documents given to our kernel at once")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--model", default="lid.176", help="a known name or a path")
    options = parser.parse_args()
    texts = [document.text for document in sampled(read_documents(options.input), options.limit * 1e6)]
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    batches = [
        pa.array(texts[at : at + options.batch], pa.large_string()) for at in range(0, len(texts), options.batch)
    ]
    path = str(get_model(options.model))
    model = FasttextModel(path).open()
    our_best(model, batches[:1])
    seconds = []
    for _ in range(options.runs):
        started = time.process_time()
        labels, scores = our_best(model, batches)
        seconds.append(time.process_time() - started)
    started = time.process_time()
    their_labels, their_scores = their_best(path, texts)
    theirs = time.process_time() - started
    equal = sum(label == other for label, other in zip(labels, their_labels, strict=True))
    difference = float(np.abs(scores - their_scores).max(initial=0))
    print(f"documents: {len(texts)}, labels equal: {equal}, largest score difference: {difference:.2e}")
    print(f"ours: {megabytes / statistics.median(seconds):.1f} MB/s, fastText: {megabytes / theirs:.1f} MB/s")
    raise SystemExit(equal < len(texts) or difference > LARGEST_DIFFERENCE)


if __name__ == "__main__":
    main()
