"""Tables that can be sorted and filtered, and those of languages, tokenizers, mixtures and sources."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.report.markup import Child, Html, element, join
from pipelines.report.numbers import count, share, size
from pipelines.report.plots import stacked
from pipelines.report.totals import LanguageTotals, grouped, stage_of
from pipelines.rundir import RunDir
from stages.errors import StorageError

ROWS = 800
"""Rows of one table on the page; the rest is in the datasets."""

REASONS = 12
"""Reasons listed for one language."""


@dataclass(frozen=True)
class Cell:
    """What a cell shows and the number that it is sorted by."""

    shown: Child
    value: float | None


def table(
    name: str, caption: str, columns: Sequence[str], rows: Sequence[Sequence[Child | Cell]], *, filtered: bool
) -> Html:
    """A table with sort buttons in its header and, if `filtered`, a field to filter its rows."""
    numeric = [isinstance(cell, Cell) for cell in rows[0]] if rows else [False] * len(columns)
    head = [
        element("th", element("button", column, type="button"), scope="col", class_="n" if right else None)
        for column, right in zip(columns, numeric, strict=True)
    ]
    body = [element("tr", *(_cell(cell, first=index == 0) for index, cell in enumerate(row))) for row in rows[:ROWS]]
    more = f" The first {ROWS:,} of {len(rows):,} rows." if len(rows) > ROWS else ""
    field = (
        element("input", type="search", placeholder="Filter rows", aria_label=f"Filter: {caption}", data_filter=name)
        if filtered
        else None
    )
    grid = element(
        "table",
        element("caption", element("span", caption + more)),
        element("thead", element("tr", *head)),
        element("tbody", join(*body)),
        id=name,
        class_="sortable",
    )
    return join(field, element("div", grid, class_="scroll", tabindex=0, role="region", aria_label=caption))


def _cell(cell: Child | Cell, *, first: bool) -> Html:
    value = cell.value if isinstance(cell, Cell) else None
    shown = cell.shown if isinstance(cell, Cell) else cell
    sorted_by = "" if value is None else f' data-v="{value}"'
    if first:
        return Html(f'<th scope="row"{sorted_by}>{join(shown)}</th>')
    right = ' class="n"' if isinstance(cell, Cell) else ""
    return Html(f"<td{sorted_by}{right}>{join(shown)}</td>")


def language_cell(run: RunDir, code: str) -> Html:
    """A language's name and code, with the way to its page."""
    return join(
        element("a", element("b", run.language_name(code)), href=f"report/{code}.html"), " ", element("code", code)
    )


def families(totals: Sequence[LanguageTotals]) -> dict[str, str]:
    """The class of each group of reasons, the most frequent first; those beyond seven share one."""
    sums: dict[str, int] = {}
    for total in totals:
        for group, documents in grouped(total.reasons).items():
            sums[group] = sums.get(group, 0) + documents
    ordered = sorted(sums, key=lambda group: (-sums[group], group))
    return {group: f"f{min(index, 7)}" for index, group in enumerate(ordered)}


def legend(styles: dict[str, str]) -> Html:
    """The colours of the groups of reasons."""
    shown = [element("li", element("i", class_="kept"), "kept")]
    shown += [element("li", element("i", class_=style), group) for group, style in styles.items() if style != "f7"]
    if "f7" in styles.values():
        shown.append(element("li", element("i", class_="f7"), "other"))
    return element("ul", *shown, class_="legend")


def languages_table(run: RunDir, totals: Sequence[LanguageTotals]) -> Html:
    """In, kept, reasons, tokens and bytes of each language."""
    styles = families(totals)
    rows: list[list[Child | Cell]] = [
        [
            language_cell(run, t.code),
            Cell(count(t.entered), t.entered),
            Cell(count(t.kept), t.kept),
            Cell(share(t.kept, t.entered), t.kept / t.entered if t.entered else -1),
            _reasons(t, styles),
            Cell(count(t.tokens), t.tokens if t.tokens is not None else -1),
            Cell(size(t.kept_bytes), t.kept_bytes),
        ]
        for t in totals
    ]
    columns = ["Language", "In", "Kept", "Kept %", "What became of them", "Mixture tokens", "Text kept"]
    caption = "Documents per language, from annotation to the corpus"
    return join(legend(styles), table("languages-table", caption, columns, rows, filtered=True))


def _reasons(total: LanguageTotals, styles: dict[str, str]) -> Html:
    groups = sorted(grouped(total.reasons).items(), key=lambda item: (-item[1], item[0]))
    bar = stacked(
        [("kept", total.kept, "kept"), *((group, n, styles[group]) for group, n in groups)],
        f"{total.kept:,} kept; " + "; ".join(f"{n:,} {group}" for group, n in groups),
    )
    if not total.reasons:
        return bar
    ordered = sorted(total.reasons.items(), key=lambda item: (-item[1], item[0]))
    items = [
        element("li", element("i", class_=styles[stage_of(reason)]), reason, " ", element("b", count(n)))
        for reason, n in ordered[:REASONS]
    ]
    if len(ordered) > REASONS:
        rest = sum(n for _, n in ordered[REASONS:])
        items.append(element("li", f"{len(ordered) - REASONS} more ", element("b", count(rest))))
    noun = "reason" if len(ordered) == 1 else "reasons"
    return element("details", element("summary", bar, element("span", f"{len(ordered)} {noun}")), element("ul", *items))


