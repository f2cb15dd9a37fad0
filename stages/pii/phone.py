"""Phone numbers that say that they are: international, North American form, or after a word for telephone."""

import re
import sys
from collections.abc import Iterator
from typing import Final

CANDIDATE: Final = re.compile(r"[0-9](?:[ \u00a0().\-/\u2010\u2011]{0,3}[0-9]){6,14}(?![\w%])")
"""Seven to fifteen digits with the separators of phone numbers between them."""

OPENING: Final = re.compile(r"(?:\+[ ]?)?\(?\Z")
"""What belongs to a number before its first digit."""

INTERNATIONAL: Final = re.compile(r"\+[ ]?\(?[1-9]|00[1-9][0-9]{0,2}[ .\-/]")
AMERICAN: Final = re.compile(r"(?:\([0-9]{3}\) ?|[0-9]{3}[-.])[0-9]{3}[-.][0-9]{4}")
LABELS: Final = (
    *("tel", "phone", "telephone", "fax", "faks", "mobile", "mobil", "cell", "whatsapp", "telefon", "telefono"),
    *("teléfono", "telefone", "téléphone", "puhelin", "simu", "điện thoại", "тел", "телефон", "факс", "τηλ"),
)
"""Words for telephone that a number may follow."""
LABELS_ANYWHERE: Final = (*"☎📞📱☏", "电话", "電話", "传真", "전화", "โทร", "هاتف", "تلفن", "फ़ोन", "फोन")
"""The same, also within a word."""
AFTER_LABEL: Final = r"[.:：\s\ufe0f]"
LABEL: Final = re.compile(
    rf"(?:\b(?:{'|'.join(LABELS)})|{'|'.join(LABELS_ANYWHERE)}){AFTER_LABEL}{{0,4}}$", re.IGNORECASE
)
DATE: Final = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}([-./])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-./])[0-9]{1,2}\2(?:19|20)[0-9]{2})"
)
"""A number that holds a date is no phone number."""


def find_phones(text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[tuple[int, int]]:
    """Character ranges of phone numbers with 7 to 15 digits; bare digits, dates and ISBNs are left out.

    Their digits and the character that follows lie between `start` and `end`.
    """
    for match in CANDIDATE.finditer(text, start, end):
        first, stop = match.span()
        opening = OPENING.search(text[max(0, first - 3) : first])
        first -= len(opening.group()) if opening else 0
        number = text[first:stop]
        if text[max(0, first - 1) : first].isalnum() or DATE.search(number):
            continue
        if _says_phone(number, text[max(0, first - 20) : first]):
            yield first, stop


def _says_phone(number: str, before: str) -> bool:
    if INTERNATIONAL.match(number):
        return not before.endswith(("+", "-", ".", "=", "_"))
    if AMERICAN.fullmatch(number) and not before.endswith(("-", ".", "/", "+")):
        return True
    return LABEL.search(before) is not None
