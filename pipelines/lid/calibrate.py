"""How far the members of a combination can be believed, learnt from text that none was trained on."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipelines.lid.labelled import Document, by_hash, sentences
from stages.identify.calibration import BANDS, Calibration, MemberCalibration
from stages.identify.combine import Combination, Heard, band
from stages.identify.evidence import fit_choice, log_odds, normalised, score_features
from stages.identify.familiarity import Profiles
from stages.identify.member import Member, labels_digest
from stages.identify.strings import Texts, chunks

PROFILE_CHARACTERS: Final = 200_000
"""Of the training text of a language: more fills its profile with what its neighbours have too."""

SAMPLES: Final = 20
"""Texts of each length that are taken of a language."""

LENGTHS: Final = (100, 250, 600)
"""Characters from which on sentences that follow each other are a text."""

PRIOR_NGRAMS: Final = 400.0
"""Judgement: n-grams of samples of a language that count as much as the size of its profile."""

LONGEST_SHARE: Final = 0.2
"""Of `und_rate`, for texts above the last of BANDS: unknown languages are told there with fewer known ones given up."""

NEVER: Final = 1e9
"""A threshold that no text exceeds."""

CAUGHT: Final = 0.9
"""Share of text in unknown languages from which on no more text in known languages is given up for it."""

UNKNOWN_WEIGHT: Final = 0.1
"""Judgement: share of text in languages that no member knows, in what comes from the web."""


@dataclass(frozen=True)
class Sample:
    """A text whose language is known."""

    code: str
    text: str


def samples(documents: Sequence[Document], seed: int) -> list[Sample]:
    """Sentences, longer passages and whole documents, the same number of each language where there is enough."""
    taken: Counter[tuple[str, int]] = Counter()
    found = []
    for document in by_hash(documents, lambda document: document.name, seed):
        for size, text in _cut(document.text):
            if taken[document.code, size] < SAMPLES and any(map(str.isalpha, text)):
                taken[document.code, size] += 1
                found.append(Sample(document.code, text))
    return found


def _cut(text: str) -> Iterator[tuple[int, str]]:
    """The text's sentences, with 0, and its passages of each length, with that length."""
    parts = sentences(text)
    yield from ((0, part) for part in parts)
    for wanted in LENGTHS:
        run: list[str] = []
        for part in parts:
            run.append(part)
            if sum(map(len, run)) >= wanted:
                yield wanted, " ".join(run)
                run = []
    yield 10_000, text


def profiles_of(documents: Sequence[Document], seed: int) -> Profiles:
    """Profiles of the first PROFILE_CHARACTERS of each language, its documents in the order of a hash."""
    texts: dict[str, list[bytes]] = defaultdict(list)
    sizes: Counter[str] = Counter()
    for document in by_hash(documents, lambda document: document.name, seed):
        if sizes[document.code] < PROFILE_CHARACTERS:
            kept = document.text[: PROFILE_CHARACTERS - sizes[document.code]]
            sizes[document.code] += len(kept)
            texts[document.code].append(kept.encode())
    return Profiles.of(texts)


def calibrate(
    members: Mapping[str, Member],
    given: Sequence[Sample],
    und_rate: float,
    about: Mapping[str, Any],
    profiles: Profiles | None = None,
    trained: Sequence[str] = (),
) -> Calibration:
    """The calibration of members, by name.

    `und_rate` is the share of text in known languages that may become `und`. `trained` names the members that know
    every language of the samples: what they say of unknown ones is learnt by taking a language away from them.
    """
    names = list(members)
    hiding = [names.index(name) for name in trained]
    unsure = [
        MemberCalibration(name, labels_digest(member), 1.0, np.zeros((3, 8)), name in trained)
        for name, member in members.items()
    ]
    expected = np.zeros((len(profiles.codes) if profiles else 0, 2))
    draft = Calibration(tuple(unsure), np.zeros(0), np.zeros(0), (0.0,) * (len(BANDS) + 1), profiles, expected, about)
    model = Combination.with_profiles(list(members.values()), draft)
    rows = _Rows.of(model, given, hiding)
    if profiles is not None:
        draft = replace(draft, expected=_expected(profiles, given))
    fitted = tuple(_member(member, place, model, rows) for place, member in enumerate(draft.members))
    draft = replace(draft, members=fitted)
    model = Combination.with_profiles(list(members.values()), draft)
    draft = replace(draft, mixing=_mixing(model, rows))
    model = Combination.with_profiles(list(members.values()), draft)
    return _with_threshold(model, draft, rows, und_rate)


