"""The best label whose language is written in the script of the text."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from stages.columns import IDENTIFICATION, UNDETERMINED
from stages.identify.codes import scripts_of
from stages.identify.compiled import inlined, kernel
from stages.identify.script import count_scripts, script_names, scripts
from stages.identify.strings import Texts

FITTING_SHARE: Final = 0.2
"""Share of a text's letters that must be in a script of the language: documentation and web pages carry much Latin."""


class LabelCodes(NamedTuple):
    """What the labels of a model stand for, by number.

    `choices` are the scripts of each label's language, its own first, and -1, `codes` the codes in these scripts; none
    for `und` and for codes without a script.
    """

    names: pa.Array  # string, codes by number; the last is und
    own: np.ndarray  # int64, code of each label; -1 for und
    choices: np.ndarray  # int64, (labels, most)
    codes: np.ndarray  # int64, as choices


def label_codes(codes: Sequence[str]) -> LabelCodes:
    """The tables of the codes of a model's labels."""
    written = [() if code == UNDETERMINED else scripts_of(code) for code in codes]
    others = {script for row in written for script in row} - set(script_names())
    script_at = {script: number for number, script in enumerate((*script_names(), *sorted(others)))}
    spelled = [
        [f"{code.partition('_')[0]}_{script}" for script in row] for code, row in zip(codes, written, strict=True)
    ]
    names = sorted({*codes, *(name for row in spelled for name in row)} - {UNDETERMINED})
    at = {name: number for number, name in enumerate(names)}
    choices = np.full((len(codes), max(map(len, written), default=0) + 1), -1, np.int64)
    in_choices = np.full_like(choices, -1)
    for label, row in enumerate(written):
        choices[label, : len(row)] = [script_at[script] for script in row]
        in_choices[label, : len(row)] = [at[name] for name in spelled[label]]
    own = np.array([at.get(code, -1) for code in codes], np.int64)
    return LabelCodes(pa.array([*names, UNDETERMINED]), own, choices, in_choices)


@inlined
def _code_in_script(label: Any, choices: Any, codes: Any, counts: Any, total: Any) -> Any:
    """The code of a label in that of its scripts which most letters are of; -1 where too few are."""
    code, most = np.int64(-1), np.int64(-1)
    for choice in range(choices.shape[1]):
        script = choices[label, choice]
        if script < 0:
            break
        count = counts[script] if script < counts.size else np.int64(0)
        if count > most:
            code, most = codes[label, choice], count
    return code if most >= 0 and most / total >= FITTING_SHARE else np.int64(-1)


@kernel
def _fit(
    data: Any, starts: Any, ends: Any, tables: Any, counts: Any, labels: Any, scores: Any,
    own: Any, choices: Any, codes: Any, found: Any, found_scores: Any,
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
            code = _code_in_script(label, choices, codes, counts, total)
            if code >= 0 and code != found[text, 0]:
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
    _fit(*texts, scripts(), room, labels, scores, codes.own, codes.choices, codes.codes, found, found_scores)
    named, second, script = found.T
    columns = [
        codes.names.take(pa.array(np.where(named < 0, len(codes.names) - 1, named))),
        pa.array(found_scores[:, 0]),
        codes.names.take(pa.array(second, mask=second < 0)),
        pa.array(found_scores[:, 1]),
        script_column().take(pa.array(script)),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=IDENTIFICATION)


@kernel
def _fit_labels(
    data: Any, starts: Any, ends: Any, tables: Any, counts: Any, labels: Any, choices: Any, codes: Any,
    fitting: Any, letters: Any, script_of: Any,
) -> None:  # fmt: skip
    """Fill in the code of each label in the script of its text, -1 where the text is in none, letters and script."""
    for text in range(starts.size):
        total = count_scripts(data, starts[text], ends[text], tables, counts)
        letters[text], script_of[text] = total, 0
        for script in range(counts.size):
            if counts[script] > counts[script_of[text]]:
                script_of[text] = script
        for place in range(labels.shape[1]):
            label = labels[text, place]
            fitting[text, place] = -1
            if label >= 0 and total:
                fitting[text, place] = _code_in_script(label, choices, codes, counts, total)


class Fitting(NamedTuple):
    """What labels mean in the script of each text."""

    codes: np.ndarray  # int64, (texts, k): numbers in `names`, -1 for no label and for languages of other scripts
    letters: np.ndarray  # int64, (texts,): as `count_scripts` weighs them
    script: np.ndarray  # int64, (texts,): the dominant one, a number in `script_names()`


def fit_labels(texts: Texts, labels: np.ndarray, codes: LabelCodes) -> Fitting:
    """What the labels (texts, k) of a model mean, each by itself, under the rule of `fit_scripts`."""
    count = len(texts.starts)
    found = Fitting(np.full(labels.shape, -1, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64))
    room = np.zeros(len(script_names()), np.int64)
    _fit_labels(*texts, scripts(), room, labels, codes.choices, codes.codes, *found)
    return found


@cache
def script_column() -> pa.Array:
    """The scripts by number, as in `script_names`."""
    return pa.array(script_names())
