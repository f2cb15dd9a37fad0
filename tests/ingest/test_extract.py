"""HTML to text: what is kept, what fails and how."""

import threading
import time

import pytest

from stages.ingest import extract as module
from stages.ingest.extract import Extract, ExtractionFailed, extract_text
from stages.ingest.time_limit import OutOfTime, time_limit

SENTENCES = [
    "Вода покрывает большую часть поверхности Земли и необходима всему живому.",
    "Реки несут её к морю, а солнце поднимает её снова к облакам над горами.",
    "Так круговорот воды соединяет океан, небо и сушу в одно большое целое.",
]
PAGE = f"""<!DOCTYPE html><html><head><title>Вода</title><script>var x = "скрипт";</script></head><body>
<nav><ul><li><a href="/">Главная</a></li><li><a href="/news">Новости</a></li></ul></nav>
<article><h1>Вода</h1>{"".join(f"<p>{sentence * 2}</p>" for sentence in SENTENCES)}</article>
<footer><p>Все права защищены</p></footer></body></html>"""

METHODS = ["combined", "trafilatura", "trafilatura_fast", "resiliparse"]


@pytest.mark.parametrize("charset", ["utf-8", "cp1251"])
@pytest.mark.parametrize("method", METHODS)
def test_main_text_without_boilerplate(method: str, charset: str) -> None:
    text = extract_text(PAGE.encode(charset), "text/html; charset=iso-8859-1", Extract(method=method))
    assert all(sentence in text for sentence in SENTENCES)
    assert "скрипт" not in text
    assert "Новости" not in text


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("html", "kind"),
    [
        (b"", "no_text"),
        (b"<html></html>", "no_text"),
        (b"<script>only()</script>", "no_text"),
        (b"\0\0\0", "no_text"),
        (b"<p>" + b"x" * 2000, "page_too_large"),
    ],
)
def test_failures(html: bytes, kind: str, method: str) -> None:
    with pytest.raises(ExtractionFailed) as failure:
        extract_text(html, None, Extract(method=method, max_html_bytes=2000))
    assert failure.value.kind == kind


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("html", [b"<div>" * 5000 + b"deep" * 10, b"<" * 5000, b"&#0;&#xD800;<p>" + b"word " * 20])
def test_pages_from_hell_give_text_or_a_counted_failure(html: bytes, method: str) -> None:
    kind = "text"
    try:
        extract_text(html, None, Extract(method=method)).encode()
    except ExtractionFailed as failure:
        kind = failure.kind
    assert kind in ("text", "no_text", "bad_html")


def test_a_short_text_is_found_by_the_fallback() -> None:
    assert "Kaks sõna" in extract_text("<html><body><div>Kaks sõna, ja veel neli sõna</div>".encode(), None, Extract())


def test_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(page: str, config: Extract) -> str:
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue

    monkeypatch.setitem(module._METHODS, "resiliparse", endless)
    started = time.process_time()
    with pytest.raises(ExtractionFailed, match=r"more than 0\.1 s") as failure:
        extract_text(b"<p>x", None, Extract(method="resiliparse", page_time_limit_s=0.1))
    assert failure.value.kind == "timed_out"
    assert time.process_time() - started < 5


def test_no_limit_is_left_behind_and_other_threads_have_none() -> None:
    with time_limit(0.05):
        pass
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass

    caught: list[BaseException] = []

    def work() -> None:
        try:
            with time_limit(0.01):
                sum(range(1_000_000))
        except OutOfTime as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught == []


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Extract(page_time_limit_s=0)
