"""Invisible characters: noise is removed; joiners, word breaks and tags stay where scripts and emoji need them."""

import re

import regex

_NOISE = re.compile(
    "["
    "\u00ad"  # soft hyphen
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction marks, embeddings, overrides, isolates
    "\u2060-\u2065\u206a-\u206f"  # word joiner, invisible operators, deprecated formats
    "\ufeff\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff"  # byte order mark, annotations, noncharacters
    "\U000e0000-\U000e001f"
    "]"
)
_PLACED = re.compile("[\u200b-\u200d\U000e0020-\U000e007f]")


def is_invisible(character: str) -> bool:
    """Whether `remove_invisible` looks at the character at all."""
    return _NOISE.match(character) is not None or _PLACED.match(character) is not None


_JOINING = (
    r"\u0640\p{Arab}\p{Syrc}\p{Mong}\p{Nkoo}\p{Mand}\p{Adlm}\p{Rohg}\p{Phag}"  # letters that join
    r"\p{Deva}\p{Beng}\p{Guru}\p{Gujr}\p{Orya}\p{Taml}\p{Telu}\p{Knda}\p{Mlym}\p{Sinh}"  # conjuncts, chillus
    r"\p{Khmr}\p{Mymr}\p{Tibt}\p{Java}\p{Bali}\p{Sund}\p{Cham}\p{Lana}\p{Newa}\p{Tirh}\p{Cakm}\p{Mtei}\p{Sylo}\p{Gran}"
)
_WITHOUT_SPACES = r"\p{Khmr}\p{Thai}\p{Laoo}\p{Mymr}\p{Tibt}\p{Lana}\p{Tavt}\p{Talu}\p{Tale}\p{Java}\p{Bali}"

AFTER_JOINING = rf"(?:(?![\p{{P}}\p{{N}}\p{{S}}])[{_JOINING}])"
"""What a joiner may follow: a letter or mark of a joining script."""
BETWEEN_UNSPACED = f"[{_WITHOUT_SPACES}]"
"""What a word break may stand between."""
NOISE_PATTERN = _NOISE.pattern

_MISPLACED = regex.compile(
    # a joiner needs a letter or mark of a joining script before it (ZWJ also an emoji, with another one after it)
    rf"(?<!{AFTER_JOINING}\p{{Mn}}{{0,4}})\u200c"
    rf"|(?<!{AFTER_JOINING}\p{{Mn}}{{0,4}})"
    r"(?<!\p{Extended_Pictographic}[\ufe0f\U0001f3fb-\U0001f3ff]?(?=\u200d\p{Extended_Pictographic}))\u200d"
    # a word break needs a script without spaces on both sides
    rf"|(?<!{BETWEEN_UNSPACED}\p{{Mn}}{{0,4}})\u200b|\u200b(?!{BETWEEN_UNSPACED})"
    # tags spell the flags of England, Scotland and Wales after a black flag
    r"|(?<!\U0001f3f4[\U000e0020-\U000e007f]{0,8})[\U000e0020-\U000e007f]"
)


def remove_invisible(text: str) -> str:
    """The text without invisible characters that mean nothing where they stand.

    Kept: ZWNJ and ZWJ after letters of scripts that join or form conjuncts (Persian می‌خواهم, Sinhala ශ්‍රී), ZWJ
    between emoji, zero-width spaces between letters of scripts without spaces (Khmer, Thai, Myanmar), variation
    selectors, the Mongolian vowel separator, flags. Bidirectional formatting goes: it changes display only.
    """
    if text.isascii():
        return text
    text = _NOISE.sub("", text)
    while _PLACED.search(text):
        cleaned = _PLACED.sub(_if_in_place, text)
        if cleaned == text:
            break
        text = cleaned
    return text


def _if_in_place(found: re.Match[str]) -> str:
    return "" if _MISPLACED.match(found.string, found.start()) else found[0]
