"""Whole runs on the embedded sample: resumption, re-runs, determinism, failures, accounting."""

import gzip
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipelines.gc import collect
from pipelines.run import plan, run
from pipelines.steps import annotate
from pipelines.verify import verify

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart"
DATASETS = ("documents", "annotations", "clusters", "decisions", "corpus", "rejected", "tokenizer", "mixture")
WEB = {"inputs": [str(SAMPLE / "documents")], "engine": "inline", "quiet": True}


def contents(root: Path) -> dict[str, str]:
    """Digest of every public data file, by path."""
    files = [p for name in (*DATASETS, "instructions", "augmented", "bitext") for p in (root / name).rglob("*.*")]
    files.append(root / "ledger.parquet")
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(files) if p.is_file()
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished `web` run on the sample's documents; tests work on copies."""
    output = tmp_path_factory.mktemp("web")
    assert run("web", str(output), **WEB).status == 0
    return output


@pytest.fixture
def web_run(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def states(pipeline: str, output: Path, **options: object) -> dict[str, str]:
    return {step.name: step.state for step in plan(pipeline, str(output), inputs=WEB["inputs"], **options)}


def test_a_finished_run_verifies(finished: Path) -> None:
    assert verify(str(finished)) == []


def test_every_record_is_accounted_for(finished: Path) -> None:
    lines = sum(len(path.read_bytes().splitlines()) for path in (SAMPLE / "documents").glob("*.jsonl"))
    ledger = pq.read_table(finished / "ledger.parquet").to_pylist()
    flow = {
        name: sum(r["documents"] or 0 for r in ledger if (r["step"], r["flow"]) == ("ingest", name))
        for name in ("in", "kept", "rejected")
    }
    assert flow["in"] == lines
    assert flow["kept"] + flow["rejected"] == lines
    assert ds.dataset(finished / "documents").count_rows() == flow["kept"]
    assert ds.dataset(finished / "decisions").count_rows() == flow["kept"]


def test_a_second_run_has_nothing_to_do(web_run: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in web_run.rglob("*.parquet")}
    result = run("web", str(web_run), **WEB)
    assert (result.ran, result.status) == (0, 0)
    assert {path: path.stat().st_mtime_ns for path in web_run.rglob("*.parquet")} == before


def bound_file(folder: Path, code: str, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / f"{code}.toml").write_text(text)
    return str(folder)


def test_an_edited_bound_runs_that_language_only(web_run: Path, tmp_path: Path) -> None:
    edited = bound_file(tmp_path / "langs", "deu_Latn", '[bounds.word_count]\nmin = 5000\nwhy = "a test"\n')
    planned = {step.name: step for step in plan("web", str(web_run), inputs=WEB["inputs"], lang_configs=edited)}
    assert [name for name, step in planned.items() if step.state == "will run"] == ["decide"]
    assert [unit.label for unit in planned["decide"].pending] == ["deu_Latn"]
    assert planned["select"].state == "may run"

    before = contents(web_run)
    result = run("web", str(web_run), lang_configs=edited, **WEB)
    steps = {step["name"]: step["ran"] for step in json.loads((web_run / "run.json").read_text())["steps"]}
    assert (steps["ingest"], steps["annotate"], steps["cluster"], steps["decide"]) == (0, 0, 0, 1)
    assert result.ran == 1  # nothing of German is left to select
    assert not list(web_run.glob("corpus/language=deu_Latn/*"))
    after = contents(web_run)
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert all("deu_Latn" in path or path == "ledger.parquet" for path in changed)
    assert verify(str(web_run)) == []

    assert run("web", str(web_run), **WEB).ran == 0  # taking the edit back costs nothing
    assert contents(web_run) == before


def test_another_version_of_unicode_annotates_anew(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert states("web", str(finished))["annotate"] == "done"
    monkeypatch.setattr(annotate, "UNICODE_VERSION", annotate.UNICODE_VERSION + "+1")
    found = states("web", str(finished))
    assert (found["ingest"], found["annotate"]) == ("done", "will run")


def test_an_edited_list_annotates_that_language_only(web_run: Path, tmp_path: Path) -> None:
    before = contents(web_run)
    edited = bound_file(tmp_path / "langs", "deu_Latn", '[text]\nstop_words = ["und", "die"]\n')
    run("web", str(web_run), lang_configs=edited, **WEB)
    again = tmp_path / "scratch"
    run("web", str(again), lang_configs=edited, **WEB)
    assert contents(web_run) == contents(again)
    assert contents(web_run) != before


def test_a_new_input_file_is_the_only_one_read(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    names = sorted(path.name for path in (SAMPLE / "documents").glob("*.jsonl"))
    for name in names:
        # larger than what shares a unit with its neighbours
        text = (SAMPLE / "documents" / name).read_text("utf-8", "surrogateescape")
        (folder / name).write_text(
            text * (1 + (5 << 20) // max(len(text.encode("utf-8", "surrogateescape")), 1)), "utf-8", "surrogateescape"
        )
        break
    options = {**WEB, "inputs": [str(folder)], "sample": 20}
    run("web", str(tmp_path / "out"), **options)
    shutil.copy(folder / names[0], folder / "zz.jsonl")
    planned = {step.name: step for step in plan("web", str(tmp_path / "out"), inputs=options["inputs"], sample=20)}
    assert [unit.label for unit in planned["ingest"].pending] == ["zz.jsonl"]


def test_gc_removes_what_the_run_does_not_use(web_run: Path, tmp_path: Path) -> None:
    edited = bound_file(tmp_path / "langs", "deu_Latn", '[bounds.word_count]\nmin = 5000\nwhy = "a test"\n')
    run("web", str(web_run), lang_configs=edited, **WEB)
    assert collect(str(web_run)).files > 0
    assert collect(str(web_run)).files == 0
    assert verify(str(web_run)) == []
    assert run("web", str(web_run), lang_configs=edited, **WEB).ran == 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes, recorded"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:]), "checksum differs"),
        (lambda path: path.unlink(), "missing"),
        (lambda path: shutil.copy(path, path.with_name("extra.parquet")), "not part of the run"),
    ],
)
def test_verify_names_what_differs(web_run: Path, damage: object, message: str) -> None:
    path = next(iter(sorted(web_run.glob("decisions/*.parquet"))))
    damage(path)  # type: ignore[operator]
    problems = verify(str(web_run))
    assert any(message in problem for problem in problems)


@pytest.mark.parametrize("workers", [1, 2])
def test_ray_writes_the_same_bytes_as_the_inline_engine(
    ray_cluster: None, finished: Path, tmp_path: Path, workers: int
) -> None:
    result = run("web", str(tmp_path), **{**WEB, "engine": "ray", "workers": workers})
    assert result.status == 0
    assert contents(tmp_path) == contents(finished)


def test_a_killed_run_resumes_to_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    """Killed again and again, each time a little later, until one run comes to its end."""
    script = (
        "import sys; from pipelines.run import run; "
        f"run('web', sys.argv[1], inputs=[{WEB['inputs'][0]!r}], engine='inline', quiet=True)"
    )
    for seconds in (2.0, 3.0, 4.0, 5.0):
        child = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], start_new_session=True)
        time.sleep(seconds)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert run("web", str(tmp_path), **WEB).status == 0
    assert contents(tmp_path) == contents(finished)
    assert verify(str(tmp_path)) == []


def test_truncated_input_is_counted_and_its_prefix_kept(tmp_path: Path) -> None:
    whole = (SAMPLE / "documents").glob("*.jsonl").__next__().read_bytes()
    packed = gzip.compress(whole, mtime=0)
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    output = tmp_path / "out"
    result = run("web", str(output), **{**WEB, "inputs": [str(tmp_path / "cut.jsonl.gz")]})
    assert result.status == 1
    ledger = pq.read_table(output / "ledger.parquet").to_pylist()
    (lost,) = [row for row in ledger if row["flow"] == "quarantined"]
    assert lost["documents"] is None
    assert lost["bytes"] > 0
    assert sum(row["documents"] for row in ledger if (row["step"], row["flow"]) == ("ingest", "kept")) > 0
    assert verify(str(output)) == []


def test_selected_languages_only(tmp_path: Path) -> None:
    result = run("web", str(tmp_path), languages=["et", "deu_Latn"], **WEB)
    assert result.status == 0
    assert {path.name for path in tmp_path.glob("corpus/*")} <= {"language=ekk_Latn", "language=deu_Latn"}
    assert verify(str(tmp_path)) == []
