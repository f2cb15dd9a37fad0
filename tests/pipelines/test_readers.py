"""Every dataset of a run is read by the five readers that people use."""

import tempfile
from pathlib import Path

import datasets
import duckdb
import polars
import pyarrow.dataset as ds
import pytest
import ray

FOLDERS = (
    "documents",
    "annotations",
    "clusters",
    "decisions",
    "corpus",
    "rejected",
    "bitext",
    "instructions/translation",
    "augmented/parallel",
    "mixture/pretrain",
    "mixture/instruct",
)


def count_with_arrow(folder: Path) -> int:
    return int(ds.dataset(folder, format="parquet", exclude_invalid_files=True).count_rows())


def count_with_duckdb(folder: Path) -> int:
    rows = duckdb.sql(f"select * from read_parquet('{folder}/**/*.parquet')").fetchall()
    return len(rows)


def count_with_polars(folder: Path) -> int:
    return polars.read_parquet(f"{folder}/**/*.parquet").height


def count_with_datasets(folder: Path) -> int:
    files = sorted(str(path) for path in folder.rglob("*.parquet"))
    with tempfile.TemporaryDirectory() as cache:
        return len(datasets.load_dataset("parquet", data_files=files, cache_dir=cache, split="train"))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("count", [count_with_duckdb, count_with_polars, count_with_datasets])
def test_readers_agree_with_arrow(
    quickstart_run: Path, folder: str, count: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    rows = count_with_arrow(quickstart_run / folder)
    assert rows > 0
    assert count(quickstart_run / folder) == rows  # type: ignore[operator]


def test_ray_data_reads_corpus_and_mixture(ray_cluster: None, quickstart_run: Path) -> None:
    for folder in ("corpus", "mixture/pretrain"):
        files = [str(path) for path in sorted((quickstart_run / folder).rglob("*.parquet"))]
        assert ray.data.read_parquet(files).count() == count_with_arrow(quickstart_run / folder)
