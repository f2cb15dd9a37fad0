"""Whether the bounds reject bad pages, for the right reason: seven kinds of them in many languages and scripts.

    python -m infra.benchmarks.spam --input 'bench/*.jsonl.gz' [--pages 'web/*/pages.warc.gz'] [--run DIR] [--json OUT]

Real text is the material of pages that nobody wants: site maps, keyword lists, text of several languages or of one that
the identifier does not know, repeated lines, text read in a wrong encoding, number tables, link lists. They go
through a pipeline with documents that are not touched, and a page counts as right if a bound rejects it that names its
fault (`RIGHT` in spam_pages.py) or, for a wrong encoding, if normalization has repaired it. Prints shares by kind and
variant, script and language, the reasons, samples of what passed, and for every kind of which much passed the columns
that would tell it from untouched documents. Status 1 if a kind falls below the floor.
"""

import argparse
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from rich.table import Table

from infra.benchmarks.documents import read_documents
from infra.benchmarks.spam_pages import (
    DAMAGED,
    LOST,
    RIGHT,
    UNTOUCHED,
    Material,
    Page,
    damage,
    gather,
    gather_menus,
    make_pages,
)
from infra.benchmarks.text_engine import wide_console
from pipelines.run import run as run_pipeline
from pipelines.rundir import RunDir
from stages.identify.codes import NOT_ONE_LANGUAGE
from stages.identify.labels import label_table

FLOOR: Final = 0.8
ENOUGH: Final = 150
"""Sentences that a language must have to be used."""


@dataclass(frozen=True)
class Fate:
    """What became of a page; `reason` is None for one that was kept."""

    page: Page
    doc_id: str | None
    language: str | None
    reason: str | None
    repaired: bool

    @property
    def right(self) -> bool:
        """Rejected for its fault, or no longer bad."""
        return self.repaired or (self.reason is not None and is_right(self.page, self.reason))


def is_right(page: Page, reason: str) -> bool:
    """Whether a rejection names what is wrong with the page."""
    column = reason.rpartition(".")[2]
    patterns = (*RIGHT.get(page.kind, ()), *LOST.get(page.variant, ()))
    return any(fnmatchcase(column, pattern) for pattern in patterns)


def choose(materials: Mapping[str, Material], most: int) -> tuple[list[str], list[str]]:
    """Languages that lid.176 knows, scripts in turn and the richest first, and those that it knows in no script."""
    known = set(label_table("lid.176").values())
    known_anywhere = {code.partition("_")[0] for code in known} | NOT_ONE_LANGUAGE
    enough = [material for material in materials.values() if len(material.sentences) >= ENOUGH]
    ranked = sorted(enough, key=lambda m: (-len(m.sentences), m.language))
    place: Counter[str] = Counter()
    turns = []
    for material in (m for m in ranked if m.language in known):
        turns.append((place[material.script], material.language))
        place[material.script] += 1
    chosen = [language for _, language in sorted(turns)[:most]]
    unknown = [m.language for m in enough if m.language.partition("_")[0] not in known_anywhere]
    return sorted(chosen), sorted(unknown)


def write_pages(pages: Iterable[Page], path: Path) -> None:
    """Pages as JSON lines; `lang` is what a crawler would believe."""
    with path.open("w", encoding="utf-8") as sink:
        for page in pages:
            row = {"id": page.id, "text": page.text, "lang": page.language, "source": page.kind}
            sink.write(json.dumps(row, ensure_ascii=False) + "\n")


def fates(run: RunDir, pages: Sequence[Page]) -> list[Fate]:
    """What became of each page, in their order."""
    rows = run.query(
        "SELECT source_id, doc_id, documents.language, decisions.reason, documents.text"
        " FROM documents JOIN decisions USING (doc_id)"
        " UNION ALL SELECT source_id, doc_id, language, reason, NULL FROM rejected"
    )
    known = {row["source_id"]: row for row in rows}
    found = []
    for page in pages:
        row = known.get(page.id, {"doc_id": None, "language": None, "reason": "missing", "text": None})
        whole = page.original is not None and damage(page.original, row["text"] or "") < DAMAGED
        found.append(Fate(page, row["doc_id"], row["language"], row["reason"], whole))
    return found


