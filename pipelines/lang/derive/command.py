"""`babelmill lang derive`: what reference text says of languages, shown and written."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Line

from pipelines.lang.derive.bounds import Finding, balanced
from pipelines.lang.derive.language import BALANCE, Derived, derive_default, derive_group, derive_language
from pipelines.lang.derive.reference import Measured, Measurer, Reference, Scorer, read_references
from pipelines.lang.derive.write import heading_of, render
from pipelines.languages import DEFAULT, INSTALLED, is_group, load_language, resolve_code
from stages.columns import UNDETERMINED
from stages.errors import ConfigError
from stages.identify.labels import label_table


def derive(
    codes: Sequence[str],
    references: Sequence[str],
    words: Sequence[str],
    lang_configs: str | None = None,
    model: str | None = "lid.176",
    known: bool = False,
) -> Iterator[Derived]:
    """What the references say of each language: of those named, else of every one that has text there.

    `known` adds every language that a known model has a label for.

    Raises ConfigError where an input does not exist, where none is given for a language that is named, or for all of
    them, and where a language that is named has no text in it.
    """
    if not references and not words and (codes or not known):
        raise ConfigError(
            f"{' '.join(['lang derive', *codes])}: no text to derive anything from; give --reference URI, clean text"
            " of it, or --words URI, text whose licence permits to take word lists from it"
        )
    wanted = [code if is_shared(code) else resolve_code(code, lang_configs) for code in codes]
    only = wanted[0] if len(wanted) == 1 and not is_shared(wanted[0]) else None
    found, lists = read_references(references, only), read_references(words, only)
    for code in wanted:
        if not is_shared(code) and code not in found and code not in lists:
            raise ConfigError(
                f"{code}: no text of it in {', '.join([*references, *words])}; check `lang` of the records"
            )
    measure, score = Measurer(), Scorer(model) if model else None
    shared = [code for code in wanted if is_shared(code)]
    if shared:
        texts = {code: load_language(code, lang_configs).text for code in found}
        parts = [measure(reference, texts[code]) for code, reference in found.items()]
        for code in shared:
            yield derive_default(parts, lang_configs) if code == DEFAULT else derive_group(code, parts, lang_configs)
        if shared == wanted:
            return
    medians = _medians(list(found.values()), measure, lang_configs) if len(found) > 1 else {}
    labels = set(label_table(model).values()) if known and model else set()
    for code in [code for code in wanted if code not in shared] if wanted else sorted({*found, *lists, *labels}):
        if not wanted and code.startswith(UNDETERMINED):
            continue  # a script without a language
        reference = found.get(code, Reference(code))
        yield derive_language(reference, lists.get(code), measure, score, medians, lang_configs)


def is_shared(code: str) -> bool:
    """Whether it names the settings of several languages that can be derived: `_default` or a group."""
    return code == DEFAULT or is_group(code)


def _medians(references: Sequence[Reference], measure: Measurer, lang_configs: str | None) -> Mapping[str, float]:
    """The median of each column over the languages, each with as many documents at most."""
    parts: list[Measured] = []
    for reference in references:
        few = Reference(reference.code, sorted(reference.documents, key=lambda text: text.id)[: 4 * BALANCE])
        parts += balanced([measure(few, load_language(reference.code, lang_configs).text)], BALANCE)
    return {name: float(np.median(np.concatenate([part.columns[name] for part in parts]))) for name in measure.columns}


def write(derived: Derived, folder: Path) -> Path:
    """Write the file of a language; what a person set in it stays."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{derived.code}.toml"
    path.write_text(render(derived.file, heading_of(path if path.is_file() else INSTALLED / path.name)), "utf-8")
    return path


def shown(derived: Derived, detailed: bool) -> RenderableType:
    """What was found, as a table of methods where `detailed`, and what it would change."""
    head = Line(f"{derived.code}: {derived.described}")
    lines = [Line(f"  {line}") for line in derived.differences() or ["nothing to change"]]
    return Group(head, _table(derived.findings), *lines) if detailed and derived.findings else Group(head, *lines)


def _table(findings: Sequence[Finding]) -> Table:
    methods = list(findings[0].methods)
    table = Table(title=f"{findings[0].documents:,} documents", title_justify="left")
    for heading in ("bound", "inherited", "drops", *methods, "95 %", "to set", "drops"):
        table.add_column(heading, justify="left" if heading == "bound" else "right")
    for finding in findings:
        table.add_row(
            f"{finding.column} {finding.side}",
            f"{finding.inherited:g}",
            f"{finding.dropped_before / finding.documents:.2%}",
            *("–" if np.isnan(value) else f"{value:.3g}" for value in finding.methods.values()),
            f"{finding.interval[0]:.3g}-{finding.interval[1]:.3g}",
            f"{finding.value:g}" if finding.changed else "",
            f"{finding.dropped_after / finding.documents:.2%}",
        )
    return table
