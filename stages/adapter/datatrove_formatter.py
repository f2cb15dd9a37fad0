"""datatrove formatters, named by their import path, on a text before it becomes a document."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from stages.adapter.imports import DatatroveClass
from stages.registry import Resource, stage


class Formatter(Protocol):
    """What is used of a datatrove formatter."""

    def format(self, text: str) -> str: ...


@dataclass(frozen=True, kw_only=True)
class DatatroveFormatter:
    """Options of `datatrove.formatter`: the import path of a formatter class and its constructor's arguments."""

    use: str
    options: Mapping[str, Any] = field(default_factory=dict)


def _resources(config: DatatroveFormatter) -> Mapping[str, Resource]:
    return {"formatter": DatatroveClass(config.use, "datatrove.pipeline.formatters.base.BaseFormatter", config.options)}


@stage("datatrove.formatter", kind="ingest", config=DatatroveFormatter, resources=_resources)
def format_text(text: str, config: DatatroveFormatter, *, formatter: Formatter) -> str:
    """Rewrite a text with a datatrove formatter, before it becomes `documents.text`.

    Each text meets the formatter as it was opened, so that what it counts (`PIIFormatter` takes its replacements in
    turn) does not depend on the texts before.
    """
    return str(copy.deepcopy(formatter).format(text))