@dataclass(frozen=True)
class _Rows:
    """What members say of the samples, and of those again of which the trained ones are not to know the language."""

    heard: Heard
    truth: np.ndarray  # number in the combination's names; -1 where no member can name it
    known: np.ndarray  # bool, (members, rows)
    new: np.ndarray  # bool, (rows,): whether no member knew the language before one was trained on it
    hidden: np.ndarray  # bool, (rows,)
    weights: np.ndarray  # of languages equal in sum

    @classmethod
    def of(cls, model: Combination, given: Sequence[Sample], hiding: Sequence[int]) -> "_Rows":
        at = {name: number for number, name in enumerate(model.names)}
        once = np.array([at.get(sample.code, -1) for sample in given], np.int64)
        parts, truths, hides = [], [], []
        texts = _texts([sample.text for sample in given])
        for hide in (False, True) if hiding else (False,):
            parts.append(model.hear(texts, once if hide else None, hiding if hide else ()))
            truths.append(once)
            hides.append(np.full(len(once), hide))
        truth, hidden = np.concatenate(truths), np.concatenate(hides)
        known = np.stack([np.where(truth >= 0, knows[truth], False) for knows in model.knows])
        for place in hiding:
            known[place] &= ~hidden
        others: np.ndarray = np.asarray(np.delete(model.knows, hiding, axis=0).any(axis=0))
        new = (truth < 0) | ~others[truth]
        numbers = Counter(sample.code for sample in given)
        weights = np.tile([1 / numbers[sample.code] for sample in given], len(parts))
        return cls(_joined(parts), truth, known, new, hidden, weights)


def _texts(texts: Sequence[str]) -> Texts:
    (found,) = chunks(pa.array(texts, pa.large_string()))
    return found


def _joined(parts: Sequence[Heard]) -> Heard:
    if len(parts) == 1:
        return parts[0]
    answers = tuple(
        type(said[0])(*(np.concatenate(columns) for columns in zip(*said, strict=True)))
        for said in zip(*(part.answers for part in parts), strict=True)
    )
    rest = [np.concatenate([part[place] for part in parts]) for place in range(1, len(Heard._fields))]
    return Heard(answers, *rest)


def _expected(profiles: Profiles, given: Sequence[Sample]) -> np.ndarray:
    """Log odds of the shares of known n-grams of a language's own text.

    Thin samples lean on what is usual for a profile of that size.
    """
    number = {code: place for place, code in enumerate(profiles.codes)}
    rows = [(number[sample.code], sample.text) for sample in given if sample.code in number]
    own = np.array([place for place, _ in rows], np.int64)
    shares, counts = profiles.shares(_texts([text for _, text in rows]), own[:, None])
    weights = np.minimum(counts, 200).astype(np.float64)
    by_code = np.bincount(own, weights, len(profiles.codes))
    sizes = np.stack([np.ones(len(profiles.codes)), np.log(np.array(profiles.sizes) + 1)], axis=1)
    found = []
    for kind in range(2):
        odds = log_odds(shares[:, 0, kind].astype(np.float64))
        root = np.sqrt(weights / np.maximum(by_code[own], 1))[:, None]
        line, *_ = np.linalg.lstsq(sizes[own] * root, odds * root[:, 0], rcond=None)
        usual = sizes @ line
        total = np.bincount(own, odds * weights, len(profiles.codes)) + PRIOR_NGRAMS * usual
        found.append(total / (by_code + PRIOR_NGRAMS))
    return np.stack(found, axis=1)


