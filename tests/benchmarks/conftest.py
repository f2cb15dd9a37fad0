"""The benchmarks are scripts of the repository, not of the installed package."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

PIPELINE = """
[[step]]
stage = "ingest.read"

[[step]]
stage = "quality.gopher"

[[step]]
stage = "quality.c4"

[[step]]
stage = "dedup.minhash"
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    """A pipeline file that needs no model."""
    path = tmp_path / "small.toml"
    path.write_text('name = "small"\n' + PIPELINE, "utf-8")
    return str(path)
