"""A fastText model trained from labelled text, and the calibration of its combination with other identifiers."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import fasttext

from pipelines.lid.calibrate import calibrate, profiles_of, samples
from pipelines.lid.labelled import Labelled, by_hash, read_labelled
from pipelines.lid.settings import OTHERS, UND_RATE, Split, Training
from pipelines.lid.train_text import examples
from pipelines.models import MODELS, get_model
from stages.errors import ConfigError
from stages.identify.calibration import Calibration
from stages.identify.codes import known_languages, same_language
from stages.identify.member import CLD2, Member, member_model

SMALLEST_MATRIX: Final = 33 << 20
"""Bytes of the vectors of n-grams. On one thread fastText 0.9 sets a tenth of them and leaves the rest as it finds the
memory: zeros where that is fresh from the system, as it always is above 32 MB (glibc's largest mmap threshold)."""

FEWEST_CHARACTERS: Final = 1000
"""Of the text of a language that is held out of training: some texts of 200 to measure on."""


@dataclass(frozen=True)
class Trained:
    """What `train` wrote."""

    model: Path
    calibration: Path
    codes: int
    documents: int
    held_out: tuple[str, ...]
    seconds: Mapping[str, float]


def member_path(name: str) -> str:
    """What `member_model` opens: `cld2`, a known model's file, or the path as it is."""
    return str(get_model(name)) if name in MODELS else name


def train(
    inputs: Sequence[str],
    output: str,
    *,
    fields: Mapping[str, str] | None = None,
    split: Split | None = None,
    training: Training | None = None,
    others: Sequence[str] = OTHERS,
    hold_out: int = 0,
    und_rate: float = UND_RATE,
) -> Trained:
    """Train a model on labelled text, and calibrate it together with `others`.

    Writes OUTPUT, a `.bin` file or, quantised, an `.ftz` file, and beside it the calibration, a `.json` file. With
    `hold_out` as many languages that no other member knows are left out, to measure how text in them becomes `und`.
    The same input and settings give the same bytes.
    """
    split, training = split or Split(), training or Training()
    path = _checked(output, training)
    clock = _Clock()
    members: dict[str, Member] = {name: member_model(member_path(name)).open() for name in others}
    found = read_labelled(inputs, fields or {}, split)
    held_out = held_out_codes(found, members, hold_out, split.seed)
    found = found.without(held_out)
    clock.lap("reading")
    _fit(found, training, split.seed, path)
    clock.lap("training")
    members[path.name] = member_model(str(path)).open()
    about = {
        "data": found.digest(),
        "split": asdict(split),
        "training": asdict(training),
        "codes": found.codes(),
        "held_out": list(held_out),
        "left_out": dict(sorted(found.left_out.items())),
    }
    calibration = _calibration(found, members, split.seed, und_rate, about, path.name)
    path.with_suffix(".json").write_text(calibration.to_json(), "utf-8")
    clock.lap("calibrating")
    documents = len(found.parts["train"])
    return Trained(path, path.with_suffix(".json"), len(about["codes"]), documents, held_out, clock.laps)


def calibrate_members(
    inputs: Sequence[str],
    *,
    fields: Mapping[str, str] | None = None,
    names: Sequence[str] = OTHERS,
    seed: int = 0,
    und_rate: float = UND_RATE,
) -> Calibration:
    """The calibration of members that are trained already, on all text of the inputs."""
    members: dict[str, Member] = {name: member_model(member_path(name)).open() for name in names}
    found = read_labelled(inputs, fields or {}, Split(seed=seed))
    everything = [document for documents in found.parts.values() for document in documents]
    about = {"codes": sorted(found.sizes()), "left_out": dict(sorted(found.left_out.items()))}
    given = samples(everything, seed)
    named = {name if name in (*MODELS, CLD2) else Path(name).name: member for name, member in members.items()}
    return calibrate(named, given, und_rate, about)


def _calibration(
    found: Labelled,
    members: Mapping[str, Member],
    seed: int,
    und_rate: float,
    about: Mapping[str, Any],
    trained: str,
) -> Calibration:
    """The calibration on the part of the text that is kept for it, with profiles of what a member was trained on."""
    profiles = profiles_of(found.parts["train"], seed)
    given = samples(found.parts["calibrate"], seed)
    if not given:
        raise ConfigError("no text is left to calibrate with: each language needs several documents, or lines")
    return calibrate(members, given, und_rate, about, profiles, (trained,))


def held_out_codes(found: Labelled, members: Mapping[str, Member], count: int, seed: int) -> tuple[str, ...]:
    """Languages with at least FEWEST_CHARACTERS that no member knows, by their own or their macrolanguage's code.

    Drawn by hash. One whose macrolanguage, or a member of it, is trained on is not unknown.
    """
    sizes = found.sizes()
    named = {name for member in members.values() for name in member.codes.names.to_pylist()}
    known = named | set(sizes)
    alone = [code for code in sizes if not any(same_language(code, other) for other in known - {code})]
    free = [code for code in alone if code not in named and _is_language(code) and sizes[code] >= FEWEST_CHARACTERS]
    if count > len(free):
        raise ConfigError(f"--hold-out {count}: only {len(free)} languages of the input are unknown to other members")
    return tuple(sorted(by_hash(free, str, seed)[:count]))


def _is_language(code: str) -> bool:
    """Whether a code is one of ISO 639-3, not of a group of languages as `ber_Latn`."""
    return code.partition("_")[0] in known_languages()


def _checked(output: str, training: Training) -> Path:
    path = Path(output)
    needed = SMALLEST_MATRIX // (4 * training.dimension) + 1
    if training.buckets < needed:
        raise ConfigError(
            f"--buckets {training.buckets}: of dimension {training.dimension} give at least {needed}, because fastText "
            "leaves part of a smaller matrix as it finds the memory"
        )
    if path.suffix not in (".bin", ".ftz"):
        raise ConfigError(f"--output {output}: give a file name that ends in .bin, or in .ftz for a quantised model")
    return output_path(output)


def output_path(output: str) -> Path:
    """The path of a file that is to be written; ConfigError where its folder is not there."""
    path = Path(output)
    if not path.parent.is_dir():
        raise ConfigError(f"--output {output}: there is no folder {path.parent}; make it first")
    return path


def _fit(found: Labelled, training: Training, seed: int, path: Path) -> None:
    chosen = examples(found.parts["train"], training.balance, seed)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "train.txt"
        with text.open("w", encoding="utf-8") as stream:
            stream.writelines(f"__label__{code} {' '.join(passage.split())}\n" for code, passage in chosen)
        model = _supervised(str(text), training, seed)
        if path.suffix == ".ftz":
            model.quantize(qnorm=True, thread=1, verbose=0)
        model.save_model(str(path))


def _supervised(text: str, training: Training, seed: int) -> Any:
    try:
        return fasttext.train_supervised(
            text,
            dim=training.dimension,
            minn=training.shortest_ngram,
            maxn=training.longest_ngram,
            bucket=training.buckets,
            epoch=training.epochs,
            lr=training.learning_rate,
            minCount=training.fewest_occurrences,
            loss="softmax",
            thread=1,
            seed=seed,
            verbose=0,
        )
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"fastText cannot train on this text: {error}; give more of it") from None


class _Clock:
    """Seconds of each part of the work."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, name: str) -> None:
        now = perf_counter()
        self.laps[name] = now - self._last
        self._last = now