def shares(found: Iterable[Fate], by: Callable[[Page], str]) -> dict[str, tuple[int, float, float, float]]:
    """By group: pages, and the shares rejected, repaired, and right."""
    groups: dict[str, list[Fate]] = {}
    for fate in found:
        groups.setdefault(by(fate.page), []).append(fate)
    return {
        name: (
            len(group),
            sum(fate.reason is not None for fate in group) / len(group),
            sum(fate.repaired for fate in group) / len(group),
            sum(fate.right for fate in group) / len(group),
        )
        for name, group in groups.items()
    }


def kinds_table(found: Sequence[Fate]) -> Table:
    """Every kind and variant with its shares and most frequent reasons."""
    table = Table(title="pages by kind and variant, %", title_justify="left")
    for heading in ("kind", "variant"):
        table.add_column(heading)
    for heading in ("pages", "rejected", "repaired", "right"):
        table.add_column(heading, justify="right")
    table.add_column("reasons (wrong ones in brackets)", overflow="fold")
    for kind in [*RIGHT, UNTOUCHED]:
        of_kind = [fate for fate in found if fate.page.kind == kind]
        if not of_kind:
            continue
        table.add_row(kind, "", *_cells(kind, *shares(of_kind, lambda page: page.kind)[kind]), style="bold")
        for variant, figures in shares(of_kind, lambda page: page.variant).items():
            of_variant = [fate for fate in of_kind if fate.page.variant == variant]
            table.add_row("", variant, *_cells(kind, *figures), _reasons(of_variant))
    return table


def _cells(kind: str, pages: int, rejected: float, repaired: float, right: float) -> list[str]:
    shown = [f"{rejected:.1%}", f"{repaired:.1%}" if repaired else "", "" if kind == UNTOUCHED else f"{right:.1%}"]
    return [str(pages), *shown]


def _reasons(found: Sequence[Fate]) -> str:
    counts = Counter(
        (fate.reason.rpartition(".")[2], is_right(fate.page, fate.reason) or fate.page.kind == UNTOUCHED)
        for fate in found
        if fate.reason is not None
    )
    return ", ".join(f"{column} {n}" if right else f"({column} {n})" for (column, right), n in counts.most_common(7))


def crossed(found: Sequence[Fate], by: Callable[[Page], str], heading: str) -> Table:
    """The share that went right of every kind in every group; of untouched documents the share rejected."""
    kinds = [kind for kind in [*RIGHT, UNTOUCHED] if any(fate.page.kind == kind for fate in found)]
    table = Table(title=f"right, % by {heading}; untouched: rejected", title_justify="left")
    table.add_column(heading)
    for kind in kinds:
        table.add_column(kind, justify="right")
    for group in sorted({by(fate.page) for fate in found}):
        of_group = shares([fate for fate in found if by(fate.page) == group], lambda page: page.kind)
        cells = []
        for kind in kinds:
            if kind not in of_group:
                cells.append("")
                continue
            share = of_group[kind][1 if kind == UNTOUCHED else 3]
            bad = share < FLOOR and kind != UNTOUCHED
            cells.append(f"[red]{share:.0%}[/red]" if bad else f"{share:.0%}")
        table.add_row(group, *cells)
    return table


def telling(run: RunDir, found: Sequence[Fate]) -> Table:
    """For each variant of which a fifth or more went wrong: limits that 1 % of kept untouched documents lie beyond,
    and the share of the variant's wrong pages that do."""
    annotations = run.query("SELECT * EXCLUDE (spans) FROM annotations")
    known = {row["doc_id"]: row for row in annotations}
    schema = run.schema("annotations")
    numeric = [f.name for f in schema if pa.types.is_floating(f.type) or pa.types.is_integer(f.type)]
    clean = [known[f.doc_id] for f in found if f.page.kind == UNTOUCHED and f.reason is None and f.doc_id in known]
    table = Table(title="what would tell the pages that went wrong (limit: 1 % of untouched beyond)")
    for heading in ("kind", "variant", "wrong", "columns"):
        table.add_column(heading, overflow="fold")
    variants = dict.fromkeys((fate.page.kind, fate.page.variant) for fate in found if fate.page.kind != UNTOUCHED)
    for kind, variant in variants if clean else ():
        of_variant = [f for f in found if (f.page.kind, f.page.variant) == (kind, variant)]
        wrong = [known[f.doc_id] for f in of_variant if not f.right and f.doc_id in known]
        if len(wrong) < 0.2 * len(of_variant):
            continue
        limits = sorted((_limit(name, clean, wrong) for name in numeric), reverse=True)
        shown = ", ".join(f"{text} catches {share:.0%}" for share, text in limits[:6] if share > 0.1)
        table.add_row(kind, variant, f"{len(wrong)} of {len(of_variant)}", shown or "none")
    return table


