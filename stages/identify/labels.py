"""What the labels of a language identification model mean: one code each, per model."""

from collections.abc import Iterable, Mapping
from functools import cache

from stages.columns import UNDETERMINED
from stages.errors import ConfigError
from stages.identify.codes import is_code, read_table, resolve

TABLES = ("lid.176", "cld2")
"""Models with a table of their own in `labels/`: theirs are Wikipedia's codes, where `als` is Alemannic."""


@cache
def label_table(model: str) -> Mapping[str, str]:
    """Code of every label of a known model, without `__label__`."""
    return parse_labels(read_table(f"labels/{model}.tsv"), f"labels/{model}.tsv")


def parse_labels(lines: Iterable[str], where: str) -> Mapping[str, str]:
    """A table of label and code, tab-separated; ConfigError for a line of another form."""
    table: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        label, tab, code = line.partition("\t")
        if not tab or not is_code(code):
            raise ConfigError(f"{where}, line {number}: {line!r} is not a label, a tab and a code, as ekk_Latn or und")
        table[label.removeprefix("__label__")] = code
    return table


def codes_of_labels(labels: Iterable[str], where: str) -> dict[str, str]:
    """Code of each label of a model.

    The model is known by its labels, whatever its file is called; labels that are already codes (GlotLID, OpenLID)
    stay, and others must resolve, or the pipeline gives a table of its own.
    """
    names = {label: label.removeprefix("__label__") for label in labels}
    for model in TABLES:
        table = label_table(model)
        if set(names.values()) == set(table):
            return {label: table[name] for label, name in names.items()}
    return {label: _code(name, where) for label, name in names.items()}


def _code(name: str, where: str) -> str:
    if is_code(name):
        return UNDETERMINED if name.startswith(("und_", "zxx_")) else name
    try:
        return resolve(name, where)
    except ConfigError as error:
        raise ConfigError(f"{error}; or give `labels`, a file with a line `{name}<TAB>code`") from None
