"""How much clean human text the bounds drop, each document judged by bounds that were derived without it.

    python -m infra.benchmarks.clean_text --reference mono --words mono/bible [--words ...]
        [--fineweb2 fineweb2-configs.tar.gz --fineweb2-documents 5] [--json OUT]

Documents are put into halves by the hash of their id. Each half is judged by what the other half gives: the bounds of
every language, widened from published ones as `babelmill lang derive _default` does, those of groups that have a
file, those of the language as `lang derive CODE` does where it has enough text, and stop words where no person has
listed any. Script files and what a person set stay as shipped. A language with a single document so has nothing of
its own. Only bounds on quality count, and documents of at least as many words as the bounds ask.

With `--fineweb2` the same documents, so many of each language and source, go through datatrove's filters with
FineWeb-2's own configuration of their language, as its pipeline has them: with datatrove's word tokenizer where it can
run, otherwise with our words. A text that a filter cannot read counts as dropped.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import xxhash
from rich.progress import track
from rich.table import Table

from infra.benchmarks.fates import MANY, Fate, Share, Summary, passes, shares, summary
from infra.benchmarks.fineweb2_rules import fineweb2, read_configurations
from infra.benchmarks.text_engine import wide_console
from pipelines.labelled_text import LabelledText
from pipelines.lang.derive.bounds import Finding, applied, balanced, derive_bounds, dropped, long_enough
from pipelines.lang.derive.language import (
    BALANCE,
    LEAST_BYTES,
    default_start,
    group_findings,
    members,
    misses,
    without_derived,
)
from pipelines.lang.derive.reference import Measured, Measurer, Reference, joined, read_references
from pipelines.lang.derive.stop_words import derive_stop_words
from pipelines.lang.words import COLUMN, FrequentWords, derive_words
from pipelines.languages import (
    DEFAULT,
    INSTALLED,
    Bound,
    bounds_under,
    inherited_bounds,
    is_group,
    layers_of,
    load_language,
    own_file,
    script_file,
)
from stages.text.language import LanguageText


def half_of(ident: str) -> int:
    """0 or 1, by the hash of the id."""
    return xxhash.xxh3_64_intdigest(ident.encode()) & 1


def half(reference: Reference, number: int) -> Reference:
    """The texts of a reference that are in a half."""
    return Reference(reference.code, [text for text in reference.texts if half_of(text.id) == number])


def judged(references: Mapping[str, Reference], words: Mapping[str, Reference], measure: Measurer) -> list[Fate]:
    """The fate of each document under bounds and stop words of the half in which it is not."""
    lists = [half_words(words, number) for number in (0, 1)]
    halves = [_measured_half(references, words, measure, number, lists[1 - number]) for number in (0, 1)]
    fates = []
    for number in (0, 1):
        train, test = halves[1 - number], halves[number]
        shared = shared_bounds(train.values())
        for code, part in test.items():
            bounds = language_bounds(code, shared, train.get(code), references[code].text_bytes)
            fates += _fates(part, with_words(bounds, lists[1 - number].get(code)))
    return sorted(fates, key=lambda fate: (fate.language, fate.id))


def half_words(words: Mapping[str, Reference], number: int) -> dict[str, FrequentWords]:
    """Of languages that are shipped with a list of frequent words, the list that a half gives."""
    texts = {code: half(reference, number) for code, reference in words.items()}
    shipped = [code for code in texts if own_file(code).text.frequent_words]
    return {found.code: found for found in derive_words(shipped, texts) if isinstance(found, FrequentWords)}


def with_words(bounds: Mapping[str, Bound], words: FrequentWords | None) -> dict[str, Bound]:
    """The bounds with that of a list of frequent words in the place of the shipped one."""
    found = {column: bound for column, bound in bounds.items() if column != COLUMN}
    return found if words is None else found | {COLUMN: Bound(COLUMN, words.bound)}


def _measured_half(
    references: Mapping[str, Reference],
    words: Mapping[str, Reference],
    measure: Measurer,
    number: int,
    frequent: Mapping[str, FrequentWords],
) -> dict[str, Measured]:
    """The documents of a half, measured under stop words and frequent words of the other."""
    found = {}
    for code, reference in track(references.items(), f"half {number + 1} of 2", console=wide_console()):
        documents, others = half(reference, number), half(reference, 1 - number)
        if documents.documents:
            lists = half(words[code], 1 - number) if code in words else None
            known = frozenset(frequent[code].words if code in frequent else ())
            text = replace(language_text(others, lists, measure), frequent_words=known)
            found[code] = measure(documents, text)
    return found


def language_text(reference: Reference, words: Reference | None, measure: Measurer) -> LanguageText:
    """The `[text]` table of a language with stop words derived of these texts, unless a person has listed some."""
    text = load_language(reference.code).text
    if without_derived(own_file(reference.code)).text.stop_words:
        return text
    found = derive_stop_words(words) if words is not None else None
    text = replace(text, stop_words=frozenset(found.words if found else ()))
    if found and misses(measure(reference, text), inherited_bounds(reference.code)):
        return replace(text, stop_words=LanguageText().stop_words)
    return text


@dataclass(frozen=True)
class Shared:
    """The bounds of every language, and what was found for each group that has a file."""

    default: Mapping[str, Bound]
    groups: Mapping[str, Sequence[Finding]]

    def under(self, code: str) -> dict[str, Bound]:
        """The bounds of a language without its own file."""
        found = dict(self.default)
        for stem in layers_of(code)[1:-1]:
            if is_group(stem):
                found = applied(bounds_under(found, without_derived(own_file(stem))), self.groups.get(stem, ()))
            else:
                found = bounds_under(found, own_file(stem))
        return found


def shared_bounds(parts: Iterable[Measured]) -> Shared:
    """The bounds of every language and of groups, derived of these documents."""
    kept = without_derived(own_file(DEFAULT))
    start = default_start(kept)
    parts = list(parts)
    plain = [long_enough(part, start) for part in parts if script_file(part.code).is_empty()]
    default = applied(start, derive_bounds(joined(balanced(plain, BALANCE), DEFAULT), start, kept.bounds))
    stems = [path.stem for path in sorted(INSTALLED.glob("_*.toml")) if is_group(path.stem)]
    return Shared(default, {stem: group_findings(members(stem, parts), stem, default) for stem in stems})


def language_bounds(code: str, shared: Shared, reference: Measured | None, text_bytes: int) -> dict[str, Bound]:
    """The bounds of a language over those that it shares, derived of these documents."""
    kept = without_derived(own_file(code))
    below = bounds_under(shared.under(code), kept)
    if reference is None or text_bytes < LEAST_BYTES:
        return below
    return applied(below, derive_bounds(reference, below, kept.bounds))


def _fates(part: Measured, bounds: Mapping[str, Bound]) -> Iterator[Fate]:
    documents = long_enough(part, bounds)
    masks = dropped(documents, bounds)
    for row, ident in enumerate(documents.ids):
        reasons = tuple(column for (column, _), mask in masks.items() if mask[row])
        yield Fate(ident, part.code, documents.sources[row], reasons)


def few(fates: Sequence[Fate], references: Mapping[str, Reference], most: int) -> list[tuple[str, LabelledText]]:
    """At most so many judged documents of each language and source, by the hash of their ids."""
    texts = {(code, text.id): text for code, reference in references.items() for text in reference.documents}
    taken: Counter[tuple[str, str]] = Counter()
    chosen = []
    for fate in sorted(fates, key=lambda fate: xxhash.xxh3_64_intdigest(fate.id.encode())):
        taken[(fate.language, fate.source)] += 1
        if taken[(fate.language, fate.source)] <= most:
            chosen.append((fate.language, texts[fate.language, fate.id]))
    return sorted(chosen, key=lambda pair: pair[0])


def table(title: str, found: Sequence[Share]) -> Table:
    """Shares of languages or sources."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("")
    for heading in ("documents", "dropped", "share"):
        shown.add_column(heading, justify="right")
    shown.add_column("dropped for")
    for share in found:
        shown.add_row(share.name, f"{share.documents:,}", f"{share.dropped:,}", f"{share.share:.2%}", share.explained())
    return shown


