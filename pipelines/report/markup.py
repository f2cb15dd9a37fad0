"""HTML elements whose text is escaped unless it is markup already."""

import re
from functools import cache
from html import escape as escape_html

from pipelines.inspect import visible

VOID = frozenset({"input", "meta"})

_PLAIN = re.compile(r"[A-Za-z0-9 .,:;%/()=_+#-]*")
"""Most of what is on a page: nothing in it is escaped."""


class Html(str):
    """Markup; every other string is text."""

    __slots__ = ()


Child = str | int | None


def text(value: object) -> Html:
    """Escaped text; characters that would disturb the page are written out."""
    written = str(value)
    return Html(written) if _PLAIN.fullmatch(written) else Html(escape_html(visible(written)))


def element(tag: str, *children: Child, **attributes: str | float | None) -> Html:
    """An element; attribute names lose a trailing underscore, others become hyphens; None leaves one out."""
    written = tag
    for name, value in attributes.items():
        if value is not None:
            written += f' {_hyphened(name)}="{text(value)}"'
    if tag in VOID:
        return Html(f"<{written}>")
    return Html(f"<{written}>{join(*children)}</{tag}>")


@cache
def _hyphened(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def join(*children: Child) -> Html:
    """Children one after another; None is nothing."""
    return Html("".join([c if type(c) is Html else text(c) for c in children if c is not None]))
