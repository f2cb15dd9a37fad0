"""Make a larger corpus of a smaller one: perturbed copies that deduplication must not join.

    python infra/benchmarks/make_corpus.py --input 'bench/*.jsonl.gz' --output big/ --copies 8

Copy 0 of a document is the document; in every other copy each word is replaced with probability 0.25 by a word of the
same document, so that about (3/4)^5 of its word 5-grams stay and the Jaccard similarity to the original is near 0.14.
Runs of letters without spaces (Han, Kana, Thai, Lao, Khmer, Myanmar, Tibetan) count as words of two characters. The
output depends on the input and the options only.
"""

import argparse
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import xxhash

from pipelines.inputs import resolve_inputs

REPLACED = 0.25
_PIECE = re.compile(
    r"[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{1,2}|[^\W]+|\W+"
)


def perturbed(text: str, seed: int) -> str:
    """The text with a quarter of its words replaced by others of its words."""
    pieces = np.array(_PIECE.findall(text), dtype=object)
    words = np.flatnonzero(np.fromiter((piece[0].isalnum() for piece in pieces), bool, len(pieces)))
    if not len(words):
        return text
    chance = np.random.default_rng(seed)
    targets = words[chance.random(len(words)) < REPLACED]
    pieces[targets] = pieces[chance.choice(words, len(targets))]
    return "".join(pieces)


def copies(path: str, number: int) -> Iterator[bytes]:
    """The records of a file, in copy `number`."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if number:
                seed = xxhash.xxh3_64_intdigest(record["id"].encode(), seed=number)
                record["text"] = perturbed(record["text"], seed)
                record["id"] = f"{record['id']}~{number}"
            yield json.dumps(record, ensure_ascii=False).encode() + b"\n"


def write_copy(paths: Sequence[str], number: int, output: str) -> int:
    """Write one copy of all files as one, of the size that crawls come in, and return its size before compression."""
    target = Path(output) / f"copy-{number:02d}.jsonl.gz"
    size = 0
    with target.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0, filename="") as sink:
        for line in chain.from_iterable(copies(path, number) for path in paths):
            size += len(line)
            sink.write(line)
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--input", action="append", required=True, help="JSONL.gz files with `id` and `text`")
    parser.add_argument("--output", required=True, help="folder to write to")
    parser.add_argument("--copies", type=int, default=8, help="copies of each document, the original included")
    options = parser.parse_args()
    Path(options.output).mkdir(parents=True, exist_ok=True)
    files = [file.uri for file in resolve_inputs(options.input)]
    with ProcessPoolExecutor() as pool:
        jobs = [pool.submit(write_copy, files, number, options.output) for number in range(options.copies)]
        total = sum(job.result() for job in jobs)
    print(f"{len(jobs)} files, {total / 1e6:,.0f} MB of JSONL in {options.output}")


if __name__ == "__main__":
    main()
