"""HTML to text: trafilatura, resiliparse, or both."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from lxml.etree import LxmlError
from resiliparse.extract.html2text import extract_plain_text

from stages.ingest.charset import decode
from stages.ingest.time_limit import OutOfTime, time_limit
from stages.registry import stage

Method = Literal["combined", "trafilatura", "trafilatura_fast", "resiliparse"]


@dataclass(frozen=True, kw_only=True)
class Extract:
    """Options of `ingest.extract`.

    `page_time_limit_s` is processor time, so that a busy machine changes no result; it stops Python code, not a single
    call into a C library, which `max_html_bytes` keeps short instead. It holds in the main thread of a process, where
    the engines run their tasks, and nowhere else. A text below `min_characters` counts as nothing found, and
    resiliparse is asked for one.
    """

    method: Method = "combined"
    page_time_limit_s: float = 20.0
    max_html_bytes: int = 10_000_000
    min_characters: int = 25
    tables: bool = True

    def __post_init__(self) -> None:
        if self.page_time_limit_s <= 0:
            raise ValueError("page_time_limit_s must be above 0")


class ExtractionFailed(Exception):
    """No text came out of a page; `kind` is `timed_out`, `page_too_large`, `bad_html` or `no_text`."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


COVERAGE = 0.5
"""Share of resiliparse's text below which the fast extraction is doubted; 0.4 to 0.6 differ by less than .001 F1."""

SHORT = 3000
"""Characters from which on the fast extraction is not doubted."""


@stage("ingest.extract", kind="ingest", config=Extract)
def extract(html: bytes, config: Extract, content_type: str | None = None) -> str:
    """Text of a page's main content, without navigation and boilerplate.

    `combined` is trafilatura's fast mode in favour of recall; where that finds less than half of what resiliparse
    finds, the page is no plain article, and trafilatura compares all its algorithms. Measured with
    `infra/benchmarks/extraction.py` on 339 gold pages: F1 .926 at 67 pages per second and core; trafilatura .926 at
    52, its fast mode .924 at 88, resiliparse .850 at 473. The thresholds were chosen on the same pages.
    """
    return extract_text(html, content_type, config)


def extract_text(html: bytes, content_type: str | None, config: Extract) -> str:
    """The text of a page; raises `ExtractionFailed` where there is none."""
    if len(html) > config.max_html_bytes:
        raise ExtractionFailed("page_too_large", f"{len(html)} bytes of HTML, {config.max_html_bytes} are allowed")
    page, _ = decode(html, content_type)
    page = page.replace("\0", "")
    _trafilatura_library()  # its import is no page's time
    try:
        with time_limit(config.page_time_limit_s):
            text = _METHODS[config.method](page, config)
            if len(text) < config.min_characters:
                text = max(text, _resiliparse(page, config), key=len)
    except OutOfTime:
        raise ExtractionFailed("timed_out", f"extraction took more than {config.page_time_limit_s:g} s") from None
    except (ValueError, LxmlError, RecursionError, AttributeError, TypeError, LookupError) as error:
        # what the extraction libraries raise on pages beyond their imagination
        raise ExtractionFailed("bad_html", f"{type(error).__name__}: {str(error)[:150]}") from None
    if not text.strip():
        raise ExtractionFailed("no_text", "no main content in the page")
    return text


def _resiliparse(page: str, config: Extract) -> str:
    return str(extract_plain_text(page, main_content=True, alt_texts=False, preserve_formatting=True)).strip()


@cache
def _trafilatura_library() -> tuple[Any, Any]:
    """The function and its settings; many inputs hold no page, and its import takes a fifth of a worker's start."""
    from trafilatura import extract
    from trafilatura.settings import use_config

    settings = use_config()
    settings.set("DEFAULT", "EXTRACTION_TIMEOUT", "0")  # its own limit needs a signal too
    return extract, settings


def _trafilatura(page: str, config: Extract) -> str:
    extract, settings = _trafilatura_library()
    return str(
        extract(page, include_comments=False, deduplicate=False, include_tables=config.tables, config=settings) or ""
    )


def _trafilatura_fast(page: str, config: Extract) -> str:
    extract, settings = _trafilatura_library()
    return str(
        extract(
            page,
            fast=True,
            favor_recall=True,
            include_comments=False,
            deduplicate=False,
            include_tables=config.tables,
            config=settings,
        )
        or ""
    )


def _combined(page: str, config: Extract) -> str:
    text = _trafilatura_fast(page, config)
    if len(text) >= SHORT or len(text) >= COVERAGE * len(_resiliparse(page, config)):
        return text
    return _trafilatura(page, config)


_METHODS = {
    "combined": _combined,
    "trafilatura": _trafilatura,
    "trafilatura_fast": _trafilatura_fast,
    "resiliparse": _resiliparse,
}
