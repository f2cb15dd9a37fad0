"""Time `babelmill lang try` on a run of a million documents of one language.

    python -m infra.benchmarks.try_edit --run runs/pretrain [--documents 1000000] [--json OUT]

The run directory it is tried on is made of the rows of a real one, repeated under new ids and in the language that has
most documents there: annotations and clusters as they are, texts cut short, decided by the shipped bounds. Prints wall
and processor seconds of the whole command, Python's start and 20 samples each way included. Status 1 if the median
takes longer than the limit.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xxhash

from pipelines.languages import load_language
from pipelines.rundir import RunDir
from stages.columns import CLUSTERS, DECISIONS
from stages.corpus.fates import decided, judged, rules, survivors

LIMIT: Final = 5.0
ROW_GROUP: Final = 8192


def repeated(table: pa.Table, copy: int, language: str) -> pa.Table:
    """The rows under ids of their own: `doc_id` and `cluster` hashed with the number of the copy."""
    for name in ("doc_id", "cluster", "language"):
        if name not in table.column_names:
            continue
        values = table.column(name).to_pylist()
        known = {value: xxhash.xxh3_128_hexdigest(f"{value} {copy}".encode()) for value in set(values)}
        made = [language] * len(values) if name == "language" else [known[value] for value in values]
        table = table.set_column(table.column_names.index(name), table.schema.field(name), pa.array(made))
    return table


def make_run(run: RunDir, output: Path, documents: int, characters: int) -> str:
    """A run directory of so many documents; returns its language."""
    annotations, clusters, texts = (_whole(run, name) for name in ("annotations", "clusters", "documents"))
    rows = pc.index_in(annotations.column("doc_id"), value_set=texts.column("doc_id").combine_chunks())
    texts = texts.take(rows)
    text = pc.utf8_slice_codeunits(texts.column("text"), 0, characters)
    texts = texts.set_column(texts.column_names.index("text"), texts.schema.field("text"), text)
    members = pc.index_in(annotations.column("doc_id"), value_set=clusters.column("doc_id").combine_chunks())
    clusters = clusters.take(members)
    counts = pc.value_counts(annotations.column("language")).to_pylist()
    language = str(max(counts, key=lambda row: (row["counts"], row["values"]))["values"])
    settings = load_language(language)
    limits = rules(settings.bounds, _owners(run, annotations.schema), settings.confusable)
    parts = []
    for number, copy in enumerate(range(-(-documents // annotations.num_rows))):
        left = min(annotations.num_rows, documents - number * annotations.num_rows)
        tables = {"annotations": annotations, "clusters": clusters, "documents": texts}
        made = {name: repeated(table.slice(0, left), copy, language) for name, table in tables.items()}
        for name, table in made.items():
            _write(table, output / name / f"part-{number:04d}.parquet")
        parts.append(judged(made["annotations"], limits, made["clusters"].select(CLUSTERS.names)))
    best = survivors(parts)
    decisions = [decided(part, best, limits, language).select(DECISIONS.names) for part in parts]
    _write(pa.concat_tables(decisions).cast(DECISIONS), output / "decisions" / f"part-{language}-0.parquet")
    for name in ("tokenizer", "ledger.parquet"):
        source = Path(run.uri) / name
        if source.exists():
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, output / name)
    (output / "run.json").write_text(json.dumps(run.record), "utf-8")
    return language


def _whole(run: RunDir, name: str) -> pa.Table:
    dataset = run.dataset(name)
    if dataset is None:
        raise SystemExit(f"{run.uri}: no {name}; give the output of a finished run")
    return dataset.to_table()


def _owners(run: RunDir, schema: pa.Schema) -> dict[str, str]:
    owners = dict.fromkeys(schema.names, "annotate")
    for step in run.record["pipeline"]["steps"]:
        owners |= {column: step["stage"] for column in step["columns"] if column in owners}
    return owners


def _write(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", compression_level=3, row_group_size=ROW_GROUP)


def timed(directory: Path, language: str, setting: str) -> tuple[float, float, str]:
    """Wall and processor seconds of the command, and what it printed."""
    command = [sys.executable, "-m", "pipelines", "lang", "try", language, "--run", str(directory), "--set", setting]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True, help="output of a finished run, local")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--characters", type=int, default=1000, help="to which texts are cut")
    parser.add_argument("--set", default="word_count.min=80", help="the edit that is tried")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder to make the run directory in, and to leave it")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="babelmill-"))
    language = make_run(RunDir(options.run), folder, options.documents, options.characters)
    runs = [timed(folder, language, options.set) for _ in range(options.runs)]
    print(runs[-1][2].partition("\nnewly kept\n")[0])
    figures: dict[str, Any] = {
        "documents": options.documents,
        "language": language,
        "seconds": round(statistics.median(run[0] for run in runs), 2),
        "processor_seconds": round(statistics.median(run[1] for run in runs), 2),
        "limit": LIMIT,
    }
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    if not options.keep:
        shutil.rmtree(folder)
    raise SystemExit(1 if figures["seconds"] > LIMIT else 0)


if __name__ == "__main__":
    main()
