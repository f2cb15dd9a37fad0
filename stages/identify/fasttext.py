"""Language of a document by a fastText model."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import fasttext
import pyarrow as pa

from stages import resources
from stages.columns import IDENTIFICATION, UNDETERMINED
from stages.errors import ConfigError
from stages.identify.codes import scripts_of
from stages.identify.labels import codes_of_labels, parse_labels
from stages.identify.script import UNKNOWN, script_shares
from stages.registry import stage

FITTING_SHARE = 0.2
"""Share of a text's letters that must be in a script of the language: documentation and web pages carry much Latin."""


class Prediction(NamedTuple):
    """A row of `columns.IDENTIFICATION`."""

    language: str
    score: float
    second: str | None
    second_score: float
    script: str


@dataclass(frozen=True)
class Identifier:
    """An opened model and the code of each of its labels."""

    model: Any
    codes: Mapping[str, str]

    def predict(self, text: str, top_k: int) -> list[tuple[str, float]]:
        """The best codes and their scores in [0, 1], best first."""
        line = text.replace("\n", " ").replace("\0", " ") + "\n"
        try:
            found = self.model.f.predict(line, top_k, 0.0, "strict")
        except TypeError:  # lone surrogates have no UTF-8 form
            found = self.model.f.predict(line.encode("utf-8", "replace").decode(), top_k, 0.0, "strict")
        return [(self.codes[label], min(max(float(score), 0.0), 1.0)) for score, label in found]


@dataclass(frozen=True)
class FasttextModel:
    """A `.bin` or `.ftz` file (path or URI), and a file of its labels where they are not codes."""

    uri: str
    labels: str | None = None

    def open(self) -> Identifier:
        model = _load(self.uri)
        labels = model.get_labels()
        if self.labels is None:
            return Identifier(model, codes_of_labels(labels, self.uri))
        table = parse_labels(resources.read_bytes(self.labels).decode().splitlines(), self.labels)
        return Identifier(model, {label: _in_table(label, table, self.labels) for label in labels})

    def fingerprint(self) -> str:
        """Hash of the model's bytes and of the label file's."""
        return "-".join(resources.fingerprint(uri) for uri in (self.uri, self.labels) if uri)


@dataclass(frozen=True, kw_only=True)
class IdentifyFasttext:
    """Options of `identify.fasttext`."""

    model: str = field(default="lid.176", metadata={"model": True})  # a known name, a path or a URI
    labels: str | None = field(default=None, metadata={"path": True})  # lines of label, tab, code
    top_k: int = 5  # labels in which one that fits the script is looked for


@stage(
    "identify.fasttext",
    config=IdentifyFasttext,
    kind="ingest",
    writes=IDENTIFICATION,
    resources=lambda config: {"model": FasttextModel(config.model, config.labels)},
)
def identify_texts(texts: Sequence[str], config: IdentifyFasttext, model: Identifier) -> pa.RecordBatch:
    """Name the language of each text by the model's best label that fits the script it is written in.

    The script of the code is the text's own: Serbian in Latin letters is `srp_Latn` whatever the label says. Texts
    without letters, and those whose script none of the `top_k` labels is written in, are `und` with score 0.0; for
    the latter the runner-up is the model's best label.

    Writes:  language, language_score, language_second, language_second_score, script
    Source:  Joulin et al. 2017, Bag of Tricks for Efficient Text Classification; the script rule as in GlotLID
             (Kargaran et al. 2023), here with a table of the scripts that a language is written in
    """
    rows = [_identify(text, config.top_k, model) for text in texts]
    columns = zip(*rows, strict=True) if rows else ([] for _ in IDENTIFICATION)
    arrays = [pa.array(column, kind.type) for column, kind in zip(columns, IDENTIFICATION, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=IDENTIFICATION)


def _identify(text: str, top_k: int, model: Identifier) -> Prediction:
    shares = script_shares(text)
    if not shares:
        return Prediction(UNDETERMINED, 0.0, None, 0.0, UNKNOWN)
    script = next(iter(shares))
    labels = model.predict(text, top_k)
    fitting = list(_fitting(labels, shares))
    if not fitting:
        second, second_score = next(((code, score) for code, score in labels if code != UNDETERMINED), (None, 0.0))
        return Prediction(UNDETERMINED, 0.0, second, second_score, script)
    (language, score), *others = fitting
    second, second_score = next(((code, score) for code, score in others if code != language), (None, 0.0))
    return Prediction(language, score, second, second_score, script)


def _fitting(labels: Iterable[tuple[str, float]], shares: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    """Labels whose language is written in a script of the text, with that script in their code."""
    for code, score in labels:
        scripts = scripts_of(code) if code != UNDETERMINED else ()
        script = max(scripts, key=lambda script: shares.get(script, 0.0), default=UNKNOWN)
        if shares.get(script, 0.0) >= FITTING_SHARE:
            yield f"{code.partition('_')[0]}_{script}", score


def _in_table(label: str, table: Mapping[str, str], where: str) -> str:
    name = label.removeprefix("__label__")
    if name not in table:
        raise ConfigError(
            f"{where}: no line for label {name!r} of the model; add it, with code und if it is no language"
        )
    return table[name]


def _load(uri: str) -> Any:
    """The model in a file, or behind a URI; ConfigError where it is no fastText model."""
    try:
        if "://" not in uri:
            return fasttext.load_model(uri)
        with tempfile.NamedTemporaryFile(suffix=Path(uri).suffix) as local:
            local.write(resources.read_bytes(uri))
            local.flush()
            return fasttext.load_model(local.name)
    except ValueError as error:
        raise ConfigError(f"{uri}: {error}; `model` is lid.176, or a fastText .bin or .ftz file") from None
