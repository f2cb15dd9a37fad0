"""Text in one form: NFC, one kind of line end, no control or stray invisible characters, no mojibake."""

import re
import unicodedata
from dataclasses import dataclass

from stages.normalize.invisible import remove_invisible
from stages.normalize.mojibake import repair_mojibake
from stages.registry import stage

_SURROGATES = re.compile("[\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n?|[\v\f\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LATE_CONTROLS = re.compile(r"[\x80-\x9f]")
_BLANK_LINES = re.compile(r"\n{4,}")
SOFT_HYPHEN = "\u00ad"


@dataclass(frozen=True, kw_only=True)
class NormalizeUnicode:
    """Options of `normalize.unicode`."""

    repair_mojibake: bool = True


@stage("normalize.unicode", config=NormalizeUnicode, kind="ingest")
def normalize_text(text: str, config: NormalizeUnicode) -> str:
    """Bring a text into the form in which it is stored, counted and hashed; the second time changes nothing.

    NFC; line ends as newlines; no control characters but newline and tab; surrogates joined, or U+FFFD where alone;
    invisible characters only where they mean something; mojibake repaired line by line; no spaces at line ends, at
    most two blank lines in a row, none at the beginning and end.

    Source:  Unicode Standard Annex 15 (NFC); ftfy (Speer 2019) for mojibake
    """
    if _SURROGATES.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    while config.repair_mojibake and SOFT_HYPHEN in text and (repaired := repair_mojibake(text)) is not text:
        text = repaired  # half of a pair, as in a misread í or Э; elsewhere it is invisible
    text = clean(text)
    if text.isascii():
        return trim(text)
    while config.repair_mojibake and (repaired := repair_mojibake(text)) is not text:
        text = clean(repaired)  # every repair joins characters, so this ends
    if has_late_control(text):
        # they are half of a mojibake pair, so they go last; without them a pair may show that was broken before
        return normalize_text(_LATE_CONTROLS.sub("", text.replace("\x85", "\n")), config)
    trimmed = trim(text)
    if config.repair_mojibake and trimmed != text and (repaired := repair_mojibake(trimmed)) is not trimmed:
        return normalize_text(repaired, config)  # a space at a line's end was half of a pair
    return trimmed


def has_late_control(text: str) -> bool:
    """Whether the text holds a control character above ASCII."""
    return _LATE_CONTROLS.search(text) is not None


def clean(text: str) -> str:
    """NFC without what no text needs; C1 controls stay, because mojibake is recognised by them."""
    text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    if text.isascii():
        return text
    text = remove_invisible(text)
    return text if unicodedata.is_normalized("NFC", text) else remove_invisible(unicodedata.normalize("NFC", text))


def trim(text: str) -> str:
    """No spaces at line ends, at most two blank lines in a row, no newline at the beginning and end."""
    text = "\n".join([line.rstrip() for line in text.split("\n")])
    return _BLANK_LINES.sub("\n\n\n", text.strip("\n"))
