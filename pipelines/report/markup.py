"""HTML elements whose text is escaped unless it is markup already."""

from html import escape as escape_html

from pipelines.inspect import visible

VOID = frozenset({"input", "meta"})


class Html(str):
    """Markup; every other string is text."""

    __slots__ = ()


Child = str | int | None


def text(value: object) -> Html:
    """Escaped text; characters that would disturb the page are written out."""
    return Html(escape_html(visible(str(value))))


def element(tag: str, *children: Child, **attributes: str | float | None) -> Html:
    """An element; attribute names lose a trailing underscore, others become hyphens; None leaves one out."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in VOID:
        return Html(f"<{tag}{written}>")
    return Html(f"<{tag}{written}>{join(*children)}</{tag}>")


def join(*children: Child) -> Html:
    """Children one after another; None is nothing."""
    return Html("".join(c if isinstance(c, Html) else text(c) for c in children if c is not None))
