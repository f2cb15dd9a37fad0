"""Repair of text that was decoded with the wrong encoding, where a cheap look finds signs of it."""

import re
from typing import Final, NamedTuple

import ftfy
from ftfy.badness import BADNESS_RE, MOJIBAKE_CATEGORIES

_LATIN = ("latin-1", "cp1252", "cp1250", "cp1254", "cp1257", "iso8859-2")
"""Encodings in which one accented capital beside a symbol is rare enough to look closer."""

_OTHERS = {"mac-roman": 1, "cp437": 1, "cp1251": 2, "cp1253": 2}
"""Encodings whose pairs are looked for by the lead bytes of Latin, Greek and Cyrillic letters (U+0080 to U+047F) only,
and how many pairs in a row: in the last two the lead bytes are common capitals."""

_LEADS = b"\xc2\xc3\xce\xcf\xd0\xd1"
_PUNCTUATION = b"\xe2\x80"
"""UTF-8 of curly quotes, dashes and the ellipsis begins so."""


def repair_mojibake(text: str) -> str:
    """The text with lines such as `naÃ¯ve` repaired; the same object where nothing looks wrong.

    Lines are judged one by one: ftfy (3.5 MB/s) reads only lines that hold a UTF-8 sequence misread in a common
    8-bit encoding.
    """
    if text.isascii() or not _CANDIDATE.search(text):
        return text
    lines = text.split("\n")
    repaired = [repair_line(line) for line in lines]
    return text if repaired == lines else "\n".join(repaired)


def repair_line(line: str) -> str:
    """The line, repaired where it looks wrong and is better for it."""
    return repair_candidate(line) if not line.isascii() and _CANDIDATE.search(line) else line


def repair_candidate(line: str) -> str:
    """`repair_line` of a line that holds a sign of mojibake."""
    return ftfy.fix_encoding(line) if is_bad(line) else line


def is_bad(line: str) -> bool:
    """`ftfy.badness.is_bad`, which tries its 40 alternatives at every character, where one of them may match at all."""
    return any(
        BADNESS_RE.search(line, max(found.start() - _REACH, 0), found.end() + _REACH)
        for found in _SUSPICIOUS.finditer(line)
    )


class Pairs(NamedTuple):
    """Two character classes, and how many pairs of them in a row are a sign of mojibake."""

    first: str
    second: str
    times: int = 1


def _categories(*names: str) -> str:
    return "".join(MOJIBAKE_CATEGORIES[name] for name in names)


def _signs() -> tuple[Pairs, Pairs]:
    """Neighbours one of which each alternative of ftfy's has that has no character of `ALONE`.

    An accented small letter counts only beside something else: many languages have two in a row.
    """
    symbols = _categories("box", "start_punctuation", "end_punctuation", "currency", "numeric", "law", "bad")
    capitals, small = _categories("upper_accented"), _categories("lower_accented")
    common = _categories("lower_common", "upper_common")  # with `ВГРС`, `ΒΓΞΟ` and `β`
    others = _categories("kaomoji") + "\u00a0-ÿ" + "±∂†≠™≤≥"
    return (
        Pairs(f"[{symbols}{capitals}{small}{common}]", f"[{symbols}{capitals}°]"),
        Pairs(f"[{symbols}ВГРСΒΓΞΟ]", f"[{small}{others}]"),
    )


ALONE: Final = re.compile(f"[{_categories('c1')}ŒœÂÃÎÐØÙЂ]")
"""Characters that `is_bad` looks at whatever stands beside them."""
SIGNS: Final = _signs()
"""Neighbours that it looks at: a superset, with `ALONE`, of the places where ftfy sees mojibake."""
_SUSPICIOUS: Final = re.compile("|".join([ALONE.pattern, *(pair.first + pair.second for pair in SIGNS)]))
_REACH = 4
"""Characters before and after such a place that belong to the longest alternative, of seven, or are looked at by it."""


def _characters(encoding: str, encoded: bytes) -> str:
    """What the bytes are in an encoding, escaped for a character class; C1 controls where it has none."""
    return "".join(re.escape(bytes([byte]).decode(encoding, "ignore") or chr(byte)) for byte in encoded)


def _pairs() -> list[Pairs]:
    """What misread UTF-8 looks like in each group of encodings."""
    leads, continuations = bytes(range(0xC2, 0xF5)), bytes(range(0x80, 0xC0))
    first = "".join(_characters(encoding, leads) for encoding in _LATIN)
    second = "".join(_characters(encoding, continuations) for encoding in _LATIN)
    found = [Pairs(f"[{first}]", f"[{second}]")]
    for encoding, times in _OTHERS.items():
        lead, continuation = _characters(encoding, _LEADS), _characters(encoding, continuations)
        one, two = (_characters(encoding, bytes([byte])) for byte in _PUNCTUATION)
        found += [Pairs(f"[{lead}]", f"[{continuation}]", times), Pairs(f"[{one}]", f"[{two}]")]
    return found


PAIRS = _pairs()


def _candidate() -> re.Pattern[str]:
    """Any of the pairs; the expression begins with one class, because that is what `re` finds fast."""
    anything = "".join(pair.first[1:-1] for pair in PAIRS)
    endings = [f"(?<={p.first}){p.second}" + f"{p.first}{p.second}" * (p.times - 1) for p in PAIRS]
    return re.compile(f"[{anything}](?:{'|'.join(endings)})")


_CANDIDATE = _candidate()
