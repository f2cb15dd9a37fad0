"""International bank account numbers, by country length and checksum."""

import re
import sys
from collections.abc import Iterator
from typing import Final

START: Final = re.compile(r"[A-Z]{2}[0-9]{2}(?=[ \u00a0]?[A-Z0-9]{4})")
LENGTHS: Final = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI FK FO GL NL SD",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU MN XK",
        "21": "CH CR HR LI LV",
        "22": "BG BH DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM SO TL",
        "24": "AD CZ DZ ES MD PK RO SA SE SK TN VG",
        "25": "LY PT ST",
        "26": "IS TR",
        "27": "BF BI BJ CG CM DJ FR GA GR IT MC MG MR NI SM TD TG",
        "28": "AL AZ BY CI CY DO GT HN HU LB LC MA ML NE PL SN SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU YE",
        "31": "MT SC",
        "33": "RU",
    }.items()
    for country in countries.split()
}
"""Characters of an IBAN by country: SWIFT IBAN registry and the partial list of non-registered countries."""


def find_ibans(text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[tuple[int, int]]:
    """Character ranges of valid IBANs, written together or in groups; their first nine lie within `start` and `end`."""
    for match in START.finditer(text, start, end):
        if text[max(0, match.start() - 1) : match.start()].isalnum():
            continue
        stop = _end(text, match.start(), LENGTHS.get(match.group()[:2], 0))
        if stop and is_iban(re.sub(r"\s", "", text[match.start() : stop])):
            yield match.start(), stop


def _end(text: str, start: int, length: int) -> int:
    """Where `length` characters end, single spaces left out; 0 if the number does not end there."""
    place, seen = start, 0
    while place < len(text) and seen < length:
        character = text[place]
        if "A" <= character <= "Z" or "0" <= character <= "9":
            seen += 1
        elif character not in " \u00a0" or text[place - 1] in " \u00a0":
            return 0
        place += 1
    ended = place == len(text) or not text[place].isalnum()
    return place if length and seen == length and ended else 0


def is_iban(compact: str) -> bool:
    """Checksum of ISO 13616: letters as numbers, the first four characters last, modulo 97 is 1."""
    digits = "".join(str(int(character, 36)) for character in compact[4:] + compact[:4])
    return int(digits) % 97 == 1
