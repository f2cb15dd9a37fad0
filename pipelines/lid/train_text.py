"""What fastText is trained on: passages of varied lengths, the languages balanced."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from pipelines.lid.labelled import Document, by_hash, drawn, sentences
from pipelines.lid.settings import Balance

PASSAGE_CHARACTERS: Final = (1, 1, 40, 120, 300)
"""A passage is as many sentences as have so many characters; which of these is drawn by hash."""


def passages(document: Document, seed: int) -> Iterator[str]:
    """The text of a document cut into runs of whole sentences."""
    run: list[str] = []
    wanted, size = 0, 0
    for number, sentence in enumerate(sentences(document.text)):
        if not run:
            wanted = PASSAGE_CHARACTERS[drawn(f"{document.name}\0{number}", seed) % len(PASSAGE_CHARACTERS)]
            size = 0
        run.append(sentence)
        size += len(sentence)
        if size >= wanted:
            yield " ".join(run)
            run = []
    if run:
        yield " ".join(run)


def examples(documents: Sequence[Document], balance: Balance, seed: int) -> list[tuple[str, str]]:
    """Code and passage of every training example, in the order of training."""
    by_code: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        by_code[document.code].append(document)
    sizes = {code: sum(len(document.text) for document in group) for code, group in by_code.items()}
    weights = {code: size**balance.temperature for code, size in sizes.items()}
    total = sum(weights.values())
    chosen: list[tuple[int, str, str]] = []
    for code in sorted(by_code):
        wanted = balance.characters * weights[code] / total
        repeats = min(max(round(wanted / sizes[code]), 1), balance.repeats)
        ordered = by_hash(by_code[code], lambda document: document.name, seed)
        for time in range(repeats):
            left = wanted if repeats == 1 else float("inf")
            for document in ordered:
                for place, passage in enumerate(passages(document, seed + time)):
                    chosen.append((drawn(f"{document.name}\0{time}\0{place}", seed), code, passage))
                    left -= len(passage)
                if left <= 0:
                    break
    return [(code, passage) for _, code, passage in sorted(chosen)]
