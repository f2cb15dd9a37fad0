"""What identifiers have in common, so that they can be members of one combination."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import xxhash

from stages import resources
from stages.identify.cld2 import Cld2Model
from stages.identify.fasttext import FasttextModel
from stages.identify.fit import LabelCodes
from stages.identify.labels import label_table
from stages.identify.strings import Texts

CLD2: Final = "cld2"
"""The member that needs no file."""


class Member(Protocol):
    """An opened identifier."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def codes(self) -> LabelCodes:
        """What each label stands for."""

    def predict(self, texts: Texts, top_k: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the best labels, int32 (texts, at most top_k), -1 for none, and their scores, best first."""


def member_model(name: str) -> Cld2Model | FasttextModel:
    """The resource of a member: `cld2`, or the path or URI of a fastText model."""
    return Cld2Model() if name == CLD2 else FasttextModel(name)


def labels_digest(member: Member) -> str:
    """Hash of a member's labels: a calibration is for the model that has them."""
    return xxhash.xxh3_64_hexdigest("\n".join(sorted(member.labels)).encode())


def known_as(member: Member) -> str | None:
    """The name of a member that a calibration is shipped for."""
    names = {label.removeprefix("__label__") for label in member.labels}
    return next((name for name in ("lid.176", CLD2) if names == set(label_table(name))), None)


@dataclass(frozen=True)
class Bytes:
    """The content of a file as a resource."""

    uri: str

    def open(self) -> bytes:
        return resources.read_bytes(self.uri)

    def fingerprint(self) -> str:
        return resources.fingerprint(self.uri)
