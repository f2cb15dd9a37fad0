"""Language of a document by a fastText model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Self

import numpy as np
import pyarrow as pa
from pydantic import Field

from stages import resources
from stages.columns import IDENTIFICATION
from stages.errors import ConfigError
from stages.identify.fit import LabelCodes, fit_scripts, label_codes
from stages.identify.labels import codes_of_labels, parse_labels
from stages.identify.lines import by_lines
from stages.identify.model_file import ModelFile, read_model
from stages.identify.predict import predict
from stages.identify.scratch import Memory
from stages.identify.strings import Strings, Texts, chunks
from stages.identify.tables import Tables, make_tables
from stages.registry import stage


@dataclass(frozen=True)
class Identifier:
    """An opened model and the codes of its labels. Threads may share one."""

    tables: Tables
    labels: tuple[str, ...]
    codes: LabelCodes
    idle: list[Memory] = field(default_factory=list)
    """Of no thread at the moment; the words that they remember are the next batch's, too."""

    @classmethod
    def of(cls, model: ModelFile, codes: Mapping[str, str]) -> Self:
        """The identifier of a model and the code of each of its labels."""
        return cls(make_tables(model), model.labels, label_codes([codes[label] for label in model.labels]))

    def predict(self, texts: Texts, top_k: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the best labels, int32 (texts, top_k), -1 for none, and their scores, best first."""
        count, top_k = len(texts.starts), min(top_k, len(self.labels))
        labels, scores = np.full((count, top_k), -1, np.int32), np.zeros((count, top_k), np.float32)
        try:
            memory = self.idle.pop()
        except IndexError:
            memory = Memory(self.tables)
        size = int((texts.ends - texts.starts).sum())
        predict(*texts, self.tables, memory.scratch(top_k, size), labels, scores)
        self.idle.append(memory)
        return labels, scores


@dataclass(frozen=True)
class FasttextModel:
    """A `.bin` or `.ftz` file (path or URI), and a file of its labels where they are not codes."""

    uri: str
    labels: str | None = None

    def open(self) -> Identifier:
        model = read_model(self.uri)
        if self.labels is None:
            return Identifier.of(model, codes_of_labels(model.labels, self.uri))
        table = parse_labels(resources.read_bytes(self.labels).decode().splitlines(), self.labels)
        return Identifier.of(model, {label: _in_table(label, table, self.labels) for label in model.labels})

    def fingerprint(self) -> str:
        """Hash of the model's bytes and of the label file's."""
        return "-".join(resources.fingerprint(uri) for uri in (self.uri, self.labels) if uri)


@dataclass(frozen=True, kw_only=True)
class IdentifyFasttext:
    """Options of `identify.fasttext`."""

    model: str = field(default="lid.176", metadata={"model": True})  # a known name, a path or a URI
    labels: str | None = field(default=None, metadata={"path": True})  # lines of label, tab, code
    top_k: Annotated[int, Field(ge=1)] = 5  # labels in which one that fits the script is looked for


@stage(
    "identify.fasttext",
    config=IdentifyFasttext,
    kind="ingest",
    writes=IDENTIFICATION,
    resources=lambda config: {"model": FasttextModel(config.model, config.labels)},
    version=2,
)
def identify_texts(texts: Strings, config: IdentifyFasttext, model: Identifier) -> pa.RecordBatch:
    """Name the language of each text by the model's best label that fits the script it is written in.

    The script of the code is the text's own: Serbian in Latin letters is `srp_Latn` whatever the label says. Texts
    without letters, and those whose script none of the `top_k` labels is written in, are `und` with score 0.0; for
    the latter the runner-up is the model's best label. A line feed counts as a space, null as the empty text.

    Writes:  language, language_score, language_second, language_second_score, script
    Source:  Joulin et al. 2017, Bag of Tricks for Efficient Text Classification; the script rule as in GlotLID
             (Kargaran et al. 2023), here with a table of the scripts that a language is written in
    """
    return _joined([_identified(chunk, config, model) for chunk in chunks(texts)])


def identify_lines(texts: Strings, config: IdentifyFasttext, model: Identifier) -> pa.ListArray:
    """For each text, what `identify_texts` finds for each of its lines; an empty text, or null, has one.

    Costs as much as the documents again: no step runs it unless a pipeline asks.
    """
    return pa.concat_arrays(
        [by_lines(chunk, lambda found: _identified(found, config, model)) for chunk in chunks(texts)]
        or [pa.array([], pa.list_(pa.struct(list(IDENTIFICATION))))]
    )


def _identified(texts: Texts, config: IdentifyFasttext, model: Identifier) -> pa.RecordBatch:
    return fit_scripts(texts, *model.predict(texts, config.top_k), model.codes)


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    return pa.concat_batches(batches) if batches else pa.RecordBatch.from_pylist([], schema=IDENTIFICATION)


def _in_table(label: str, table: Mapping[str, str], where: str) -> str:
    name = label.removeprefix("__label__")
    if name not in table:
        raise ConfigError(
            f"{where}: no line for label {name!r} of the model; add it, with code und if it is no language"
        )
    return table[name]
