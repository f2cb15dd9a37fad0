"""datatrove extractors, named by their import path, from HTML to text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from stages.adapter.imports import DatatroveClass
from stages.registry import Resource, stage


class Extractor(Protocol):
    """What is used of a datatrove extractor."""

    def extract(self, text: str) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class DatatroveExtractor:
    """Options of `datatrove.extractor`: the import path of an extractor class and its constructor's arguments."""

    use: str
    options: Mapping[str, Any] = field(default_factory=dict)


def _resources(config: DatatroveExtractor) -> Mapping[str, Resource]:
    return {"extractor": DatatroveClass(config.use, "datatrove.pipeline.extractors.base.BaseExtractor", config.options)}


@stage("datatrove.extractor", kind="ingest", config=DatatroveExtractor, resources=_resources)
def extract_html(html: str, config: DatatroveExtractor, *, extractor: Extractor) -> str:
    """The text of a page by a datatrove extractor; empty where it finds none.

    The extractor's own time limit, which needs a process of its own for each worker, is not used: the caller sets one.
    """
    return extractor.extract(html) or ""
