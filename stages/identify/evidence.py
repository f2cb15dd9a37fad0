"""The evidence that identifiers give for each language, calibrated, and the weights that it is given.

All weights are of one kind of model, the conditional logit (McFadden 1974): a choice among alternatives that are
described by features. `fit_choice` finds them.
"""

from typing import Final, NamedTuple

import numpy as np

from stages.identify.calibration import MemberCalibration

SMALLEST_SCORE: Final = 1e-4
TYPICAL_LETTERS: Final = 100.0


class Answer(NamedTuple):
    """What a member says of texts: codes, numbers in the union of all members' codes, -1 for none, and scores."""

    codes: np.ndarray  # int64, (texts, k); each code once in a row
    scores: np.ndarray  # float64, (texts, k)


def answer(codes: np.ndarray, scores: np.ndarray) -> Answer:
    """Labels of equal code in a row become one; their scores add up."""
    codes, scores = codes.copy(), np.where(codes >= 0, np.clip(scores.astype(np.float64), SMALLEST_SCORE, 1.0), 0.0)
    for later in range(1, codes.shape[1]):
        for earlier in range(later):
            same = (codes[:, later] == codes[:, earlier]) & (codes[:, later] >= 0)
            scores[:, earlier] += np.where(same, scores[:, later], 0)
            scores[same, later], codes[same, later] = 0, -1
    return Answer(codes, np.minimum(scores, 1.0))


def log_odds(share: np.ndarray) -> np.ndarray:
    """Of shares, at most ±log(1 / SMALLEST_SCORE)."""
    share = np.clip(share, SMALLEST_SCORE, 1 - SMALLEST_SCORE)
    found: np.ndarray = np.log(share) - np.log1p(-share)
    return found


def length_feature(letters: np.ndarray) -> np.ndarray:
    """Logarithm of the length, 0 for a text of TYPICAL_LETTERS."""
    found: np.ndarray = np.log(np.maximum(letters, 1) / TYPICAL_LETTERS)
    return found


def score_features(said: Answer, letters: np.ndarray) -> np.ndarray:
    """(texts, 8): what tells whether the best score is to be believed."""
    ordered = np.sort(said.scores, axis=1)[:, ::-1]
    best = log_odds(ordered[:, 0]) / 4
    second = ordered[:, 1] if ordered.shape[1] > 1 else np.zeros(len(ordered))
    margin = np.log((ordered[:, 0] + SMALLEST_SCORE) / (second + SMALLEST_SCORE)) / 4
    length = length_feature(letters)
    silent = (ordered[:, 0] <= 0).astype(float)
    one = np.ones(len(best))
    return np.stack([one, best, length, best * length, best**2, length**2, margin, silent], axis=1)


def outcomes(said: Answer, letters: np.ndarray, calibration: MemberCalibration) -> np.ndarray:
    """Logarithms of the probabilities, (texts, 3), of the outcomes that `MemberCalibration` names."""
    features = score_features(said, letters)
    odds = np.stack([weighted(features, row) for row in calibration.outcome], axis=1)
    odds[~(said.codes >= 0).any(axis=1), 0] = -np.inf
    return normalised(odds)


def weighted(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted sum of the last axis, term by term: a matrix product rounds by how many rows there are."""
    found: np.ndarray = np.zeros(features.shape[:-1])
    for place, weight in enumerate(weights.tolist()):
        found = found + features[..., place] * weight
    return found


def normalised(odds: np.ndarray) -> np.ndarray:
    """Logarithms of the softmax of each row; what is not finite is -inf."""
    top = odds.max(axis=1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = odds - top - np.log(np.exp(odds - top).sum(axis=1, keepdims=True))
    return np.where(np.isfinite(odds), found, -np.inf)


def log_evidence(
    said: Answer, outcome: np.ndarray, candidates: np.ndarray, knows: np.ndarray, sharpness: float
) -> np.ndarray:
    """Logarithm of the probability that a member gives to each candidate, (texts, candidates).

    A language that the member does not know gets its part of what the member gives to all of these, so that a member
    speaks neither for nor against what it cannot know. `candidates` are codes or -1, `knows` is true for the codes of
    the union that the member can name.
    """
    powers = np.where(said.codes >= 0, np.maximum(said.scores, SMALLEST_SCORE) ** sharpness, 0)
    among = powers / np.maximum(powers.sum(axis=1, keepdims=True), 1e-300)
    matches = (candidates[:, :, None] == said.codes[:, None, :]) & (candidates[:, :, None] >= 0)
    named = (matches * among[:, None, :]).sum(axis=2)
    known = int(knows.sum())
    unlisted = outcome[:, 1:2] - np.log(max(known, 1))
    unknown = outcome[:, 2:3] - np.log(max(len(knows) - known, 1))
    with np.errstate(divide="ignore"):
        listed = outcome[:, 0:1] + np.log(named)
    found: np.ndarray = np.where(named > 0, listed, np.where(knows[candidates], unlisted, unknown))
    return found


def fit_choice(features: np.ndarray, chosen: np.ndarray, weights: np.ndarray, ridge: float = 1e-3) -> np.ndarray:
    """Weights of features, (rows, alternatives, features), that make the chosen alternatives likeliest.

    Alternatives whose features are not finite cannot be chosen. Maximum likelihood by Newton's method, with a small
    ridge (times the rows' weight) against features that say nothing.
    """
    open_ = np.isfinite(features).all(axis=2)
    features = np.where(open_[:, :, None], features, 0.0)
    rows = np.arange(len(chosen))
    total = max(float(weights.sum()), 1e-9)
    found = np.zeros(features.shape[2])

    def loss(at: np.ndarray) -> float:
        odds = np.where(open_, features @ at, -np.inf)
        return float(-(weights * normalised(odds)[rows, chosen]).sum() / total + ridge * (at**2).sum() / 2)

    for _ in range(50):
        shares = np.exp(normalised(np.where(open_, features @ found, -np.inf)))
        mean = np.einsum("nk,nkm->nm", shares, features)
        gradient = ((features[rows, chosen] - mean) * weights[:, None]).sum(axis=0) / total - ridge * found
        second = np.einsum("n,nk,nkm,nkl->ml", weights, shares, features, features, optimize=True)
        second -= np.einsum("n,nm,nl->ml", weights, mean, mean, optimize=True)
        step = np.linalg.solve(second / total + ridge * np.eye(len(found)), gradient)
        size, before = 1.0, loss(found)
        while size > 1e-4 and (after := loss(found + size * step)) > before:
            size /= 2
        found = found + size * step
        if before - after < 1e-8:
            break
    return found
