"""What the benchmarks read, how they time it and what they print."""

import gzip
import json
from collections.abc import Sequence
from io import StringIO
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from infra.benchmarks import environment, languages, ours, rivals, text_engine
from infra.benchmarks.documents import Document, grouped, read_documents, read_exchange, sampled, write_exchange
from infra.benchmarks.environment import Environment, Runnable, make_environment
from infra.benchmarks.measure import Timing, peak_bytes, timed
from stages.adapter.splitter import splitter

TEXTS = [
    Document("a", "The cat and the dog sat in the sun. It was warm.", "eng_Latn", "en"),
    Document("b", "今天天气很好。我们去公园吧！", "cmn_Hani", "zho_Hans"),
    Document("c", "कल मेल आया। मूल बात यह है।", "hin_Deva", "hin_Deva"),
    Document("d", "Another day, another line of text.", "eng_Latn", "en"),
]


def shown(renderable: Any) -> str:
    console = Console(width=200, record=True, file=StringIO())
    console.print(renderable)
    return console.export_text()


def test_documents_are_read_with_codes(tmp_path: Path) -> None:
    records = [
        {"id": "1", "text": "Tere!", "lang": "et"},
        {"id": "2", "text": "你好", "lang": "zho_Hans", "url": "https://example.org"},
        {"text": "broken \ud800 half", "lang": "mul_Zxxx"},
        {"id": "4", "text": "", "lang": "et"},
        {"id": "5", "text": None},
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "one.jsonl").write_text(lines, "utf-8")
    with gzip.open(tmp_path / "two.jsonl.gz", "wt", encoding="utf-8") as sink:
        sink.write(lines)
    found = read_documents([str(tmp_path)])
    assert [(d.id, d.language) for d in found[:3]] == [("1", "ekk_Latn"), ("2", "cmn_Hani"), ("one.jsonl:3", "mul")]
    assert found[2].text == "broken ? half"
    assert len(found) == 6
    assert read_exchange(write_exchange(found, tmp_path / "exchange")) == found


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(0, 10), (1000, 10), (50, 5), (30, 3), (10, 1)],
)
def test_samples_are_even(wanted: int, expected: int) -> None:
    documents = [Document(str(number), "x" * 10) for number in range(10)]
    found = sampled(documents, wanted)
    assert len(found) == expected
    gaps = {int(b.id) - int(a.id) for a, b in pairwise(found)}
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


def test_batches_are_of_one_language() -> None:
    found = [(batch.language.code, batch.rows.column("doc_id").to_pylist()) for batch in grouped(TEXTS)]
    assert found == [("cmn_Hani", ["b"]), ("eng_Latn", ["a", "d"]), ("hin_Deva", ["c"])]


def test_timing_is_the_median_after_warm_up(tmp_path: Path) -> None:
    calls: list[str] = []
    timing = timed(
        "signals",
        "tool",
        lambda: calls.append("run"),
        warm_up=lambda: calls.append("warm"),
        runs=3,
        documents=2,
        text_bytes=2_000_000,
    )
    assert calls == ["warm", "run", "run", "run"]
    assert 0 < timing.peak_bytes <= peak_bytes()
    timing.save(tmp_path / "timing.json")
    assert Timing.load(tmp_path / "timing.json") == timing


def test_speeds_follow_from_the_timing() -> None:
    timing = Timing(
        work="signals",
        tool="tool",
        documents=10,
        text_bytes=3_000_000,
        runs=1,
        seconds=2.0,
        wall_seconds=4.0,
        peak_bytes=1,
    )
    figures = timing.figures()
    assert (figures["mb_per_second"], figures["wall_mb_per_second"], figures["documents_per_second"]) == (1.5, 0.75, 5)


@pytest.mark.parametrize("work", ["signals", "minhash"])
def test_our_stages_are_timed(work: str, pipeline: str) -> None:
    timing = ours.measure(work, TEXTS, pipeline=pipeline, runs=1)
    assert (timing.work, timing.tool, timing.documents) == (work, "babelmill", 4)
    assert timing.text_bytes == sum(len(document.text.encode()) for document in TEXTS)
    assert timing.seconds > 0


def test_a_pipeline_without_identification_is_refused(pipeline: str) -> None:
    with pytest.raises(SystemExit, match=r"no identify\.fasttext"):
        ours.Identifier(pipeline)


def test_the_identification_stage_is_called_in_one_place() -> None:
    seen: list[Sequence[str]] = []
    step = SimpleNamespace(stage=SimpleNamespace(function=lambda texts, config, model: seen.append(texts)), config=None)
    ours.identified(step, pa.array(["a", "b"], pa.large_string()), {"model": None})  # type: ignore[arg-type]
    assert len(seen[0]) == 2


