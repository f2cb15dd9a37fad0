"""Text that its collection labels with a language, as `lang derive` and `lid train` read it."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace

from pipelines.inputs import InputFile, readable, resolve_inputs
from pipelines.storage import open_storage
from stages.ingest.read import Read, read_records
from stages.ingest.records import RawRecord
from stages.normalize.quick import normalize_texts
from stages.normalize.unicode import NormalizeUnicode


@dataclass(frozen=True)
class LabelledText:
    """A document, or a side of a pair: then `whole` is false and `translation` is the other side.

    `name` is file and place, unlike that of any other text; `id` is the collection's own, else the name.
    """

    name: str
    id: str
    label: str | None
    text: str
    source: str
    licence: str = ""
    whole: bool = True
    translation: str = ""


def read_labelled_texts(
    uris: Sequence[str], left_out: MutableMapping[str, int], fields: Mapping[str, str] | None = None
) -> Iterator[LabelledText]:
    """Every text of what `ingest.read` reads, normalized as a pipeline stores it; both sides of pairs.

    `left_out` counts records and texts that there are no words of, by reason; `fields` names columns as its option
    does. Raises ConfigError where an input does not exist.
    """
    read, normalize = Read(fields=dict(fields or {})), NormalizeUnicode()
    for file in resolve_inputs(uris):
        pending = list(_texts(file, read, left_out))
        texts = normalize_texts([found.text for found in pending], normalize)
        for found, text in zip(pending, texts, strict=True):
            if text and not text.isspace():
                yield replace(found, text=text)
            else:
                left_out["no text"] += 1


def _texts(file: InputFile, read: Read, left_out: MutableMapping[str, int]) -> Iterator[LabelledText]:
    """The texts of a file as they are."""
    folder = readable(file.uri.rsplit("/", 2)[-2])
    with open_storage(file.root).open(file.path) as stream:
        for record in read_records(stream, file.path, read):
            if not isinstance(record, RawRecord):
                left_out[record.reason] += 1
                continue
            name = f"{readable(file.relative)}{record.locator}"
            source, licence = record.source or folder, record.licence or ""
            if record.pair is not None:
                pair = record.pair
                for side, text, other, label in (
                    ("src", pair.src, pair.tgt, pair.src_lang),
                    ("tgt", pair.tgt, pair.src, pair.tgt_lang),
                ):
                    at = f"{name}/{side}"
                    yield LabelledText(at, at, label, text, source, licence, whole=False, translation=other)
            elif record.text is None:
                left_out["no text"] += 1
            else:
                yield LabelledText(
                    name, record.source_id or name, record.language_claimed, record.text, source, licence
                )
