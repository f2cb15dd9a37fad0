"""When an engine is opened and closed."""

from pathlib import Path
from threading import Event

import pytest

from pipelines.engine import opening as module
from pipelines.engine.inline import InlineEngine
from pipelines.engine.opening import Opening
from pipelines.run import run
from stages.errors import ConfigError


class Slow(InlineEngine):
    """Opens when it is let, and says when it is closed."""

    def __init__(self) -> None:
        self.let, self.closed = Event(), Event()

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    engine = Slow()

    def open_engine(name: str, workers: int | None) -> Slow:
        engine.let.wait()
        return engine

    monkeypatch.setattr(module, "open_engine", open_engine)
    return engine


def test_an_engine_is_closed_when_it_is_left(slow: Slow) -> None:
    slow.let.set()
    with Opening("inline") as opening:
        assert opening() is slow
        assert opening() is slow
        assert not slow.closed.is_set()
    assert slow.closed.is_set()


def test_an_engine_that_is_not_open_yet_keeps_nobody_waiting_and_is_closed_later(slow: Slow) -> None:
    with Opening("inline") as opening:
        opening.begin()
    assert not slow.closed.is_set()
    slow.let.set()
    assert slow.closed.wait(timeout=60)


def test_an_engine_may_be_closed_before_it_is_left(slow: Slow) -> None:
    slow.let.set()
    with Opening("inline") as opening:
        opening()
        opening.end()
        assert slow.closed.wait(timeout=60)


def test_why_an_engine_does_not_open_is_said_to_who_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, workers: int | None) -> InlineEngine:
        raise ConnectionError("no cluster there")

    monkeypatch.setattr(module, "open_engine", refuse)
    with Opening("inline") as opening:
        opening.begin()
        with pytest.raises(ConnectionError, match="no cluster there"):
            opening()


def test_a_run_that_has_nothing_to_do_opens_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = tmp_path / "text.jsonl"
    text.write_text('{"text": "See on lühike eestikeelne lause, mida keegi loeb."}\n', "utf-8")
    output = str(tmp_path / "out")
    assert run("web", output, inputs=[str(text)], engine="inline", quiet=True).ran > 0
    asked: list[str] = []
    monkeypatch.setattr(module, "open_engine", lambda name, workers: asked.append(name))
    assert run("web", output, inputs=[str(text)], engine="ray", quiet=True).ran == 0
    assert not asked


def test_a_new_run_opens_one_before_its_plan_is_made(tmp_path: Path, slow: Slow) -> None:
    slow.let.set()
    with pytest.raises(ConfigError, match="unknown pipeline"):
        run("wbe", str(tmp_path / "out"), engine="inline", quiet=True)
    assert slow.closed.wait(timeout=60)
