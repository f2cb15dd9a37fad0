"""Whether MinHash and its bands do what theory says, on the real shingle sets of the gold pairs.

    python -m infra.benchmarks.minhash_accuracy DATA [--seeds 200] [--json OUT]

DATA holds `dedup/gold_pairs.jsonl.gz` (exact Jaccard similarities of at least 0.2 over 5-grams of `\\w+`, NFC,
lower-cased) and the page versions it names. Words are given: only hashing is measured, not segmentation. What is
measured is what ships: minima are those of `signature`, band keys those of `sketches`, as `dedup.minhash` calls it.

First table: root mean square error of the estimate (share of equal minima of 112), by similarity; theory is
sqrt(s (1 - s) / 112) for each pair. Second table: share of pairs with a common key of 14 bands of 8, against
1 - (1 - s^8)^14 for each pair; scripts with fewer than 100 pairs in a bin are pooled. The exit status is 1 if an
RMSE is more than 3 % from theory or a hit rate more than 1 % (absolute).
"""

import argparse
import gzip
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import regex
import xxhash

from stages.dedup.key import WordHashes
from stages.dedup.minhash import MinHash
from stages.dedup.signature import permutations, shingle_keys, signature, sketches
from stages.identify.script import dominant_script

FEWEST = 100
BOUNDS = {"rmse": 0.03, "hits": 0.01}
POOLED = "others"
_WORD = regex.compile(r"\w+")


@dataclass(frozen=True)
class Pair:
    """Two rows of documents, their exact similarity and their script."""

    one: int
    other: int
    jaccard: float
    script: str


@dataclass(frozen=True)
class Row:
    """One line of a table; `error` is relative for RMSE, absolute for hit rates."""

    table: str
    script: str
    low: float
    pairs: int
    measured: float
    theory: float
    error: float


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def load(folder: Path) -> tuple[WordHashes, list[np.ndarray], list[Pair]]:
    """Words of each page version, its distinct shingle keys, and the gold pairs with the similarity of these sets."""
    texts = {
        record["id"]: record["text"] for path in sorted(folder.glob("*/*.jsonl.gz")) for record in read_lines(path)
    }
    gold = list(read_lines(folder / "gold_pairs.jsonl.gz"))
    rows = {name: row for row, name in enumerate(sorted({pair[side] for pair in gold for side in "ab"}))}
    hashes = [word_hashes(texts[name]) for name in rows]
    keys = [np.unique(shingle_keys(found, MinHash().ngram)) for found in hashes]
    scripts = [dominant_script(texts[name]) for name in rows]
    pairs, worst = [], 0.0
    for pair in gold:
        one, other = rows[pair["a"]], rows[pair["b"]]
        common = len(np.intersect1d(keys[one], keys[other], assume_unique=True))
        jaccard = common / (len(keys[one]) + len(keys[other]) - common)
        worst = max(worst, abs(jaccard - pair["jaccard"]))
        script = scripts[one] if scripts[one] == scripts[other] else POOLED
        pairs.append(Pair(one, other, jaccard, script))
    print(f"{len(rows)} documents, {len(pairs)} pairs; similarity differs from the gold by at most {worst:.4f}")
    offsets = np.cumsum([0, *map(len, hashes)], dtype=np.int64)
    return WordHashes(np.concatenate(hashes), offsets), keys, pairs


def word_hashes(text: str) -> np.ndarray:
    words = _WORD.findall(unicodedata.normalize("NFC", text).lower())
    return np.array([xxhash.xxh3_64_intdigest(word.encode()) for word in words], np.uint64)


def measure(
    words: WordHashes, keys: Sequence[np.ndarray], pairs: Sequence[Pair], seeds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Squared error of the estimate, and share of hits, of each pair, as means over the seeds."""
    config = MinHash()
    one, other = (np.array([getattr(pair, side) for pair in pairs]) for side in ("one", "other"))
    true = np.array([pair.jaccard for pair in pairs])
    errors, hits = np.zeros(len(pairs)), np.zeros(len(pairs))
    for seed in range(seeds):
        functions = permutations(config.bands * config.rows, seed)
        minima = np.stack([signature(found, *functions) for found in keys])
        bands = sketches(*words, *functions, config.ngram, config.bands)
        errors += ((minima[one] == minima[other]).mean(axis=1) - true) ** 2
        hits += (bands[one] == bands[other]).any(axis=1)
    return errors / seeds, hits / seeds


def bins(pairs: Sequence[Pair]) -> dict[tuple[str, float], list[int]]:
    """Pairs by script and by tenths of similarity; bins of few pairs are pooled, over scripts only."""
    found: dict[tuple[str, float], list[int]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        found[pair.script, min(int(pair.jaccard * 10), 9) / 10].append(number)
    pooled: dict[tuple[str, float], list[int]] = defaultdict(list)
    for (script, low), numbers in found.items():
        pooled[script if len(numbers) >= FEWEST else POOLED, low] += numbers
    return {key: pooled[key] for key in sorted(pooled) if len(pooled[key]) >= FEWEST}


def table(pairs: Sequence[Pair], errors: np.ndarray, hits: np.ndarray) -> list[Row]:
    config = MinHash()
    true = np.array([pair.jaccard for pair in pairs])
    variance = true * (1 - true) / (config.bands * config.rows)
    curve = 1 - (1 - true**config.rows) ** config.bands
    rows = []
    for low in [place / 10 for place in range(2, 10)]:
        chosen = (np.minimum((true * 10).astype(int), 9) == round(low * 10)) & (true < 1)
        if chosen.sum() >= FEWEST:
            found, theory = float(errors[chosen].mean() ** 0.5), float(variance[chosen].mean() ** 0.5)
            rows.append(Row("rmse", "all", low, int(chosen.sum()), found, theory, found / theory - 1))
    found, theory = float(errors.mean() ** 0.5), float(variance.mean() ** 0.5)
    rows.append(Row("rmse", "all", 0.0, len(pairs), found, theory, found / theory - 1))
    for (script, low), numbers in bins(pairs).items():
        rate, expected = float(hits[numbers].mean()), float(curve[numbers].mean())
        rows.append(Row("hits", script, low, len(numbers), rate, expected, rate - expected))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--json", type=Path, help="also write the rows here")
    arguments = parser.parse_args()
    words, keys, pairs = load(arguments.data / "dedup")
    rows = table(pairs, *measure(words, keys, pairs, arguments.seeds))
    print(f"{'':6}{'script':8}{'from':>5}{'pairs':>7}{'measured':>10}{'theory':>9}{'error':>9}")
    for row in rows:
        print(
            f"{row.table:6}{row.script:8}{row.low:5.1f}{row.pairs:7}{row.measured:10.4f}{row.theory:9.4f}{row.error:+9.2%}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
    outside = [row for row in rows if abs(row.error) > BOUNDS[row.table]]
    for name, bound in BOUNDS.items():
        found = [abs(row.error) for row in rows if row.table == name]
        print(f"{name}: {len(found)} rows, the largest error is {max(found):.2%}; the bound is {bound:.0%}")
    raise SystemExit(1 if outside else 0)


if __name__ == "__main__":
    main()
