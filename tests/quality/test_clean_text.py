"""The installed bounds drop hardly any clean human text, in any script."""

import gzip
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stages.columns import DOCUMENTS
from stages.registry import load_stages
from stages.text.batch import TextBatch
from stages.text.language import LanguageText

FOLDER = Path(__file__).resolve().parents[2] / "lang_configs"
SOURCES = ["udhr/udhr_preamble_art1-20.jsonl.gz", "ud-thai-pud/docs.jsonl.gz", "ud-uyghur-udt/docs.jsonl.gz"]


def bounds(script: str) -> dict[str, dict[str, Any]]:
    """Default bounds under those of the script."""
    found: dict[str, dict[str, Any]] = {}
    for path in (FOLDER / "_default.toml", FOLDER / f"_{script}.toml"):
        if path.exists():
            for column, bound in tomllib.loads(path.read_text("utf-8")).get("bounds", {}).items():
                found[column] = bound if bound.get("off") else {**found.get(column, {}), **bound}
    return found


def failures(text: str, language: str) -> list[str]:
    """Quality columns outside their bounds."""
    rows = pa.RecordBatch.from_pylist([{"text": text}], schema=pa.schema([f.with_nullable(True) for f in DOCUMENTS]))
    batch, limits, failed = TextBatch(rows, LanguageText(code=language)), bounds(language.partition("_")[2]), []
    for name, found in load_stages().items():
        if not name.startswith("quality."):
            continue
        config = found.config()
        opened = {key: resource.open() for key, resource in found.resources(config).items()}
        for column, value in found.function(batch, config, **opened).to_pylist()[0].items():
            limit = limits.get(column, {"off": True})
            if not limit.get("off") and not limit.get("min", value) <= value <= limit.get("max", value):
                failed.append(column)
    return failed


@pytest.mark.realdata
def test_clean_text_passes(data_root: Path) -> None:
    """At most 1 % of declarations in 461 languages and of running text in Thai and Uyghur are dropped."""
    dropped, total = Counter[str](), 0
    for source in SOURCES:
        with gzip.open(data_root / "mono" / source, "rt") as lines:
            for record in map(json.loads, lines):
                total += 1
                if failed := failures(record["text"], record["lang"]):
                    dropped[f"{record['lang']} {failed}"] += 1
    assert dropped.total() <= total * 0.01, dropped


def test_every_bound_binds_a_known_column_and_says_why() -> None:
    columns = {"language_score", "language_second_score"}
    for found in load_stages().values():
        if found.name.startswith("quality."):
            columns |= set(found.writes(found.config()).names)
    for path in FOLDER.glob("_*.toml"):
        for column, bound in tomllib.loads(path.read_text("utf-8")).get("bounds", {}).items():
            assert column in columns, f"{path.name}: {column}"
            assert bound["why"], f"{path.name}: {column}"
            assert bound.get("off") or {"min", "max"} & set(bound), f"{path.name}: {column}"
