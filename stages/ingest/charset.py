"""Bytes to text: what the bytes are goes before what header and page claim, so that a lying label does no harm."""

import codecs
import re
from collections.abc import Callable, Iterator
from itertools import chain

from charset_normalizer import from_bytes
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

HEAD = 4096
"""Bytes of a page in which its charset declaration is looked for (HTML requires it in the first 1,024)."""

SAMPLE = 1 << 16
"""Bytes given to the detectors."""

IMPLAUSIBLE = 0.1
"""Share of oddities among the characters beyond ASCII from which on a decoded text counts as mojibake."""

_MARKS = [
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_WIDER = {"gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs", "iso8859-11": "cp874"}

_ODD = [
    re.compile(r"[\ufffd\x80-\x84\x86-\x9f]"),  # undecodable, and the controls that a wrong single-byte charset leaves
    re.compile(r"[¡-ª¬-º¼-\u024f]{4,}"),  # other scripts read as Latin: "Ïðèâåò"
    re.compile(r"(?<=[a-z])[¡-¨¬-³µ-¹»-¿](?=[a-z])"),  # Latin-2 read as Latin-1: "by³o"
    re.compile(r"(?<=[Ѐ-ӿ])[¤-§©¬-±µ-·†‡‰€™‚„](?=[Ѐ-ӿ])"),  # East Asian and Thai bytes read as cp1251: "ЖьЛЬём¤О"
    re.compile(r"[A-Za-z][\u0370-\u1fff](?=[a-z])"),  # Latin read as another script: "ноч" for "öö" inside a word
    re.compile(r"[а-яѐ-џα-ω][А-ЯЀ-Џ]"),  # KOI8 read as cp1251: the case is turned round
]


def decode(data: bytes, content_type: str | None = None) -> tuple[str, str]:
    """The text and the charset it was decoded with.

    In this order: byte order mark; UTF-16 without one; UTF-8 where the bytes are UTF-8 (with at most a few broken
    sequences), which text of another charset practically never is; the charset that the HTTP header claims, then the
    page's; detection by uchardet, then by charset-normalizer. A charset is refused where what it gives looks like
    mojibake; if all are, the least odd is taken. Bytes that fit nowhere become U+FFFD.
    """
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(charset, "replace"), charset
    wide = _utf16(data)
    if wide:
        return data.decode(wide, "replace"), wide
    names = claimed(data, content_type)
    if b"\x1b$" in data or b"\x1b(" in data:
        for charset in [*names, *(["iso2022_jp"] if b"\x1b$B" in data else [])]:
            if charset.startswith("iso2022"):
                return data.decode(charset, "replace"), charset
    text = data.decode("utf-8", "replace")
    if _is_utf8(text):
        return text, "utf-8"
    return _most_plausible(data, [name for name in names if name != "utf-8"])


def claimed(data: bytes, content_type: str | None) -> list[str]:
    """Charsets named by the HTTP header and by the page, as the codecs that browsers use for those names."""
    names = []
    if content_type and (match := _HEADER.search(content_type)):
        names.append(match[1])
    for pattern in (_META, _XML):
        if found := pattern.search(data[:HEAD]):
            names.append(found[1].decode("ascii"))
    return list(dict.fromkeys(codec for name in names if (codec := _codec(name))))


def _codec(name: str) -> str | None:
    """The codec for a label, or None where Python has none for text under it."""
    known = str(map_encoding_to_html5(name, False) or name)
    try:
        found = codecs.lookup(_WIDER.get(known, known)).name
        b"".decode(found)
    except (LookupError, ValueError):
        return None
    return found


def _utf16(data: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Latin text is zero."""
    head = data[:1024]
    if head.count(0) * 4 < len(head) or len(head) < 8:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) * 8 > max(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _is_utf8(text: str) -> bool:
    broken = text.count("\ufffd")
    return broken == 0 or broken * 5 < len(re.findall(r"[^\x00-\x7f]", text)) or _cut_short(text, broken)


def _cut_short(text: str, broken: int) -> bool:
    """Whether only the last character is broken, as where a page was cut off."""
    return broken == 1 and text.endswith("\ufffd") and len(re.findall(r"[^\x00-\x7f]", text)) > 1


def _most_plausible(data: bytes, names: list[str]) -> tuple[str, str]:
    """The first of claimed and detected charsets that gives no mojibake, else the one that gives the least."""
    tried: list[tuple[float, str, str]] = []
    for charset in chain(names, _detected(data)):
        text = data.decode(charset, "replace")
        odd = oddity(text)
        if odd <= IMPLAUSIBLE:
            return text, charset
        tried.append((odd, charset, text))
    _, charset, text = min(tried, key=lambda entry: entry[0])
    return text, charset


def oddity(text: str) -> float:
    """Share of characters beyond ASCII that decoding with a wrong charset explains best, in [0, 1]."""
    beyond = len(re.findall(r"[^\x00-\x7f]", text))
    odd = sum(len(match) for pattern in _ODD for match in pattern.findall(text))
    return min(odd / beyond, 1.0) if beyond else 0.0


def _detected(data: bytes) -> Iterator[str]:
    """What two detectors make of the bytes around the first beyond ASCII, then cp1252."""
    first = re.search(rb"[\x80-\xff]", data)
    sample = data[max(first.start() - 256, 0) if first else 0 :][:SAMPLE]
    detect: Callable[..., str | None] = detect_encoding
    yield from _usable(detect(sample, SAMPLE, False))
    best = from_bytes(sample[: SAMPLE >> 2]).best()
    yield from _usable(best.encoding if best else None)
    yield "cp1252"


def _usable(name: str | None) -> list[str]:
    found = _codec(name) if name else None
    return [found] if found and found not in ("utf-8", "ascii") else []
