"""What a run wrote."""

import hashlib
from pathlib import Path


def digests(root: Path) -> dict[str, str]:
    """Digest of every public file that is a function of input and configuration."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and ".babelmill" not in path.parts)
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in found
        if path.name not in ("run.json", "report.html")
    }
