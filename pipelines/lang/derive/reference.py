"""Reference text: read, grouped by language and measured."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from pipelines.context import batches
from pipelines.labelled_text import LabelledText, read_labelled_texts
from pipelines.models import model_path
from pipelines.pipeline import PipelineStep
from pipelines.steps.annotate import BATCH_BYTES, annotate, annotation_schema
from stages.columns import IDENTIFICATION, UNDETERMINED
from stages.identify.codes import is_code, known_languages, resolve_or_none
from stages.identify.fasttext import FasttextModel, IdentifyFasttext, identify_texts
from stages.registry import load_stages
from stages.text.language import LanguageText

QUALITY = "quality."

PIECE_BYTES: Final = 500
"""Of whole lines: what is told of short texts is measured on."""

MOST_PIECES: Final = 200
"""Of each language, spread over its text."""


@dataclass
class Reference:
    """Texts of one language, and what was measured of its documents."""

    code: str
    texts: list[LabelledText] = field(default_factory=list)

    @cached_property
    def documents(self) -> list[LabelledText]:
        return [text for text in self.texts if text.whole]

    @cached_property
    def text_bytes(self) -> int:
        return sum(len(text.text.encode()) for text in self.texts)

    def described(self) -> str:
        """As `214 documents of bible, udhr`."""
        kind = "document" if self.documents else "sentence"
        sources = ", ".join(sorted({text.source for text in self.texts}))
        return f"{len(self.texts):,} {kind}{'' if len(self.texts) == 1 else 's'} of {sources}" if sources else "no text"


def read_references(uris: Sequence[str], code: str | None = None) -> dict[str, Reference]:
    """References by code, of what JSONL, Parquet, text and HTML files hold; records without text are left out.

    A record's own language decides where it goes. A record that names none belongs to `code`, and is left out where
    that is None. A label that stands for several languages (`que_Latn`) is a reference of its own. Both sides of a
    pair are sentences of their languages.

    Raises ConfigError where an input does not exist.
    """
    found: dict[str, list[LabelledText]] = {}
    for text in read_labelled_texts(uris, Counter()):
        at = code if text.label is None else _code_of(text.label)
        if at is not None:
            found.setdefault(at, []).append(text)
    return {at: Reference(at, found[at]) for at in sorted(found)}


def _code_of(label: str) -> str | None:
    """The code that a label names; the label itself where it stands for several languages, or for none, in a script."""
    code = resolve_or_none(label)
    language = label.partition("_")[0]
    named = is_code(label) and (language in known_languages() or language == UNDETERMINED)
    return label if named and code in (None, UNDETERMINED) else code


@dataclass(frozen=True)
class Pieces:
    """Text of a language in pieces of whole lines and about the same size, and the source of each."""

    texts: tuple[str, ...]
    sources: tuple[str, ...]


def pieces_of(reference: Reference) -> Pieces:
    """Pieces of at least `PIECE_BYTES`, at most `MOST_PIECES`, spread over the text."""
    texts: list[str] = []
    sources: list[str] = []
    lines: list[str] = []
    size = 0
    for text in reference.texts:
        for line in text.text.splitlines():
            lines.append(line)
            size += len(line.encode())
            if size >= PIECE_BYTES:
                texts.append("\n".join(lines))
                sources.append(text.source)
                lines, size = [], 0
    step = max(1, -(-len(texts) // MOST_PIECES))
    return Pieces(tuple(texts[::step]), tuple(sources[::step]))


@dataclass(frozen=True)
class Measured:
    """Columns of the documents of a reference, as stages write them, row by row."""

    code: str
    ids: Sequence[str]
    sources: Sequence[str]
    columns: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, chosen: np.ndarray) -> "Measured":
        """Some of the rows, by a mask."""
        at = np.flatnonzero(chosen).tolist()
        return Measured(
            self.code,
            [self.ids[row] for row in at],
            [self.sources[row] for row in at],
            {name: values[at] for name, values in self.columns.items()},
        )


def joined(parts: Sequence[Measured], code: str) -> Measured:
    """The rows of several languages as one."""
    return Measured(
        code,
        [ident for part in parts for ident in part.ids],
        [source for part in parts for source in part.sources],
        {name: np.concatenate([part.columns[name] for part in parts]) for name in (parts[0].columns if parts else ())},
    )


class Measurer:
    """Every quality stage under its default options, opened once."""

    def __init__(self) -> None:
        stages = [found for name, found in load_stages().items() if name.startswith(QUALITY)]
        self._steps = [PipelineStep(number, found, found.config()) for number, found in enumerate(stages, 1)]
        self._resources = [
            {name: resource.open() for name, resource in step.stage.resources(step.config).items()}
            for step in self._steps
        ]
        self._schema = annotation_schema(self._steps)
        self.columns = tuple(name for step in self._steps for name in step.stage.writes(step.config).names)

    def __call__(self, reference: Reference, language: LanguageText) -> Measured:
        """Measure the documents under a language's `[text]` table."""
        documents = reference.documents
        parts = []
        for start, end in batches([len(document.text.encode()) for document in documents], BATCH_BYTES):
            rows = _rows(documents[start:end], reference.code)
            parts.append(annotate(rows, language, self._steps, self._resources, self._schema))
        table = pa.concat_tables(parts) if parts else self._schema.empty_table()
        return Measured(
            reference.code,
            [document.id for document in documents],
            [document.source for document in documents],
            {name: table.column(name).to_numpy() for name in self.columns if _is_number(table.schema.field(name))},
        )


def _is_number(field: pa.Field) -> bool:
    return bool(pa.types.is_floating(field.type) or pa.types.is_integer(field.type))


def _rows(documents: Sequence[LabelledText], code: str) -> pa.RecordBatch:
    schema = pa.schema(
        [
            ("doc_id", pa.string()),
            ("source", pa.string()),
            ("text", pa.large_string()),
            ("url", pa.string()),
            *IDENTIFICATION,
        ]
    )
    rows = [
        {
            "doc_id": document.id,
            "source": document.source,
            "text": document.text,
            "url": None,
            "language": code,
            "language_score": 1.0,
            "language_second": None,
            "language_second_score": 0.0,
            "script": code.partition("_")[2],
        }
        for document in documents
    ]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


class Scorer:
    """A fastText model that says what score it gives to text of a language that it identifies correctly."""

    def __init__(self, model: str = "lid.176") -> None:
        self.model = model
        self._config = IdentifyFasttext(model=model_path(model))
        self._opened = FasttextModel(self._config.model).open()
        self.codes = frozenset(self._opened.codes.names.to_pylist())

    def identify(self, texts: Sequence[str]) -> pa.RecordBatch:
        """What the model says of each text, as `identify_texts`."""
        return identify_texts(pa.array(texts, pa.large_string()), self._config, self._opened)

    def __call__(self, reference: Reference) -> np.ndarray:
        """Scores of the documents that the model identifies as this language, float32."""
        found = self.identify([document.text for document in reference.documents])
        right = np.array([code == reference.code for code in found.column("language").to_pylist()], bool)
        scores: np.ndarray = found.column("language_score").to_numpy()[right]
        return scores
