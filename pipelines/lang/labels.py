"""What a label names: the bodies of `babelmill lang resolve` and `lang labels`."""

from collections.abc import Iterator

from stages.columns import UNDETERMINED
from stages.identify.codes import NOT_ONE_LANGUAGE, bcp47, family_of, groups_of, known_languages, name_of, resolve
from stages.identify.labels import TABLES, label_table, labels_of, resolve_label, unresolvable


def describe(label: str, model: str = "") -> str:
    """Code, name, scripts, macrolanguage, family, BCP 47 tag and the labels of every model, one line each.

    Models to which the same label means something else come last. Raises ConfigError where the label names no one
    language; it lists the choices.
    """
    code = resolve_label(label, model) if model else resolve(label)
    if code in NOT_ONE_LANGUAGE:
        return f"{code}: {name_of(code)}"
    known = known_languages().get(code.partition("_")[0])
    lines = [f"{code}: {name_of(code)}", f"BCP 47: {bcp47(code)}"]
    if known:
        lines.append(f"scripts: {' '.join(known.scripts)}")
    if known and known.macro:
        lines.append(f"macrolanguage: {known.macro} ({known_languages()[known.macro].name})")
    lines.append(f"family: {family_of(code) or 'none'}{_in_brackets(' '.join(groups_of(code)))}")
    lines += [f"{name}: {' '.join(labels)}" for name, labels in labels_of(code).items()]
    return "\n".join([*lines, *_other_meanings(label.strip().removeprefix("__label__"), code)])


def _other_meanings(label: str, code: str) -> Iterator[str]:
    """The models to which a label means another language than `code`, or none."""
    for model in TABLES:
        meant = label_table(model).get(label, code)
        if meant == UNDETERMINED:
            yield f"but {label} of {model} {unresolvable(model)[label]}"
        elif meant != code:
            yield f"but {label} of {model} is {meant}: {name_of(meant)}"


def label_rows(model: str) -> Iterator[tuple[str, str, str]]:
    """Label, code and name of each label of a model; those that stand for no one language last, with the reason."""
    if model not in TABLES:
        resolve_label("", model)  # raises, and names the nearest
    for label, code in label_table(model).items():
        if code != UNDETERMINED:
            yield label, code, name_of(code)
    for label, why in unresolvable(model).items():
        yield label, UNDETERMINED, why


def model_rows() -> Iterator[tuple[str, str, str, str]]:
    """For each model with a table: how many labels it has, how many codes they stand for, how many for none."""
    for model in TABLES:
        codes = label_table(model).values()
        yield model, f"{len(codes):,}", f"{len(set(codes) - {UNDETERMINED}):,}", f"{len(unresolvable(model)):,}"


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""