def _limit(name: str, clean: Sequence[Mapping[str, float]], wrong: Sequence[Mapping[str, float]]) -> tuple[float, str]:
    usual = np.array([row[name] for row in clean], np.float64)
    values = np.array([row[name] for row in wrong], np.float64)
    low, high = np.nanquantile(usual, [0.01, 0.99])
    sides = [
        (float((values < low).mean()), f"{name} >= {low:.3g}"),
        (float((values > high).mean()), f"{name} <= {high:.3g}"),
    ]
    return max(sides)


def figures(found: Sequence[Fate]) -> dict[str, object]:
    """Everything the tables show."""
    names = ("pages", "rejected", "repaired", "right")

    def by(of: Sequence[Fate], group: Callable[[Page], str]) -> dict[str, dict[str, float]]:
        return {name: dict(zip(names, row, strict=True)) for name, row in shares(of, group).items()}

    kinds = {}
    for kind in [*RIGHT, UNTOUCHED]:
        of_kind = [fate for fate in found if fate.page.kind == kind]
        kinds[kind] = {
            **by(of_kind, lambda page: page.kind).get(kind, {}),
            "variants": by(of_kind, lambda page: page.variant),
            "languages": by(of_kind, lambda page: page.language),
        }
    passed = [asdict(fate.page) | {"doc_id": fate.doc_id} for fate in found if fate.reason is None and not fate.right]
    return {"floor": FLOOR, "kinds": kinds, "passed": [page for page in passed if page["kind"] != UNTOUCHED]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", action="append", required=True, help="JSONL files with `text` and `lang`")
    parser.add_argument("--pages", action="append", default=[], help="WARC files of HTML pages with real navigation")
    parser.add_argument("--languages", type=int, default=30, help="how many, scripts in turn")
    parser.add_argument("--each", type=int, default=20, help="pages of each kind in each language")
    parser.add_argument("--pipeline", default="web")
    parser.add_argument("--lang-configs", help="language files laid over the installed ones")
    parser.add_argument("--run", help="run directory to keep, for `babelmill why` and `inspect`")
    parser.add_argument("--samples", type=int, default=20, help="pages that passed to print")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    console = wide_console()
    materials = gather(read_documents(options.input))
    gather_menus(materials, options.pages)
    languages, unknown = choose(materials, options.languages)
    pages = make_pages(materials, languages, unknown, options.each)
    folder = tempfile.mkdtemp(prefix="babelmill-")
    write_pages(pages, Path(folder) / "pages.jsonl")
    output = options.run or f"{folder}/run"
    run_pipeline(
        options.pipeline, output, engine="inline", quiet=True,
        inputs=[f"{folder}/pages.jsonl"], lang_configs=options.lang_configs,
    )  # fmt: skip
    run = RunDir(output)
    found = fates(run, pages)
    scripts = {page.script for page in pages}
    console.print(
        f"{len(pages)} pages in {len(languages)} languages and {len(scripts)} scripts; unknown: {len(unknown)}"
    )
    console.print(crossed(found, lambda page: page.language, "language"))
    console.print(crossed(found, lambda page: page.script, "script"))
    console.print(kinds_table(found))
    console.print(telling(run, found))
    passed = [fate for fate in found if fate.reason is None and not fate.right and fate.page.kind != UNTOUCHED]
    for fate in passed[:: max(len(passed) // max(options.samples, 1), 1)][: options.samples]:
        console.print(f"passed: {fate.page.id} as {fate.language}: {fate.page.text[:100]!r}", markup=False)
    if options.json:
        options.json.write_text(json.dumps(figures(found), indent=1, ensure_ascii=False) + "\n", "utf-8")
    shutil.rmtree(folder)
    by_kind = shares([fate for fate in found if fate.page.kind != UNTOUCHED], lambda page: page.kind)
    below = [kind for kind, row in by_kind.items() if row[3] < FLOOR]
    console.print(f"below {FLOOR:.0%}: {', '.join(below) or 'none'}")
    raise SystemExit(1 if below else 0)


if __name__ == "__main__":
    main()
