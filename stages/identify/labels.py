"""What the labels of a language identification model mean: one code each, per model."""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from stages.columns import UNDETERMINED
from stages.errors import ConfigError
from stages.identify.codes import is_code, read_table, resolve
from stages.registry import nearest

TABLES = ("lid.176", "cld2", "glotlid", "openlid", "flores-200", "fineweb-2")
"""Models and collections with a table of their own in `labels/`, where they use codes in their own way."""

_NO_LANGUAGE = re.compile(r"(und|zxx)_|xx-|zz.$|xxx$|un$")
"""Labels of scripts, of what is no language, and CLD2's jokes."""

_SEVERAL_VERSIONS = {"glotlid": 1000}
"""Tables of all versions of a model, and how many of its labels a version has at least."""


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

    The model is known by its labels, whatever its file is called. The labels of others must be codes or resolve, or the
    pipeline gives a table of its own.
    """
    names = {label: label.removeprefix("__label__") for label in labels}
    for model in TABLES:
        if _is_of(set(names.values()), model):
            return {label: label_table(model)[name] for label, name in names.items()}
    return {label: _code(name, where) for label, name in names.items()}


def resolve_label(label: str, model: str) -> str:
    """The code that a label means to a model: `__label__als` of lid.176 is gsw_Latn.

    Raises ConfigError for a model without a table, a label that it does not have and one that is no one language.
    """
    if model not in TABLES:
        raise ConfigError(f"no labels of {model!r}{nearest(model, TABLES)}")
    table, name = label_table(model), label.removeprefix("__label__")
    if name not in table:
        raise ConfigError(f"{model} has no label {name!r}{nearest(name, table)}")
    if table[name] == UNDETERMINED:
        raise ConfigError(f"label {name!r} of {model} {unresolvable(model)[name]}")
    return table[name]


def unresolvable(model: str) -> dict[str, str]:
    """The labels of a model that stand for no one language, and why."""
    return {label: _why(label) for label, code in label_table(model).items() if code == UNDETERMINED}


def labels_of(code: str) -> dict[str, list[str]]:
    """For each model with a table, its labels that stand for a code; models without one are left out."""
    found = {model: [label for label, stands in label_table(model).items() if stands == code] for model in TABLES}
    return {model: labels for model, labels in found.items() if labels}


def _is_of(names: set[str], model: str) -> bool:
    table = label_table(model)
    if model in _SEVERAL_VERSIONS:
        return len(names) >= _SEVERAL_VERSIONS[model] and names <= set(table)
    return names == set(table)


def _why(label: str) -> str:
    if not _NO_LANGUAGE.match(label):
        try:
            resolve(label)
        except ConfigError as error:
            return str(error).partition(f"{label!r} ")[2]
    return "is no language: text in a script, or none that could be named"


def _code(name: str, where: str) -> str:
    if name.startswith(("und_", "zxx_")):
        return UNDETERMINED
    try:
        return resolve(name, where)
    except ConfigError as error:
        if is_code(name):  # a macrolanguage or a code of the user's own
            return label_table("glotlid").get(name, name) if name not in unresolvable("glotlid") else name
        raise ConfigError(f"{error}; or give `labels`, a file with a line `{name}<TAB>code`") from None