def tokenizer_tables(run: RunDir) -> list[Html]:
    """Fertility and bytes per token of each tokenizer, per language."""
    found: list[Html] = []
    for name in run.parts("tokenizer"):
        path = f"tokenizer/{name}/stats.parquet"
        if not run.storage.exists(path):
            continue
        rows = run.query("SELECT * FROM stats ORDER BY bytes DESC, language", stats=run.read(path))
        columns = ["Language", "Tokens per word", "Bytes per token", "Unknown", "Words", "Tokens", "Documents"]
        body = [
            _tokenizer_row(run, row, max((_ratio(r["tokens"], r["words"]) for r in rows), default=1)) for row in rows
        ]
        caption = f"Tokenizer {name}: tokens per word (fertility) and bytes per token"
        found.append(table(f"tokenizer-{len(found)}", caption, columns, body, filtered=len(rows) > 12))
    return found


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _tokenizer_row(run: RunDir, row: dict[str, Any], largest: float) -> list[Child | Cell]:
    fertility, packing = _ratio(row["tokens"], row["words"]), _ratio(row["bytes"], row["tokens"])
    meter = element("meter", f"{fertility:.2f}", min=0, max=round(largest or 1, 3), value=round(fertility, 3))
    return [
        join(element("b", run.language_name(row["language"])), " ", element("code", row["language"])),
        Cell(join(meter, element("span", f"{fertility:.2f}")) if row["words"] else "not counted", fertility),
        Cell(f"{packing:.2f}", packing),
        Cell(share(row["unknown"] or 0, row["tokens"]), _ratio(row["unknown"] or 0, row["tokens"])),
        Cell(count(row["words"]), row["words"]),
        Cell(count(row["tokens"]), row["tokens"]),
        Cell(count(row["documents"]), row["documents"]),
    ]


MIXTURE_COLUMNS = (
    "Language",
    "Source",
    "Phase",
    "Planned, % of phase",
    "Real, % of phase",
    "Difference, points",
    "Tokens",
    "Documents",
    "Epochs",
)


def mixture_tables(run: RunDir) -> list[Html]:
    """Planned and real shares of the phases of each mixture, and their largest difference."""
    found: list[Html] = []
    for name in run.parts("mixture"):
        path = f"mixture/{name}/_shares.json"
        if not run.storage.exists(path):
            continue
        try:
            shares = json.loads(run.storage.read(path))
        except ValueError as error:
            raise StorageError(f"{run.uri}/{path}: {error}; run the pipeline again to rewrite it") from None
        quotas = [(phase["phase"], row) for phase in shares["phases"] for row in phase["shares"]]
        quotas.sort(key=lambda quota: -quota[1]["realised"])
        rows = [_share_row(run, phase, row) for phase, row in quotas]
        tokens, off = shares["tokens"], max((abs(_difference(row)) for _, row in quotas), default=0.0)
        caption = (
            f"Mixture {name}: {tokens['realised']:,} tokens of {tokens['planned']:,} planned; "
            f"real shares differ from planned ones by at most {off:.3f} percentage points"
        )
        found.append(table(f"mixture-{len(found)}", caption, MIXTURE_COLUMNS, rows, filtered=len(rows) > 12))
    return found


def _difference(row: Mapping[str, Any]) -> float:
    """Percentage points of the phase's tokens between the real share and the planned one."""
    return 100 * (float(row["realised_share"]) - float(row["planned_share"]))


def _share_row(run: RunDir, phase: str, row: dict[str, Any]) -> list[Child | Cell]:
    planned, real = row["planned_share"], row["realised_share"]
    meter = element("meter", share(real, 1), min=0, max=1, value=round(real**0.5, 4))
    return [
        join(element("b", run.language_name(row["language"])), " ", element("code", row["language"])),
        str(row["source"]),
        str(phase),
        Cell(f"{100 * planned:.2f} %", planned),
        Cell(join(meter, element("span", f"{100 * real:.2f} %")), real),
        Cell(f"{_difference(row):+.3f}", _difference(row)),
        Cell(count(row["realised"]), row["realised"]),
        Cell(count(row["documents"]), row["documents"]),
        Cell(f"{row['epochs']:.2f}", row["epochs"]),
    ]


def sources_table(run: RunDir) -> Html | None:
    """Documents of each source and licence, and what is kept of them."""
    if not run.files("documents"):
        return None
    rows = run.query(
        """
        SELECT source, coalesce(licence, 'not stated') AS licence, count(*) AS documents,
               count(*) FILTER (keep) AS kept, count(DISTINCT d.language) AS languages
        FROM documents d LEFT JOIN decisions USING (doc_id)
        GROUP BY ALL ORDER BY documents DESC, source, licence LIMIT 800
        """
    )
    body: list[list[Child | Cell]] = [
        [
            row["source"],
            row["licence"],
            Cell(count(row["documents"]), row["documents"]),
            Cell(count(row["kept"]), row["kept"]),
            Cell(share(row["kept"], row["documents"]), _ratio(row["kept"], row["documents"])),
            Cell(count(row["languages"]), row["languages"]),
        ]
        for row in rows
    ]
    columns = ["Source", "Licence", "Documents", "Kept by decide", "Kept %", "Languages"]
    return table(
        "sources-table", "Where the text comes from and under which licence", columns, body, filtered=len(body) > 12
    )
