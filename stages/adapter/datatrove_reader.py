"""datatrove readers, named by their import path, over files of formats that `ingest` does not know."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from stages.adapter.imports import DatatroveClass
from stages.ingest.records import Item, RawRecord, Unreadable
from stages.registry import Resource, stage

_OF_THE_RECORD = {
    "url": "url",
    "date": "date",
    "licence": "licence",
    "license": "licence",
    "language": "language_claimed",
    "lang": "language_claimed",
    "source": "source",
}
"""Keys of datatrove's metadata that are columns of a document."""


@dataclass(frozen=True, kw_only=True)
class DatatroveReader:
    """Options of `datatrove.reader`.

    `use` is the import path of a class that reads files, `options` are its constructor's arguments without the folder,
    `pattern` is the file name, with `*` and `?`, of the inputs that it reads. `content` says whether its text is text
    or HTML.
    """

    use: str
    pattern: str = "*"
    content: Literal["text", "html"] = "text"
    options: Mapping[str, Any] = field(default_factory=dict)


def _resources(config: DatatroveReader) -> Mapping[str, Resource]:
    base = "datatrove.pipeline.readers.base.BaseDiskReader"
    return {"reader": _ReaderClass(DatatroveClass(config.use, base, config.options, frozenset({"data_folder"})))}


@dataclass(frozen=True)
class _ReaderClass:
    """Opens to itself: datatrove binds a reader to a folder when it is made."""

    found: DatatroveClass

    def open(self) -> DatatroveClass:
        self.found.checked()
        return self.found

    def fingerprint(self) -> str:
        return self.found.fingerprint()


@stage("datatrove.reader", kind="ingest", config=DatatroveReader, resources=_resources)
def read_documents(path: str, config: DatatroveReader, *, reader: DatatroveClass) -> Iterator[Item]:
    """The documents that a datatrove reader finds in one file, in order.

    `locator` is the number of the document among those the reader yields, and `source_id` the id it gives. What a
    reader skips by itself (`JsonlReader` skips broken lines) is not seen and not counted; an error that ends the
    reading is one `Unreadable`, and what came before it is kept.
    """
    folder, _, name = path.rpartition("/")
    made = reader.make(data_folder=folder or ".")
    made.add_file_path = False  # where the input lies must not change the output
    documents = made.read_file(name)
    number = 0
    while True:
        try:
            document = next(documents)
        except StopIteration:
            return
        except Exception as error:
            detail = f"{config.use} stopped after {number} documents: {error!r}"
            yield Unreadable(f"#{number}", 0, "ingest.corrupt_stream", detail)
            return
        yield _record(document, number, config)
        number += 1


def _record(document: Any, number: int, config: DatatroveReader) -> RawRecord:
    data = document.text.encode("utf-8", "replace")
    metadata = json.loads(json.dumps(document.metadata, default=str, ensure_ascii=False))
    known: dict[str, Any] = {
        column: str(metadata.pop(key)) for key, column in _OF_THE_RECORD.items() if metadata.get(key) not in (None, "")
    }
    as_html = config.content == "html"
    return RawRecord(
        locator=f"#{number}",
        bytes=len(data),
        text=None if as_html else document.text,
        html=data if as_html else None,
        content_type="text/html; charset=utf-8" if as_html else None,
        source_id=document.id,
        meta=metadata,
        **known,
    )
