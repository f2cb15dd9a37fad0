"""The frame of every page: its head, its sections and the links to them; no page loads anything."""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from pipelines.report.markup import Html, element


class Section(NamedTuple):
    """A part of a page; one whose body is None is left out."""

    name: str
    title: str
    lead: str | None
    body: Html | None


def page(title: str, top: Html, sections: Sequence[Section], data: str | None = None) -> str:
    """A whole page; `data` is the JSON that its script reads."""
    shown = [section for section in sections if section.body is not None]
    script = asset("script.js")
    links = (element("a", section.title, href=f"#{section.name}") for section in shown)
    body = element(
        "body",
        element("div", top, class_="top"),
        element("nav", *links, aria_label="Sections"),
        element("main", *map(_section, shown)),
        element("script", Html(data), type="application/json", id="signal-data") if data is not None else None,
        element("script", Html(script)),
    )
    return "<!doctype html>\n" + element("html", _head(title, script), body, lang="en")


def _section(section: Section) -> Html:
    return element(
        "section",
        element("h2", section.title, id=f"{section.name}-title"),
        element("p", section.lead, class_="lead") if section.lead else None,
        section.body,
        id=section.name,
        aria_labelledby=f"{section.name}-title",
    )


def _head(title: str, script: str) -> Html:
    # text of documents can never run as a script, whatever a browser makes of it
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(asset("style.css"))),
    )


@cache
def asset(name: str) -> str:
    return files("pipelines.report").joinpath(name).read_text("utf-8")
