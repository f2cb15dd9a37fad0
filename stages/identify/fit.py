"""The best label whose language is written in the script of the text."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from stages.columns import IDENTIFICATION, UNDETERMINED
from stages.identify.codes import scripts_of
from stages.identify.compiled import kernel
from stages.identify.script import count_scripts, script_names, scripts
from stages.identify.strings import Texts

FITTING_SHARE: Final = 0.2
"""Share of a text's letters that must be in a script of the language: documentation and web pages carry much Latin."""


class LabelCodes(NamedTuple):
    """What the labels of a model stand for, by number.

    A code is language * len(scripts) + script; `choices` are the scripts of each label's language, its own first, and
    -1; none for `und` and for codes without a script.
    """

    languages: tuple[str, ...]
    scripts: tuple[str, ...]
    own: np.ndarray  # int64, code of each label; -1 for und
    of_label: np.ndarray  # int64, language of each label
    choices: np.ndarray  # int64, (labels, most)


def label_codes(codes: Sequence[str]) -> LabelCodes:
    """The tables of the codes of a model's labels."""
    parts = [code.partition("_") for code in codes]
    languages = tuple(sorted({language for language, _, _ in parts}))
    written = [() if code == UNDETERMINED else scripts_of(code) for code in codes]
    others = {script for row in written for script in row} | {script for _, _, script in parts if script}
    names = (*script_names(), *sorted(others - set(script_names())), "")
    at = {script: number for number, script in enumerate(names)}
    number = {language: place for place, language in enumerate(languages)}
    choices = np.full((len(codes), max(map(len, written), default=0) + 1), -1, np.int64)
    for row, found in zip(choices, written, strict=True):
        row[: len(found)] = [at[script] for script in found]
    own = [number[language] * len(names) + at[script] for language, _, script in parts]
    own = [-1 if code == UNDETERMINED else place for code, place in zip(codes, own, strict=True)]
    of_label = np.array([number[language] for language, _, _ in parts], np.int64)
    return LabelCodes(languages, names, np.array(own, np.int64), of_label, choices)


@kernel
def _fit(
    data: Any, starts: Any, ends: Any, tables: Any, counts: Any, labels: Any, scores: Any,
    own: Any, of_label: Any, choices: Any, script_count: Any, found: Any, found_scores: Any,
) -> None:  # fmt: skip
    """Fill in (texts, 3): the code, or -1, that of the runner-up, and the dominant script; and (texts, 2) scores."""
    for text in range(starts.size):
        total = count_scripts(data, starts[text], ends[text], tables, counts)
        found[text, 0], found[text, 1], found[text, 2] = -1, -1, 0
        found_scores[text, 0], found_scores[text, 1] = 0, 0
        if not total:
            continue
        for script in range(counts.size):
            if counts[script] > counts[found[text, 2]]:
                found[text, 2] = script
        for place in range(labels.shape[1]):
            label = labels[text, place]
            if label < 0 or found[text, 1] >= 0:
                break
            best, most = np.int64(0), np.int64(-1)
            for choice in range(choices.shape[1]):
                script = choices[label, choice]
                if script < 0:
                    break
                count = counts[script] if script < counts.size else np.int64(0)
                if count > most:
                    best, most = script, count
            code = of_label[label] * script_count + best
            if most >= 0 and most / total >= FITTING_SHARE and code != found[text, 0]:
                which = 0 if found[text, 0] < 0 else 1
                found[text, which], found_scores[text, which] = code, min(scores[text, place], np.float32(1))
        if found[text, 0] >= 0:
            continue
        for place in range(labels.shape[1]):  # nothing fits: the runner-up is the model's best label
            if labels[text, place] >= 0 and own[labels[text, place]] >= 0:
                found[text, 1] = own[labels[text, place]]
                found_scores[text, 1] = min(scores[text, place], np.float32(1))
                break


def fit_scripts(texts: Texts, labels: np.ndarray, scores: np.ndarray, codes: LabelCodes) -> pa.RecordBatch:
    """Rows of `columns.IDENTIFICATION` from the best labels (-1 for none) and their scores, (texts, k), best first."""
    count = len(texts.starts)
    found, found_scores = np.zeros((count, 3), np.int64), np.zeros((count, 2), np.float32)
    room = np.zeros(len(script_names()), np.int64)
    tables, width = scripts(), len(codes.scripts)
    _fit(*texts, tables, room, labels, scores, codes.own, codes.of_label, codes.choices, width, found, found_scores)
    columns = [
        _code_column(found[:, 0], codes, UNDETERMINED),
        pa.array(found_scores[:, 0]),
        _code_column(found[:, 1], codes, None),
        pa.array(found_scores[:, 1]),
        pa.array(script_names()).take(pa.array(found[:, 2])),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=IDENTIFICATION)


def _code_column(numbers: np.ndarray, codes: LabelCodes, missing: str | None) -> pa.Array:
    distinct, places = np.unique(numbers, return_inverse=True)
    names: list[str | None] = []
    for code in distinct.tolist():
        language, script = divmod(code, len(codes.scripts))
        known = "_".join(filter(None, (codes.languages[language], codes.scripts[script])))
        names.append(missing if code < 0 else known)
    return pa.array(names, pa.string()).take(pa.array(places.reshape(-1)))
