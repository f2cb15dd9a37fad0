"""A pipeline with a datatrove filter, whose answer a user's language file makes a bound."""

from pathlib import Path

import pyarrow.dataset as ds

from pipelines.language_checks import check_languages
from pipelines.pipeline import load_pipeline
from pipelines.run import run

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart" / "documents" / "deu.jsonl"
PIPELINE = """
[[step]]
stage = "ingest.read"

[[step]]
stage = "identify.fasttext"

[[step]]
stage = "datatrove.filter"
use = "datatrove.pipeline.filters.GopherQualityFilter"
options = { min_doc_words = 90, min_stop_words = 0 }
into = "gopher"

[[step]]
stage = "decide"

[[step]]
stage = "select"
"""
BOUND = '[bounds.gopher_keep]\nmin = 1\nwhy = "datatrove decides"\n'


def test_a_filter_with_options_decides(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "_default.toml").write_text(BOUND)
    (tmp_path / "own.toml").write_text(PIPELINE)
    pipeline, output, folder = (str(tmp_path / name) for name in ("own.toml", "run", "own"))
    result = run(pipeline, output, inputs=[str(SAMPLE)], lang_configs=folder, engine="inline", quiet=True)
    assert result.status == 0
    decisions = ds.dataset(tmp_path / "run" / "decisions").to_table().to_pylist()
    fates = {(row["keep"], row["reason"]) for row in decisions}
    assert fates == {(True, None), (False, "datatrove.filter.gopher_keep")}
    assert check_languages(folder, load_pipeline(pipeline).columns()) == []
