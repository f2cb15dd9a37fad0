"""The quickstart pipeline, which runs everything, writes the same bytes on one process and on two workers."""

import hashlib
from pathlib import Path

from pipelines.run import run


def digests(root: Path) -> dict[str, str]:
    """Digest of every public file but the two that name times."""
    files = [path for path in root.rglob("*") if path.is_file() and ".babelmill" not in path.parts]
    names = {path.relative_to(root).as_posix(): path for path in files}
    data = {name: path for name, path in names.items() if name not in ("run.json", "report.html") and ".hf" not in name}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in data.items()}


def test_two_ray_workers_write_what_one_process_writes(ray_cluster: None, quickstart_run: Path, tmp_path: Path) -> None:
    assert run("quickstart", str(tmp_path), engine="ray", workers=2, quiet=True).status == 0
    expected = digests(quickstart_run)
    assert {name.split("/")[0] for name in expected} >= {"corpus", "tokenizer", "mixture", "instructions", "augmented"}
    assert digests(tmp_path) == expected
