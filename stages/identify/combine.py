"""Several identifiers as one: what each says is calibrated and weighed, and text that none knows is `und`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import numpy as np
import pyarrow as pa

from stages.columns import IDENTIFICATION, UNDETERMINED
from stages.errors import ConfigError
from stages.identify.calibration import BANDS, Calibration
from stages.identify.evidence import (
    Answer,
    answer,
    length_feature,
    log_evidence,
    log_odds,
    normalised,
    outcomes,
    weighted,
)
from stages.identify.fit import fit_labels, script_column
from stages.identify.member import Member, labels_digest
from stages.identify.strings import Texts

ASKED: Final = 8
"""Labels that each member is asked for."""

AT_ONCE: Final = 2048
"""Texts whose evidence is held at once; results do not depend on it."""


class Heard(NamedTuple):
    """What the members say of texts, as numbers of the union of their codes."""

    answers: tuple[Answer, ...]
    letters: np.ndarray  # (texts,)
    script: np.ndarray  # (texts,), numbers in `script_names()`
    candidates: np.ndarray  # (texts, candidates): every code that a member names, once; -1 for none
    shares: np.ndarray  # (texts, candidates, 2): of n-grams in the candidate's profile; -1 without a profile
    hidden: np.ndarray  # (texts,): a code that some members are taken not to know; -1 for none


class Weighed(NamedTuple):
    """What follows from it."""

    order: np.ndarray  # (texts, 2): the best candidates; -1 for none
    scores: np.ndarray  # (texts, 2): their probabilities if the language is known
    unknown: np.ndarray  # (texts,): log odds of a language that no member knows


@dataclass(frozen=True)
class Combination:
    """Opened members and what was learnt about them. Threads may share one."""

    members: tuple[Member, ...]
    calibration: Calibration
    names: tuple[str, ...]
    numbers: tuple[np.ndarray, ...]  # for each member, the number in `names` of each of its codes
    knows: np.ndarray  # bool, (members, names)
    profile: np.ndarray  # int64, (names,): number in the profiles, -1 for none
    expected: np.ndarray  # float64, (names, 2)

    @classmethod
    def of(cls, members: Sequence[Member], calibration: Calibration) -> Self:
        """ConfigError where the calibration is for other members."""
        given = [labels_digest(member) for member in members]
        if given != [member.labels for member in calibration.members]:
            names = ", ".join(member.name for member in calibration.members)
            raise ConfigError(
                f"the calibration is for {len(calibration.members)} members ({names}) with the labels that they had, "
                "and these are others; give the members in that order, or make a calibration with `babelmill lid "
                "calibrate`"
            )
        return cls.with_profiles(members, calibration)

    @classmethod
    def with_profiles(cls, members: Sequence[Member], calibration: Calibration) -> Self:
        """The same without the check, for a calibration that is being made."""
        spelled = [member.codes.names.to_pylist()[:-1] for member in members]
        names = sorted({name for row in spelled for name in row})
        at = {name: number for number, name in enumerate(names)}
        numbers = tuple(np.array([at[name] for name in row], np.int64) for row in spelled)
        knows = np.zeros((len(members), len(names)), bool)
        for row, found in zip(knows, numbers, strict=True):
            row[found] = True
        profile, expected = np.full(len(names), -1, np.int64), np.zeros((len(names), 2))
        for number, code in enumerate(calibration.profiles.codes if calibration.profiles else ()):
            if code in at:
                profile[at[code]], expected[at[code]] = number, calibration.expected[number]
        return cls(tuple(members), calibration, tuple(names), numbers, knows, profile, expected)

    def hear(self, texts: Texts, hidden: np.ndarray | None = None, hiding: Sequence[int] = ()) -> Heard:
        """Ask all members.

        `hidden` are codes, one for each text, that the members numbered in `hiding` and the profiles are taken not to
        know: a text of an unknown language, made from one of a known language.
        """
        count = len(texts.starts)
        hidden = np.full(count, -1, np.int64) if hidden is None else hidden
        answers, letters, script = [], np.zeros(count, np.int64), np.zeros(count, np.int64)
        for place, (member, numbers) in enumerate(zip(self.members, self.numbers, strict=True)):
            labels, scores = member.predict(texts, ASKED)
            fitting = fit_labels(texts, labels, member.codes)
            codes = np.where(fitting.codes >= 0, np.append(numbers, -1)[fitting.codes], -1)
            if place in hiding:
                codes = np.where(codes == hidden[:, None], -1, codes)
            answers.append(answer(codes, scores))
            letters, script = fitting.letters, fitting.script
        candidates = _once(np.concatenate([said.codes for said in answers], axis=1))
        shares = np.full((*candidates.shape, 2), -1.0)
        if self.calibration.profiles is not None:
            profiles = np.where(candidates >= 0, self.profile[candidates], -1)
            profiles = np.where(candidates == hidden[:, None], -1, profiles)
            found, _ = self.calibration.profiles.shares(texts, profiles)
            shares = np.where((profiles >= 0)[:, :, None], found, -1.0)
        return Heard(tuple(answers), letters, script, candidates, shares, hidden)

    def outcomes(self, heard: Heard) -> list[np.ndarray]:
        """Of each member, as `evidence.outcomes`."""
        pairs = zip(heard.answers, self.calibration.members, strict=True)
        return [outcomes(said, heard.letters, member) for said, member in pairs]

    def candidate_features(self, heard: Heard, of_members: Sequence[np.ndarray]) -> np.ndarray:
        """(texts, candidates, features): what speaks for each candidate; NaN where there is none."""
        length = length_feature(heard.letters)[:, None]
        features = []
        for said, outcome, member, knows in zip(
            heard.answers, of_members, self.calibration.members, self.knows, strict=True
        ):
            found = log_evidence(said, outcome, heard.candidates, knows, member.sharpness)
            features += [found, found * length]
        if self.calibration.profiles is not None:
            has = (heard.shares[:, :, 0] >= 0).astype(float)
            for kind in range(2):
                share = log_odds(heard.shares[:, :, kind]) * has
                expected = self.expected[heard.candidates, kind] * has
                features += [share, share * length, expected, expected * length]
            features += [has, has * length]
        stacked = np.stack(features, axis=2)
        stacked[heard.candidates < 0] = np.nan
        return stacked

    def unknown_features(
        self, heard: Heard, of_members: Sequence[np.ndarray], best: np.ndarray, log_score: np.ndarray
    ) -> np.ndarray:
        """(texts, features): what speaks for a language that no member knows; `best` is the place of a candidate.

        Where a member was trained with the profiles, they are asked in its place, and not how sure the best candidate
        is: a language can be taken out of the profiles as if it had never been there, and not out of the member.
        """
        rows = np.arange(len(best))
        length = length_feature(heard.letters)
        features = [np.ones(len(best)), length, length**2]
        if not any(member.trained for member in self.calibration.members):
            doubt = np.log1p(-np.minimum(np.exp(log_score), 1 - 1e-4)) / 4
            features += [doubt, doubt * length]
        for said, outcome, member in zip(heard.answers, of_members, self.calibration.members, strict=True):
            if member.trained:
                continue
            odds = np.clip(outcome[:, 2] - np.log1p(-np.minimum(np.exp(outcome[:, 2]), 1 - 1e-4)), -9, 9) / 4
            agrees = (said.codes[:, 0] == heard.candidates[rows, best]).astype(float)
            features += [odds, odds * length, agrees, agrees * odds]
        if self.calibration.profiles is not None:
            has = (heard.shares[rows, best, 0] >= 0).astype(float)
            features += [has, has * length]
            for kind in range(2):
                odds = log_odds(heard.shares[:, :, kind])
                own = odds[rows, best] * has
                odds[rows, best] = -np.inf
                margin = np.clip(own - odds.max(axis=1), -5, 5) * has
                missing = self.expected[heard.candidates[rows, best], kind] * has - own
                features += [missing, missing * length, np.maximum(missing, 0), own, margin, margin * length]
        return np.stack(features, axis=1)

    def weigh(self, heard: Heard) -> Weighed:
        """The best candidates of each text, and whether it is in any of them."""
        count = len(heard.letters)
        of_members = self.outcomes(heard)
        odds = weighted(self.candidate_features(heard, of_members), self.calibration.mixing)
        logs = normalised(np.where(heard.candidates >= 0, odds, -np.inf))
        ranked = np.argsort(-logs, axis=1, kind="stable")[:, :2]
        rows = np.arange(count)
        found = logs[rows[:, None], ranked]
        order = np.where(np.isfinite(found), heard.candidates[rows[:, None], ranked], -1)
        best = np.where(np.isfinite(found[:, 0]), found[:, 0], 0.0)
        features = self.unknown_features(heard, of_members, ranked[:, 0], best)
        return Weighed(order, np.where(order >= 0, np.exp(found), 0.0), weighted(features, self.calibration.unknown))

    def identify(self, texts: Texts) -> pa.RecordBatch:
        """Rows of `columns.IDENTIFICATION`."""
        parts = [
            self._rows(Texts(texts.data, texts.starts[at : at + AT_ONCE], texts.ends[at : at + AT_ONCE]))
            for at in range(0, len(texts.starts), AT_ONCE)
        ]
        return pa.concat_batches(parts) if parts else pa.RecordBatch.from_pylist([], schema=IDENTIFICATION)

    def _rows(self, texts: Texts) -> pa.RecordBatch:
        heard = self.hear(texts)
        weighed = self.weigh(heard)
        threshold = np.array(self.calibration.thresholds)[band(heard.letters)]
        named = (weighed.order[:, 0] >= 0) & (weighed.unknown <= threshold)
        scores = weighed.scores / (1 + np.exp(np.clip(weighed.unknown, -50, 50)))[:, None]
        first = np.where(named, weighed.order[:, 0], -1)
        second = np.where(named, weighed.order[:, 1], weighed.order[:, 0])
        second_scores = np.where(second >= 0, np.where(named, scores[:, 1], scores[:, 0]), 0.0)
        names = pa.array([*self.names, UNDETERMINED])
        columns = [
            names.take(pa.array(np.where(first < 0, len(self.names), first))),
            pa.array(np.where(named, scores[:, 0], 0.0), pa.float32()),
            names.take(pa.array(second, mask=second < 0)),
            pa.array(second_scores, pa.float32()),
            script_column().take(pa.array(heard.script)),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=IDENTIFICATION)


def band(letters: np.ndarray) -> np.ndarray:
    """How many of BANDS a text has the letters for."""
    return np.searchsorted(np.array(BANDS), letters, side="right")


def _once(codes: np.ndarray) -> np.ndarray:
    """Codes of each row, every one where it stands first."""
    found = codes.copy()
    for place in range(1, codes.shape[1]):
        found[(codes[:, :place] == codes[:, place : place + 1]).any(axis=1), place] = -1
    return found
