"""How well identifiers and their combination do on text that they were not trained on."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa

from pipelines.lid.labelled import Document, by_hash, read_labelled, sentences
from pipelines.lid.measures import (
    Group,
    Quality,
    Said,
    confusable_groups,
    confusions,
    folded,
    length_of,
    quality,
)
from pipelines.lid.settings import OTHERS, Split
from pipelines.lid.train import member_path
from stages.columns import UNDETERMINED
from stages.errors import ConfigError
from stages.identify.calibration import from_json
from stages.identify.combine import Combination
from stages.identify.fit import fit_scripts
from stages.identify.member import Member, member_model
from stages.identify.strings import Texts, chunks

COMBINATION: Final = "combination"
ASKED: Final = 5
"""Labels of a single identifier in which one that fits the script is looked for, as `identify.fasttext` does."""

FEWEST_LETTERS: Final = 10
LONG_TEXT: Final = 200
"""Characters of a document, and of the passages on which `und` is measured."""

MOST_OF_A_SOURCE: Final = 50
"""Texts of one level that are taken of each language and source."""


ByLevel: TypeAlias = dict[str, dict[str, Quality]]


@dataclass(frozen=True)
class Text:
    """A text to evaluate on."""

    code: str
    source: str
    text: str


@dataclass(frozen=True)
class Abstention:
    """Share of texts of at least LONG_TEXT characters that become `und`; the mean over languages beside it."""

    languages: int
    texts: int
    undetermined: float
    mean_of_languages: float


@dataclass(frozen=True)
class Evaluation:
    """Everything that `lid evaluate` prints."""

    note: str
    levels: dict[str, dict[str, Quality]]  # sentences and documents, by identifier
    known: dict[str, dict[str, float]]  # macro-F1 over the languages that the identifier knows, by level
    lengths: dict[int, dict[str, Quality]]
    sources: dict[str, dict[str, Quality]]
    confusions: list[tuple[str, str, int, float]]
    groups: list[Group]
    worse: dict[str, list[tuple[str, float, str, float]]]  # by level: language, F1, best single identifier, its F1
    unknown: Abstention | None
    known_text: Abstention
    speeds: dict[str, float]  # MB of UTF-8 per second of processor time, on the documents

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(
    inputs: Sequence[str],
    model: str,
    *,
    fields: Mapping[str, str] | None = None,
    others: Sequence[str] = OTHERS,
) -> Evaluation:
    """Evaluate `others`, the model that `lid train` wrote, and their combination.

    Where the input is what the model was trained on, only what was held out is used; else all of it.
    """
    path = Path(model)
    calibration = from_json(_read(path.with_suffix(".json")), str(path.with_suffix(".json")))
    members: dict[str, Member] = {name: member_model(member_path(name)).open() for name in others}
    members[path.name] = member_model(str(path)).open()
    combination = Combination.of(list(members.values()), calibration)
    about = calibration.about
    found = read_labelled(inputs, fields or {}, Split(**about["split"])).without(about["held_out"])
    same = found.digest() == about["data"]
    note = "text held out of training" if same else "all text of the input, which is not what the model was trained on"
    documents = found.parts["evaluate"] if same else [d for part in found.parts.values() for d in part]
    held_out = frozenset(about["held_out"])
    known = [document for document in documents if document.code not in held_out]
    texts = {"sentences": list(_sentences(known)), "documents": list(_documents(known))}
    said: dict[str, dict[str, Said]] = {}
    speeds: dict[str, float] = {}
    for level, rows in texts.items():
        said[level], speeds = _ask(members, combination, rows)
    return Evaluation(
        note,
        *_qualities(texts, said, members),
        **_groups_of(texts["sentences"], said["sentences"]),
        worse={level: _worse(texts[level], said[level]) for level in texts},
        unknown=_abstention(combination, [d for d in documents if d.code in held_out]) if held_out else None,
        known_text=_abstention(combination, known),
        speeds=speeds,
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `babelmill lid train` writes it beside the model") from None


def _sentences(documents: Sequence[Document]) -> Iterator[Text]:
    """Sentences of enough letters, the same number of each language and source where there are so many."""
    taken: Counter[tuple[str, str]] = Counter()
    for document in by_hash(documents, lambda document: document.name, 0):
        for sentence in sentences(document.text):
            if taken[document.code, document.source] >= MOST_OF_A_SOURCE:
                break
            if sum(map(str.isalpha, sentence)) >= FEWEST_LETTERS:
                taken[document.code, document.source] += 1
                yield Text(document.code, document.source, sentence)


def _documents(documents: Sequence[Document]) -> Iterator[Text]:
    """Whole documents of enough characters, and the held-out sections of a document as one."""
    joined: dict[tuple[str, str], list[Document]] = {}
    for document in documents:
        name, _, section = document.name.rpartition("/")
        whole = name if section.isdecimal() and len(section) == 4 else document.name
        joined.setdefault((whole, document.code), []).append(document)
    taken: Counter[tuple[str, str]] = Counter()
    for (_, code), parts in by_hash(joined.items(), lambda item: item[0][0], 0):
        text = "\n".join(part.text for part in sorted(parts, key=lambda part: part.name))
        key = code, parts[0].source
        if len(text) >= LONG_TEXT and taken[key] < MOST_OF_A_SOURCE:
            taken[key] += 1
            yield Text(code, parts[0].source, text)


def _arrow(texts: Sequence[str]) -> Texts:
    (found,) = chunks(pa.array(texts, pa.large_string()))
    return found


def _ask(
    members: Mapping[str, Member], combination: Combination, rows: Sequence[Text]
) -> tuple[dict[str, Said], dict[str, float]]:
    """What each identifier and the combination say, and how fast."""
    texts = _arrow([row.text for row in rows])
    megabytes = int((texts.ends - texts.starts).sum()) / 1e6
    said, speeds = {}, {}
    for name, member in [*members.items(), (COMBINATION, None)]:
        if member is None:
            combination.identify(_arrow(["warm"]))
        started = process_time()
        found = combination.identify(texts) if member is None else _by_one(member, texts)
        speeds[name] = megabytes / max(process_time() - started, 1e-9)
        said[name] = Said(tuple(found.column("language").to_pylist()), found.column("language_score").to_numpy())
    return said, speeds


def _by_one(member: Member, texts: Texts) -> pa.RecordBatch:
    return fit_scripts(texts, *member.predict(texts, ASKED), member.codes)


def _subset(said: Said, chosen: Sequence[int]) -> Said:
    return Said(tuple(said.codes[place] for place in chosen), said.scores[list(chosen)])


def _qualities(
    texts: Mapping[str, Sequence[Text]], said: Mapping[str, Mapping[str, Said]], members: Mapping[str, Member]
) -> tuple[ByLevel, dict[str, dict[str, float]], dict[int, dict[str, Quality]], ByLevel]:
    levels = {
        level: {name: quality([row.code for row in rows], each) for name, each in said[level].items()}
        for level, rows in texts.items()
    }
    known: dict[str, dict[str, float]] = {}
    for level, by_name in levels.items():
        known[level] = {}
        for name, member in members.items():
            codes = frozenset(member.codes.names.to_pylist())
            values = [f1 for code, f1 in by_name[name].f1.items() if code in codes]
            known[level][name] = sum(values) / max(len(values), 1)
    rows = [*texts["sentences"], *texts["documents"]]
    all_said = {
        name: Said(
            (*said["sentences"][name].codes, *said["documents"][name].codes),
            np.concatenate([said["sentences"][name].scores, said["documents"][name].scores]),
        )
        for name in said["sentences"]
    }
    lengths = _by(rows, all_said, [length_of(row.text) for row in rows])
    sentence_rows = texts["sentences"]
    sources = _by(sentence_rows, said["sentences"], [row.source for row in sentence_rows])
    return levels, known, lengths, sources


def _by(rows: Sequence[Text], said: Mapping[str, Said], keys: Sequence[Any]) -> dict[Any, dict[str, Quality]]:
    found = {}
    for key in sorted(set(keys)):
        chosen = [place for place, each in enumerate(keys) if each == key]
        truth = [rows[place].code for place in chosen]
        found[key] = {name: quality(truth, _subset(each, chosen)) for name, each in said.items()}
    return found


def _groups_of(rows: Sequence[Text], said: Mapping[str, Said]) -> dict[str, Any]:
    truth = [row.code for row in rows]
    codes = folded(truth, said[COMBINATION].codes)
    return {"confusions": confusions(truth, codes), "groups": confusable_groups(truth, codes)}


def _worse(rows: Sequence[Text], said: Mapping[str, Said]) -> list[tuple[str, float, str, float]]:
    """Languages of which the best single identifier has a higher F1, the largest difference first."""
    truth = [row.code for row in rows]
    scores = {name: quality(truth, each).f1 for name, each in said.items()}
    ours = scores.pop(COMBINATION)
    found = []
    for code, f1 in ours.items():
        name = max(scores, key=lambda name: scores[name][code])
        if scores[name][code] > f1 + 1e-9:
            found.append((code, f1, name, scores[name][code]))
    return sorted(found, key=lambda row: (row[1] - row[3], row[0]))


def _abstention(combination: Combination, documents: Sequence[Document]) -> Abstention:
    """Of passages of at least LONG_TEXT characters, as many of each language where there are so many."""
    taken: Counter[str] = Counter()
    rows = []
    for document in by_hash(documents, lambda document: document.name, 0):
        for passage in _passages(document.text):
            if taken[document.code] < MOST_OF_A_SOURCE:
                taken[document.code] += 1
                rows.append(Text(document.code, document.source, passage))
    if not rows:
        return Abstention(0, 0, 0.0, 0.0)
    found = combination.identify(_arrow([row.text for row in rows])).column("language").to_pylist()
    lost = Counter(row.code for row, code in zip(rows, found, strict=True) if code == UNDETERMINED)
    shares = [lost[code] / count for code, count in taken.items()]
    return Abstention(len(taken), len(rows), sum(lost.values()) / len(rows), sum(shares) / len(shares))


def _passages(text: str) -> Iterator[str]:
    run: list[str] = []
    for sentence in sentences(text):
        run.append(sentence)
        if len(" ".join(run)) >= LONG_TEXT:
            yield " ".join(run)
            run = []
