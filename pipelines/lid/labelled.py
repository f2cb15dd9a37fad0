"""Labelled text, and which of it a model is trained on, calibrated with and evaluated on."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final, Literal, TypeVar

import xxhash

from pipelines.labelled_text import read_labelled_texts
from pipelines.lid.settings import Split
from stages.errors import ConfigError
from stages.identify.codes import is_code, resolve_or_none
from stages.text.characters import TERMINATORS
from stages.text.segmentation import find_sentences

Part = Literal["train", "calibrate", "evaluate"]

SECTION_CHARACTERS: Final = 200
"""Lines of the only document of a language are put together to sections of at least so many characters."""


@dataclass(frozen=True)
class Document:
    """A labelled text; `name` tells it from all others."""

    name: str
    code: str
    source: str
    text: str


@dataclass
class Labelled:
    """Documents by part, and what of the input was left out and why."""

    parts: dict[Part, list[Document]] = field(default_factory=lambda: {"train": [], "calibrate": [], "evaluate": []})
    left_out: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def codes(self) -> list[str]:
        """Codes of the text that is trained on, in order."""
        return sorted({document.code for document in self.parts["train"]})

    def sizes(self) -> dict[str, int]:
        """Characters of text of each code, all parts together."""
        found: dict[str, int] = defaultdict(int)
        for document in chain.from_iterable(self.parts.values()):
            found[document.code] += len(document.text)
        return dict(sorted(found.items()))

    def digest(self) -> str:
        """Hash of the names and texts that are trained on."""
        hashed = xxhash.xxh3_128()
        for document in sorted(self.parts["train"], key=lambda document: document.name):
            hashed.update(f"{document.name}\0{document.code}\0{document.text}\0".encode("utf-8", "surrogatepass"))
        return hashed.hexdigest()

    def without(self, codes: Collection[str]) -> "Labelled":
        """The same with all text of the languages, held out of training, among that which is evaluated on."""
        parts: dict[Part, list[Document]] = {
            part: [document for document in documents if document.code not in codes]
            for part, documents in self.parts.items()
        }
        parts["evaluate"] += [d for documents in self.parts.values() for d in documents if d.code in codes]
        return replace(self, parts=parts)


def read_labelled(inputs: Sequence[str], fields: Mapping[str, str], split: Split) -> Labelled:
    """Every labelled text of the inputs, normalized as ingestion does, and in parts that share no sentence.

    Inputs are what `ingest.read` reads; of pairs both sides are taken. A language's documents are held out as wholes;
    the only document of a language is cut into sections, and these are. A sentence that is held out is taken out of
    whatever text a part before it has: wiki snippets and translations of one text repeat each other.
    Raises ConfigError where nothing has a label.
    """
    found = Labelled()
    documents = list(_documents(inputs, fields, found.left_out))
    if not documents:
        counts = ", ".join(f"{reason} {count}" for reason, count in sorted(found.left_out.items()))
        raise ConfigError(
            f"no labelled text in {', '.join(inputs)} ({counts or 'no records'}); "
            "name the columns with --field text=... and --field language=..."
        )
    _divide(documents, split, found)
    _separate(found)
    return found


def _documents(inputs: Sequence[str], fields: Mapping[str, str], left_out: dict[str, int]) -> Iterator[Document]:
    for found in read_labelled_texts(inputs, left_out, fields):
        code = code_of(found.label)
        if code is None:
            left_out[f"label {found.label}" if found.label else "no language"] += 1
        else:
            yield Document(found.name, code, found.source, found.text)


def code_of(label: str | None) -> str | None:
    """The code of a label of text; one that no table knows but has the form of a code, as `ber_Latn`, stays."""
    code = resolve_or_none(label) or label
    return code if code is not None and "_" in code and is_code(code) and not code.startswith(("und", "mul")) else None


def _divide(documents: Sequence[Document], split: Split, found: Labelled) -> None:
    by_code: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        by_code[document.code].append(document)
    for code in sorted(by_code):
        group = by_code[code]
        pieces = group if len(group) > 1 else _sections(group[0])
        pieces = by_hash(pieces, lambda piece: piece.name, split.seed)
        shares = [drawn(piece.name, split.seed) / 2**64 for piece in pieces]
        held = sum(share < split.evaluate for share in shares)
        later = sum(share < split.evaluate + split.calibrate for share in shares)
        held = min(max(held, 1), max(len(pieces) - 1, 0))
        later = min(max(later, held + 1), max(len(pieces) - 1, held))
        for place, piece in enumerate(pieces):
            part: Part = "evaluate" if place < held else "calibrate" if place < later else "train"
            found.parts[part].append(piece)


def _sections(document: Document) -> list[Document]:
    """Consecutive lines, put together until they are long enough."""
    sections, lines = [], []
    for line in document.text.split("\n"):
        lines.append(line)
        if sum(map(len, lines)) >= SECTION_CHARACTERS:
            sections.append("\n".join(lines))
            lines = []
    if lines:
        sections[-1:] = ["\n".join([*sections[-1:], *lines])]
    return [replace(document, name=f"{document.name}/{number:04d}", text=text) for number, text in enumerate(sections)]


def drawn(name: str, seed: int) -> int:
    """64 bits by which things are drawn."""
    return xxhash.xxh3_64_intdigest(name.encode("utf-8", "surrogatepass"), seed)


T = TypeVar("T")


def by_hash(items: Iterable[T], name: Callable[[T], str], seed: int) -> list[T]:
    """The items in an order that depends on the name of each and the seed alone."""
    return sorted(items, key=lambda item: (drawn(name(item), seed), name(item)))


def sentences(text: str) -> list[str]:
    """Sentences of every line of a text."""
    return [sentence for line in text.splitlines() for sentence in find_sentences(line, TERMINATORS)]


def _separate(found: Labelled) -> None:
    """Take the sentences of later parts out of the parts before them."""
    held: set[tuple[str, str]] = set()
    order: tuple[Part, ...] = ("evaluate", "calibrate", "train")
    for part in order:
        cleaned: list[Document] = []
        seen: set[tuple[str, str]] = set()
        for document in found.parts[part]:
            kept = [s for s in sentences(document.text) if (document.code, s) not in held]
            seen.update((document.code, sentence) for sentence in kept)
            text = document.text if part == "evaluate" else "\n".join(kept)
            if text:
                cleaned.append(replace(document, text=text))
        found.parts[part] = cleaned
        held |= seen
