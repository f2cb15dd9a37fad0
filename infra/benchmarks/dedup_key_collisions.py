"""How many word types share a dedup key, for every language of UDHR and of the bible chapters.

    python -m infra.benchmarks.dedup_key_collisions DATA [--all] [--json OUT]

DATA holds `mono/udhr` and `mono/bible`. A word type is a word of our segmentation, distinct after NFC and case folding;
one that is not the only type with its dedup key collides, beyond the first. Types that differ only in the typographic
variant of an apostrophe, hyphen or colon are meant to share a key: they are counted as variants, apart. `--all` prints
every language, else those with a collision or a variant. The exit status is 1 if one has more than 1 %.
"""

import argparse
import gzip
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from stages.dedup.key import VARIANTS, dedup_word
from stages.text.segmentation import find_words

BOUND = 0.01
SOURCES = ("mono/udhr", "mono/bible")


@dataclass(frozen=True)
class Collisions:
    """Word types of a language in a source, and those beyond the first of their key."""

    source: str
    language: str
    types: int
    colliding: int
    variants: int
    examples: tuple[tuple[str, ...], ...]

    @property
    def share(self) -> float:
        return self.colliding / max(self.types, 1)


def texts(folder: Path) -> dict[str, list[str]]:
    """Texts of each language."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for record in map(json.loads, lines):
                found[record["lang"]].append(record["text"])
    return found


def collisions(source: str, language: str, texts: Iterable[str]) -> Collisions:
    types = set()
    for text in texts:
        for word in find_words(unicodedata.normalize("NFC", text)):
            folded = unicodedata.normalize("NFC", word.casefold())
            if dedup_word(folded):
                types.add(folded)
    groups: dict[str, list[str]] = defaultdict(list)
    for word in sorted(types):
        groups[dedup_word(word)].append(word)
    shared = [tuple(group) for group in groups.values() if len(group) > 1]
    distinct = len({word.translate(VARIANTS) for word in types})
    return Collisions(source, language, len(types), distinct - len(groups), len(types) - distinct, tuple(shared[:3]))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--all", action="store_true", help="also languages without a collision")
    parser.add_argument("--json", type=Path, help="also write the rows here")
    arguments = parser.parse_args()
    rows = []
    for source in SOURCES:
        for language, found in sorted(texts(arguments.data / source).items()):
            rows.append(collisions(source, language, found))
    rows.sort(key=lambda row: -row.share)
    print(f"{'source':12}{'language':10}{'types':>8}{'colliding':>10}{'share':>8}{'variants':>9}  examples")
    for row in rows:
        if row.colliding or row.variants or arguments.all:
            shown = "; ".join(" = ".join(group) for group in row.examples)
            counts = f"{row.types:8}{row.colliding:10}{row.share:8.2%}{row.variants:9}"
            print(f"{row.source:12}{row.language:10}{counts}  {shown}")
    above = [row for row in rows if row.share > BOUND]
    print(f"{len(rows)} languages and sources, {len(above)} above {BOUND:.0%}")
    if arguments.json:
        found_rows = [asdict(row) | {"share": row.share} for row in rows]
        arguments.json.write_text(json.dumps(found_rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    raise SystemExit(1 if above else 0)


if __name__ == "__main__":
    main()
