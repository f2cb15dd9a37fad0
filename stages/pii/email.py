"""E-mail addresses around each at sign."""

import sys
from collections.abc import Iterator
from typing import Final

import regex

# letters of scripts with spaces and an alphabet: in running Chinese or Thai an address has no word before it
_LETTERS: Final = r"\p{Latin}\p{Cyrillic}\p{Greek}\p{Armenian}\p{Georgian}"
LOCAL: Final = regex.compile(rf"(?r)[{_LETTERS}0-9._%+\-'&/=?~!#$*|{{}}^]{{1,64}}")
"""What ends where the at sign stands: matched backwards."""
DOMAIN: Final = regex.compile(
    rf"(?:[{_LETTERS}0-9](?:[{_LETTERS}0-9\-]{{0,61}}[{_LETTERS}0-9])?\.){{1,8}}"
    rf"(?:[{_LETTERS}]{{2,24}}|xn--[A-Za-z0-9\-]{{1,59}})(?![{_LETTERS}0-9])"
)
FILE_ENDINGS: Final = frozenset(("png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "scss", "pdf", "mp4"))
"""Names such as logo@2x.png are files."""


def find_emails(text: str, start: int = 0, end: int = sys.maxsize) -> Iterator[tuple[int, int]]:
    """Character ranges of addresses such as `name@example.org`, without surrounding quotes or brackets.

    The at signs between `start` and `end` are looked at.
    """
    at = text.find("@", start, end)
    while at >= 0:
        local = LOCAL.match(text, max(0, at - 64), at)
        domain = DOMAIN.match(text, at + 1) if local else None
        if local and domain:
            name = local.group().lstrip(".'/=?!#$*|{}&~^%-+")
            fine = name and not name.endswith(".") and ".." not in name
            if fine and domain.group().rpartition(".")[2].lower() not in FILE_ENDINGS:
                yield at - len(name), domain.end()
        at = text.find("@", at + 1, end)