def test_the_table_has_a_row_for_each_tool() -> None:
    row = {"mb_per_second": 3.0, "documents_per_second": 7.0, "peak_bytes": 5 << 20, "note": ""}
    rows = [
        row | {"work": "signals", "tool": "babelmill, sample"},
        row | {"work": "signals", "tool": "datatrove", "ratio": 120.0, "ratio_same_text": 101.0},
    ]
    text = shown(text_engine.table(rows))
    assert "Gopher + FineWeb + C4 signals" in text
    assert "120.0" in text
    assert "101.0" in text


def test_refused_languages_are_listed_by_reason() -> None:
    refused = Runnable({}, {"bod_Tibt": "no network", "mul": "no tokenizer is assigned", "hin_Deva": "no network"})
    text = shown(text_engine.refused_table(refused, TEXTS))
    assert "bod_Tibt hin_Deva" in text
    assert "no tokenizer is assigned" in text


def test_one_language_is_repeated_until_it_is_long() -> None:
    some = languages.repeated(TEXTS[:2], 300)
    assert sum(document.text_bytes for document in some) >= 300
    assert len({document.id for document in some}) == len(some)
    assert set(languages.by_label(TEXTS)) == {"en", "zho_Hans", "hin_Deva"}


def test_slow_languages_are_reported() -> None:
    def nothing(batch: Any) -> None:
        return None

    speed = languages.measure(TEXTS[:1], "en", nothing, nothing, 1000)  # type: ignore[arg-type]
    assert speed.text_bytes >= 1000
    slow = languages.Speed("xx", "und", 1000, 2.0, 1.0, 0.7)
    assert languages.figures([slow, speed])["below"] == ["xx"]
    assert "0.70" in shown(languages.table([slow, speed], 20))


@pytest.mark.parametrize(
    ("code", "label", "expected"),
    [
        ("cmn_Hani", "zho_Hans", "cmn_Hani"),
        ("kor_Hang", "kor_Kore", "kor_Hang"),
        ("pes_Arab", "fas_Arab", "fas_Arab"),
        ("pes_Arab", "", None),
        ("mul", "mul_Zxxx", None),
    ],
)
def test_datatrove_names_of_languages(code: str, label: str, expected: str | None) -> None:
    assert rivals.tokenizer_name(code, label) == expected


def test_datatrove_decides_in_its_own_environment() -> None:
    texts = [rivals.Text("a", "Too short.", "eng_Latn", splitter()), rivals.Text("b", "", "eng_Latn", splitter())]  # type: ignore[arg-type]
    settings = {"eng_Latn": {"stop_words": ["the"], "terminators": ["."]}}
    first, empty = rivals.decide(texts, settings)
    assert first["reasons"]["gopher"] == "gopher_short_doc"
    assert empty["reasons"]["repetition"] == "empty"
    assert rivals.why_not(None, "") == "no tokenizer is assigned"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("A b", {"a b"}), ("", {""}), ("a b c d e F", {"a b c d e", "b c d e f"})],
)
def test_shingles_of_the_other_tools(text: str, expected: set[str]) -> None:
    assert rivals.shingles(text) == expected


@pytest.mark.parametrize(
    ("broken", "missing"), [((), ()), (("kiwipiepy<0.22.0",), ("kiwipiepy<0.22.0",)), (("gaoya==0.2.2",),) * 2]
)
def test_packages_that_cannot_be_installed_are_named(
    broken: tuple[str, ...], missing: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def install(python: Path, packages: Sequence[str]) -> str:
        asked.append(packages)
        return "no such package" if set(packages) & set(broken) else ""

    monkeypatch.setattr(environment, "_install", install)
    monkeypatch.setattr(environment.venv, "create", lambda home, **_: home.mkdir(parents=True))
    assert make_environment(tmp_path).missing == missing
    before = len(asked)
    assert make_environment(tmp_path).missing == missing
    assert len(asked) == before


def test_nothing_to_compare_with_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_install", lambda python, packages: "no index")
    monkeypatch.setattr(environment.venv, "create", lambda home, **_: home.mkdir(parents=True))
    with pytest.raises(SystemExit, match="cannot install datatrove"):
        make_environment(tmp_path)


def test_a_failed_call_shows_its_error(tmp_path: Path) -> None:
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\necho 'no module datatrove' >&2\nexit 1\n")
    failing.chmod(0o755)
    with pytest.raises(SystemExit, match="no module datatrove"):
        Environment(failing, ()).call("languages", {}, tmp_path / "result")