def _member(draft: MemberCalibration, place: int, model: Combination, rows: _Rows) -> MemberCalibration:
    said, letters = rows.heard.answers[place], rows.heard.letters
    matches = (said.codes == rows.truth[:, None]) & (rows.truth >= 0)[:, None]
    named = matches.any(axis=1) & rows.known[place]
    outcome = np.where(named, 0, np.where(rows.known[place], 1, 2))
    used = (~rows.hidden | (rows.known[place] != model.knows[place][rows.truth])) & (letters > 0)
    weights = rows.weights * used * np.where(rows.hidden, UNKNOWN_WEIGHT, 1.0)
    features = score_features(said, letters)
    width = features.shape[1]
    blocks = np.zeros((len(features), 3, 2 * width))
    blocks[:, 0, :width] = blocks[:, 1, width:] = features
    silent = ~(said.codes >= 0).any(axis=1)
    blocks[silent, 0] = np.nan
    fitted = fit_choice(blocks[used], outcome[used], weights[used])
    table = np.stack([fitted[:width], fitted[width:], np.zeros(width)])
    with np.errstate(divide="ignore"):
        logs = np.where(said.codes >= 0, np.log(np.maximum(said.scores, 1e-9)), np.nan)[:, :, None]
    several = named & used & ((said.codes >= 0).sum(axis=1) > 1)
    sharpness = 1.0
    if several.any():
        (sharpness,) = fit_choice(logs[several], matches.argmax(axis=1)[several], weights[several])
    return replace(draft, sharpness=max(float(sharpness), 0.05), outcome=table)


def _mixing(model: Combination, rows: _Rows) -> np.ndarray:
    """Weights of the candidates' features, from texts whose language a member names."""
    features = model.candidate_features(rows.heard, model.outcomes(rows.heard))
    matches = (rows.heard.candidates == rows.truth[:, None]) & (rows.truth >= 0)[:, None]
    used = matches.any(axis=1) & (~rows.hidden | rows.known.any(axis=0))
    weights = rows.weights * np.where(rows.hidden, UNKNOWN_WEIGHT, 1.0)
    return fit_choice(features[used], matches.argmax(axis=1)[used], weights[used])


def _with_threshold(model: Combination, draft: Calibration, rows: _Rows, und_rate: float) -> Calibration:
    """Weights of what speaks for an unknown language, and the thresholds above which texts become `und`."""
    of_members = model.outcomes(rows.heard)
    odds = model.candidate_features(rows.heard, of_members) @ draft.mixing
    logs = normalised(np.where(rows.heard.candidates >= 0, odds, -np.inf))
    best = logs.argmax(axis=1)
    top = logs[np.arange(len(best)), best]
    usable = np.isfinite(top) & (rows.heard.letters > 0)
    features = model.unknown_features(rows.heard, of_members, best, np.where(usable, top, 0.0))
    known: np.ndarray = np.asarray(rows.known.any(axis=0))
    used = usable & (known & ~rows.hidden | ~known & rows.new)
    if not (used & ~known).any():
        return replace(draft, unknown=np.zeros(features.shape[1]), thresholds=(NEVER,) * (len(BANDS) + 1))
    weights = rows.weights.copy()
    weights[~known] *= UNKNOWN_WEIGHT * weights[used & known].sum() / weights[used & ~known].sum()
    blocks = np.stack([features, np.zeros_like(features)], axis=1)
    fitted = fit_choice(blocks[used], known[used].astype(np.int64), weights[used])
    scores = features @ fitted
    thresholds = []
    for number in range(len(BANDS) + 1):
        chosen = used & known & (band(rows.heard.letters) == number)
        rate = und_rate * (LONGEST_SHARE if number == len(BANDS) else 1.0)
        each = [_quantile(scores[chosen], w, 1 - rate) for w in (rows.weights[chosen], np.ones(chosen.sum()))]
        others = used & ~known & (band(rows.heard.letters) == number)
        if others.any():
            each.append(_quantile(scores[others], rows.weights[others], 1 - CAUGHT))
        thresholds.append(max(each))
    return replace(draft, unknown=fitted, thresholds=tuple(thresholds))


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """The value that this share of the weight does not exceed."""
    if not len(values):
        return NEVER
    order = np.argsort(values, kind="stable")
    through = np.cumsum(weights[order])
    return float(values[order][min(np.searchsorted(through, share * through[-1]), len(values) - 1)])