def line(name: str, found: Summary) -> str:
    """The figures in a line."""
    return (
        f"{name}: {found.dropped:,} of {found.documents:,} documents dropped ({found.overall:.2%}); mean of "
        f"{found.languages} languages {found.mean_of_languages:.2%}; at most {found.worst_of_many:.2%} in a language "
        f"with {MANY} documents or more; {found.above_1_percent} languages above 1 %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", action="append", required=True, help="clean text: files with `text` and `lang`")
    parser.add_argument("--words", action="append", default=[], help="of it, text whose licence permits word lists")
    parser.add_argument("--fineweb2", type=Path, help="FineWeb-2's configurations: folder or archive")
    parser.add_argument("--fineweb2-documents", type=int, default=5, help="of each language and source")
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    console = wide_console()
    references = read_references(options.reference)
    fates = judged(references, read_references(options.words), Measurer())
    ours = summary(fates)
    languages = shares(fates, "language")
    console.print(table("languages above 1 %", [share for share in languages if share.share > 0.01]))
    console.print(table("sources", shares(fates, "source")))
    console.print(line("babelmill", ours))
    figures: dict[str, Any] = {"summary": asdict(ours), "languages": [asdict(share) for share in languages]}
    if options.fineweb2:
        chosen = few(fates, references, options.fineweb2_documents)
        theirs, words = fineweb2(track(chosen, "FineWeb-2", console=console), read_configurations(options.fineweb2))
        same = {(fate.language, fate.id) for fate in theirs}
        ours_there = [fate for fate in fates if (fate.language, fate.id) in same]
        console.print(table("FineWeb-2's rules: sources", shares(theirs, "source")))
        console.print(table("FineWeb-2's rules: languages, the 40 worst", shares(theirs, "language")[:40]))
        console.print(f"words: {', '.join(f'{count:,} documents with {how}' for how, count in words.most_common())}")
        console.print(line("babelmill, the same documents", summary(ours_there)))
        console.print(line("FineWeb-2's rules", summary(theirs)))
        figures["same_documents"] = asdict(summary(ours_there))
        figures["fineweb2"] = asdict(summary(theirs)) | {"words": dict(words)}
        figures["fineweb2_languages"] = [asdict(share) for share in shares(theirs, "language")]
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    raise SystemExit(0 if passes(ours) else 1)


if __name__ == "__main__":
    main()
