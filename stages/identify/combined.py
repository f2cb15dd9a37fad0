"""Language of a document by several identifiers together."""

from dataclasses import dataclass, field

import pyarrow as pa

from stages import resources
from stages.columns import IDENTIFICATION
from stages.identify.calibration import from_json, shipped
from stages.identify.combine import Combination
from stages.identify.member import known_as, member_model
from stages.identify.strings import Strings, chunks
from stages.registry import stage


@dataclass(frozen=True)
class CombinationModel:
    """Members by name or path, and the file of their calibration; None for the one that is installed."""

    members: tuple[str, ...]
    calibration: str | None = None

    def open(self) -> Combination:
        members = [member_model(name).open() for name in self.members]
        if self.calibration is None:
            return Combination.of(members, shipped([known_as(member) for member in members]))
        return Combination.of(members, from_json(resources.read_bytes(self.calibration), self.calibration))

    def fingerprint(self) -> str:
        """Hash of every model and of the calibration."""
        prints = [member_model(name).fingerprint() for name in self.members]
        return "-".join([*prints, resources.fingerprint(self.calibration) if self.calibration else "installed"])


@dataclass(frozen=True, kw_only=True)
class IdentifyCombined:
    """Options of `identify.combined`."""

    # cld2, known names, paths or URIs of fastText models, in the order of the calibration
    members: tuple[str, ...] = field(default=("lid.176", "cld2"), metadata={"model": True})
    calibration: str | None = field(default=None, metadata={"path": True})  # of `lid train` or `lid calibrate`

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("members is empty; name at least one, as cld2")


@stage(
    "identify.combined",
    config=IdentifyCombined,
    kind="ingest",
    writes=IDENTIFICATION,
    resources=lambda config: {"model": CombinationModel(config.members, config.calibration)},
)
def identify_texts(texts: Strings, config: IdentifyCombined, model: Combination) -> pa.RecordBatch:
    """Name the language of each text by what several identifiers say, each as far as it can be believed.

    A member's scores are calibrated by length, and it has no voice about languages that it does not know. Languages
    must be written in a script of the text, as in `identify.fasttext`. Text without letters, and text that is likely
    in a language that no member knows, is `und` with score 0.0, and its runner-up is the best of the known ones.

    Writes:  language, language_score, language_second, language_second_score, script
    Source:  product of experts (Hinton 2002) with the weights of a conditional logit (McFadden 1974), here with what a
             member gives to all languages that it does not know as its evidence for each of them
    """
    parts = [model.identify(chunk) for chunk in chunks(texts)]
    if len(parts) == 1:
        return parts[0]
    return pa.concat_batches(parts) if parts else pa.RecordBatch.from_pylist([], schema=IDENTIFICATION)
