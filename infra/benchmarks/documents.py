"""The documents to measure on: read from JSON lines, sampled evenly, in batches of one language."""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from unicodedata import normalize

import pyarrow as pa

from pipelines.context import batches
from pipelines.inputs import resolve_inputs
from pipelines.languages import load_language
from pipelines.steps.annotate import BATCH_BYTES
from stages.columns import IDENTIFICATION, UNDETERMINED
from stages.identify.codes import resolve_or_none
from stages.text.language import LanguageText

COLUMNS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("source", pa.string()),
        ("text", pa.large_string()),
        ("url", pa.string()),
        *IDENTIFICATION,
    ]
)
"""What annotating reads of `documents`."""


@dataclass(frozen=True)
class Document:
    """A text, its language as our code and as its file has it."""

    id: str
    text: str
    language: str = UNDETERMINED
    label: str = ""
    url: str = ""

    @property
    def text_bytes(self) -> int:
        return len(self.text.encode())


@dataclass(frozen=True)
class Batch:
    """Rows of one language, as the engine annotates them."""

    rows: pa.RecordBatch
    language: LanguageText


def read_documents(inputs: Sequence[str]) -> list[Document]:
    """Records of JSONL files (`.gz` or not), in the order of the files; `lang` or `language` may name the language.

    A label that names no language, and none at all, reads as `und`. Records without text are left out. Texts are in
    NFC, as `ingest` leaves them.
    """
    return [document for file in resolve_inputs(inputs) for document in _read(Path(file.uri))]


def _read(path: Path) -> Iterator[Document]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            record = json.loads(line)
            if text := record.get("text"):
                label = record.get("lang") or record.get("language") or ""
                code = resolve_or_none(label) or UNDETERMINED
                where = str(record.get("id") or f"{path.name}:{number}")
                whole = text.encode("utf-8", "replace").decode()  # lone surrogates have no UTF-8 form
                yield Document(where, normalize("NFC", whole), code, label, record.get("url") or "")


def sampled(documents: Sequence[Document], text_bytes: float) -> list[Document]:
    """Every n-th document, so that about `text_bytes` of text are left; all of them for 0."""
    total = sum(document.text_bytes for document in documents)
    if not text_bytes or total <= text_bytes:
        return list(documents)
    share, carried, chosen = text_bytes / total, 0.5, []
    for document in documents:
        carried += share
        if carried >= 1:
            carried -= 1
            chosen.append(document)
    return chosen


def grouped(documents: Iterable[Document]) -> list[Batch]:
    """Batches as the engine makes them: of one language, of a bounded size."""
    ordered = sorted(documents, key=lambda document: document.language)
    found = []
    for code, group in groupby(ordered, key=lambda document: document.language):
        members = list(group)
        language = load_language(code).text
        for start, end in batches([document.text_bytes for document in members], BATCH_BYTES):
            found.append(Batch(rows_of(members[start:end]), language))
    return found


def rows_of(documents: Sequence[Document]) -> pa.RecordBatch:
    """The columns that annotating reads."""
    rows = [
        {
            "doc_id": document.id,
            "source": "-",
            "text": document.text,
            "url": document.url or None,
            "language": document.language,
            "language_score": 1.0,
            "language_second_score": 0.0,
            "script": document.language.partition("_")[2],
        }
        for document in documents
    ]
    return pa.RecordBatch.from_pylist(rows, schema=COLUMNS)


def write_exchange(documents: Iterable[Document], path: Path) -> Path:
    """Documents for another process, one JSON object a line."""
    with path.open("w", encoding="utf-8") as sink:
        for document in documents:
            sink.write(json.dumps(asdict(document)) + "\n")
    return path


def read_exchange(path: Path) -> list[Document]:
    """What `write_exchange` wrote."""
    with path.open(encoding="utf-8") as lines:
        return [Document(**json.loads(line)) for line in lines]
