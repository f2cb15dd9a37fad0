"""The environment of the tools we are compared with: made once in a cache folder, then called with JSON.

It is apart from ours because datatrove's tokenizers need other versions, and its `LanguageFilter` another fastText
distribution, which installs the same files as ours.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.benchmarks.documents import Document
from infra.benchmarks.measure import ONE_THREAD, Timing

ROOT: Final = Path(__file__).resolve().parent.parent.parent

REQUIRED: Final = ("datatrove[processing]==0.10.1", "spacy[ja]>=3.8")
"""Without these there is nothing to compare with."""

TOKENIZERS: Final = (
    "pyvi",
    "pythainlp",
    "jieba",
    "indic-nlp-library",
    "kiwipiepy<0.22.0",
    "khmer-nltk",
    "laonlp",
    "botok",
    "pyidaungsu-numpy2",
)
"""datatrove's other word tokenizers, each for some languages.

Of its extra `multilingual`; without stanza, which brings torch and downloads a model for each language.
"""

SKETCHERS: Final = ("rensa==0.5.0", "gaoya==0.2.2", "datasketch==2.0.0")


@dataclass(frozen=True)
class Environment:
    """A Python with the other tools, and the packages that it could not install."""

    python: Path
    missing: tuple[str, ...]

    def call(self, action: str, request: Mapping[str, Any], result: Path) -> None:
        """Run `rivals.py` there; raises SystemExit with the end of its errors if it fails."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "request.json"
            path.write_text(json.dumps(request), "utf-8")
            command = [str(self.python), "-m", "infra.benchmarks.rivals", action, str(path), str(result)]
            done = subprocess.run(
                command, cwd=ROOT, env=_variables(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
            )
            if done.returncode:
                raise SystemExit(f"{' '.join(command[2:4])} failed:\n{done.stderr[-2000:]}")

    def languages(self, documents: Sequence[Document]) -> "Runnable":
        """Which languages of the documents datatrove can segment here."""
        examples: dict[str, dict[str, str]] = {}
        for document in documents:
            examples.setdefault(document.language, {"label": document.label, "text": document.text})
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "languages.json"
            self.call("languages", {"examples": examples}, result)
            found = json.loads(result.read_text("utf-8"))
        names = {code: answer["tokenizer"] for code, answer in found.items() if answer["why_not"] is None}
        refused = {code: answer["why_not"] for code, answer in found.items() if answer["why_not"] is not None}
        return Runnable(names, refused)

    def measure(
        self, work: str, tool: str, documents: Path, names: Mapping[str, str], *, model: str, runs: int, core: int
    ) -> Timing:
        """Time one tool at one work there."""
        request = {
            "work": work,
            "tool": tool,
            "documents": str(documents),
            "names": dict(names),
            "model": model,
            "runs": runs,
            "core": core,
        }
        with tempfile.TemporaryDirectory() as folder:
            result = Path(folder) / "timing.json"
            self.call("measure", request, result)
            return Timing.load(result)


@dataclass(frozen=True)
class Runnable:
    """datatrove's names of the languages that it can segment here, and why it cannot the others."""

    names: Mapping[str, str]
    refused: Mapping[str, str]


def make_environment(folder: Path | None = None) -> Environment:
    """The environment in a cache folder; made on the first call, and anew when what it should hold has changed."""
    wanted = (*REQUIRED, *TOKENIZERS, *SKETCHERS)
    key = hashlib.sha256("\n".join((sys.version, *wanted)).encode()).hexdigest()[:12]
    home = (folder or cache_folder()) / f"benchmark-tools-{key}"
    python, record = home / "bin" / "python", home / "missing.json"
    if record.exists():
        return Environment(python, tuple(json.loads(record.read_text("utf-8"))))
    print(f"installing {len(wanted)} packages for comparison in {home}", file=sys.stderr)
    venv.create(home, with_pip=True, clear=True)
    if error := _install(python, (*REQUIRED, *TOKENIZERS, *SKETCHERS)):
        if required := _install(python, REQUIRED):
            raise SystemExit(f"cannot install {' '.join(REQUIRED)}:\n{required}")
        print(f"not everything installs together, so one by one: {error}", file=sys.stderr)
        missing = [package for package in (*TOKENIZERS, *SKETCHERS) if _install(python, (package,))]
    else:
        missing = []
    record.write_text(json.dumps(missing), "utf-8")
    return Environment(python, tuple(missing))


def cache_folder() -> Path:
    """Where the environment is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "babelmill"


def _install(python: Path, packages: Sequence[str]) -> str:
    """The end of pip's error, empty if it installed them."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return done.stderr.strip()[-1000:] or "failed" if done.returncode else ""


def _variables() -> dict[str, str]:
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT), "LOGURU_LEVEL": "ERROR"}
