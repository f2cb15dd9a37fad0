"""The quickstart pipeline, which runs everything, writes the same bytes on one process and on two workers."""

from pathlib import Path

from pipelines.run import run
from tests.files import digests


def test_two_ray_workers_write_what_one_process_writes(ray_cluster: None, quickstart_run: Path, tmp_path: Path) -> None:
    assert run("quickstart", str(tmp_path), engine="ray", workers=2, quiet=True).status == 0
    expected = digests(quickstart_run)
    assert {name.split("/")[0] for name in expected} >= {"corpus", "tokenizer", "mixture", "instructions", "augmented"}
    assert digests(tmp_path) == expected
