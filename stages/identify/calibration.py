"""What was learnt about the members of a combination: how far each can be believed, and when none can."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np

from stages.errors import ConfigError
from stages.identify.familiarity import Profiles

VERSION: Final = 1

BANDS: Final = (40, 140, 600)
"""Letters from which on a text counts as longer; 140 to 170 letters are about 200 characters."""


@dataclass(frozen=True)
class MemberCalibration:
    """What scores of a member mean.

    `outcome` has three rows of weights of `evidence.score_features`: the language is among the labels that the member
    names, is another that it knows, or is one that it does not know. Among the named ones scores count as
    score ** sharpness. A `trained` member was trained on the text that the profiles are made of.
    """

    name: str
    labels: str  # `member.labels_digest`
    sharpness: float
    outcome: np.ndarray
    trained: bool = False


@dataclass(frozen=True)
class Calibration:
    """Everything that `Combination` needs beside its members.

    `mixing` weighs `evidence.candidate_features`, `unknown` weighs `evidence.unknown_features`; texts whose sum of the
    latter is above the threshold of their length (`BANDS`) are `und`. `expected` is what share of its short and
    long n-grams a text of each language of the profiles has in its own profile, (languages, 2), as log odds.
    """

    members: tuple[MemberCalibration, ...]
    mixing: np.ndarray
    unknown: np.ndarray
    thresholds: tuple[float, ...]
    profiles: Profiles | None
    expected: np.ndarray
    about: Mapping[str, Any]

    def to_json(self) -> str:
        """The file that `from_json` reads; equal calibrations give equal bytes."""
        profiles = self.profiles and {
            "codes": self.profiles.codes,
            "sizes": self.profiles.sizes,
            "expected": _rounded(self.expected),
            "bits": base64.b64encode(self.profiles.bits.astype("<u8").tobytes()).decode(),
        }
        members = [
            {
                "name": member.name,
                "labels": member.labels,
                "sharpness": round(member.sharpness, 6),
                "outcome": _rounded(member.outcome),
                "trained": member.trained,
            }
            for member in self.members
        ]
        content = {
            "version": VERSION,
            "about": self.about,
            "members": members,
            "mixing": _rounded(self.mixing),
            "unknown": _rounded(self.unknown),
            "thresholds": [round(value, 6) for value in self.thresholds],
            "profiles": profiles,
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def from_json(content: str | bytes, where: str) -> Calibration:
    """The calibration in a file; ConfigError where it is none, or of another version of babelmill."""
    try:
        read = json.loads(content)
        if read["version"] != VERSION:
            raise ConfigError(f"{where}: calibration of version {read['version']}, and {VERSION} is used; make it anew")
        profiles = read["profiles"]
        if len(read["thresholds"]) != len(BANDS) + 1:
            raise ValueError(f"{len(read['thresholds'])} thresholds, and {len(BANDS) + 1} are used")
        return Calibration(
            tuple(map(_member, read["members"])),
            np.array(read["mixing"], float),
            np.array(read["unknown"], float),
            tuple(map(float, read["thresholds"])),
            profiles and Profiles(tuple(profiles["codes"]), tuple(profiles["sizes"]), _bits(profiles["bits"])),
            np.array(profiles["expected"] if profiles else [], float).reshape(-1, 2),
            read["about"],
        )
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{where}: no calibration ({reason}); `babelmill lid train` and `calibrate` write one"
        ) from None


def _member(read: Mapping[str, Any]) -> MemberCalibration:
    outcome = np.array(read["outcome"], float)
    return MemberCalibration(read["name"], read["labels"], float(read["sharpness"]), outcome, bool(read["trained"]))


def shipped(members: Sequence[str | None]) -> Calibration:
    """The calibration that is installed for these members; ConfigError for others."""
    name = "+".join(member or "?" for member in members)
    path = files("stages.identify").joinpath("calibrations", f"{name}.json")
    if None in members or not path.is_file():
        raise ConfigError(
            "no calibration is installed for these members; give `calibration`, the .json file that `babelmill lid "
            "train` wrote beside the model, or make one with `babelmill lid calibrate`"
        )
    return from_json(path.read_text("utf-8"), f"calibrations/{name}.json")


def _rounded(values: np.ndarray) -> Any:
    return np.round(values, 6).tolist()


def _bits(encoded: str) -> np.ndarray:
    bits = np.frombuffer(base64.b64decode(encoded), "<u8").astype(np.uint64)
    if not len(bits) or len(bits) & (len(bits) - 1):
        raise ValueError(f"{len(bits)} words of profiles are no power of two")
    return bits
