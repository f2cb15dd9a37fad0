"""CLD2, Google's n-gram identifier of web pages, as a member of a combination."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

import numpy as np
import pycld2

from stages.identify.fit import LabelCodes, label_codes
from stages.identify.labels import label_table
from stages.identify.strings import Texts

LOOKED_AT: Final = 4096
"""Bytes of the beginning of a text that CLD2 sees: it reads 11 MB/s, and more text changes its answer rarely."""

MOST_LABELS: Final = 3

USUAL_SCORE: Final = 1000.0
"""About what CLD2 scores 1 kB of a language that it knows, or calls a script that one language has."""

_UNSURE: Final = 0.5
"""Judgement: what remains of the score of an answer that CLD2 itself calls unreliable."""

_CONTROLS: Final = bytes(32 if (byte < 32 and byte not in b"\t\n\r") or byte == 127 else byte for byte in range(256))
_NO_CHARACTERS: Final = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_REFUSED: Final = re.compile(f"[\x7f-\x9f\ufdd0-\ufdef{_NO_CHARACTERS}]")


@dataclass(frozen=True)
class Cld2:
    """The identifier; it holds no state, so that threads may share it."""

    labels: tuple[str, ...] = field(default_factory=lambda: tuple(label_table("cld2")))
    codes: LabelCodes = field(default_factory=lambda: label_codes(list(label_table("cld2").values())))

    def predict(self, texts: Texts, top_k: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of at most three labels, int32 (texts, k), -1 for none, and their scores in [0, 1], best first.

        A score is the share of the text in the language, times how well the text fits it.
        """
        count, top_k = len(texts.starts), min(top_k, MOST_LABELS)
        labels, scores = np.full((count, top_k), -1, np.int32), np.zeros((count, top_k), np.float32)
        numbers = {label: number for number, label in enumerate(self.labels)}
        for row, (start, end) in enumerate(zip(texts.starts.tolist(), texts.ends.tolist(), strict=True)):
            found = _detect(texts.data[start : min(end, start + LOOKED_AT + 1)].tobytes())
            for place, (label, score) in enumerate(found[:top_k]):
                labels[row, place], scores[row, place] = numbers.get(label, -1), score
        return labels, scores


def _detect(text: bytes) -> Sequence[tuple[str, float]]:
    """CLD2's labels and scores, best first."""
    text = _beginning(text).translate(_CONTROLS)
    try:
        found = pycld2.detect(text, isPlainText=True, bestEffort=True)
    except pycld2.error:  # control characters above 0x7f, code points that are no characters
        clean = _REFUSED.sub(" ", text.decode("utf-8", "replace"))
        try:
            found = pycld2.detect(clean, isPlainText=True, bestEffort=True)
        except pycld2.error:
            return []
    reliable, _, details = found
    sure = 1.0 if reliable else _UNSURE
    scored = [
        (code, percent / 100 * sure * min(score / USUAL_SCORE, 1.0))
        for _, code, percent, score in details
        if percent > 0 and code != "un"
    ]
    return sorted(scored, key=lambda item: -item[1])


def _beginning(text: bytes) -> bytes:
    """The first bytes that CLD2 sees, up to a whole character."""
    if len(text) <= LOOKED_AT:
        return text
    end = LOOKED_AT
    while end > LOOKED_AT - 4 and text[end] & 0xC0 == 0x80:
        end -= 1
    return text[:end]


@dataclass(frozen=True)
class Cld2Model:
    """CLD2 as a resource of a stage; its tables are compiled into pycld2."""

    def open(self) -> Cld2:
        return Cld2()

    def fingerprint(self) -> str:
        """The version of pycld2."""
        return f"pycld2-{version('pycld2')}"
