"""A unit that fails: the ledger balances, the others go on, the next run makes it good."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.run import run
from pipelines.steps import annotate, cluster, decide, ingest, select, tokenizer
from pipelines.steps.mix import emit, part, shares, solve
from pipelines.verify import verify
from stages.errors import ConfigError, ShardError
from tests.files import digests

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart" / "documents"
FILES = ("deu", "ekk", "rus", "fra", "duplicates", "near_duplicates", "spam")
TASKS = {
    "ingest": ingest.IngestTask,
    "annotate": annotate.AnnotateTask,
    "cluster.keys": cluster.KeysTask,
    "cluster.link": cluster.LinkTask,
    "cluster.join": cluster.JoinTask,
    "cluster": cluster.ClusterTask,
    "decide": decide.DecideTask,
    "select": select.SelectTask,
    "tokenizer.bpe.sums": tokenizer.SumsTask,
    "tokenizer.bpe.limits": tokenizer.LimitsTask,
    "tokenizer.bpe.sample": tokenizer.SampleTask,
    "tokenizer.bpe": tokenizer.TrainTask,
    "tokenizer.bpe.count": tokenizer.CountTask,
    "tokenizer.bpe.stats": tokenizer.StatsTask,
    "mix.pretrain.solve": solve.SolveTask,
    "mix.pretrain.emit": emit.EmitTask,
    "mix.pretrain": part.PartTask,
    "mix.pretrain.shares": shares.SharesTask,
}


@pytest.fixture(scope="module", autouse=True)
def _small_shards() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipelines.run._write_report", lambda *_: None)  # nothing here looks at it
        patch.setattr(ingest, "SMALL_FILE", 1)  # every file is a unit of its own
        yield


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("input")
    for name in FILES:
        shutil.copy(SAMPLE / f"{name}.jsonl", folder)
    return {"inputs": [str(folder)], "settings": ["bpe.vocab_size=600"], "engine": "inline", "quiet": True}


@pytest.fixture(scope="module")
def finished(options: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("pretrain")
    assert run("pretrain", str(output), **options).status == 0
    return output


def forget(root: Path, step: str) -> None:
    """Take back the commits of a step and of those behind it."""
    names = list(TASKS)
    for name in names[names.index(step) :]:
        shutil.rmtree(root / ".babelmill" / "commits" / name, ignore_errors=True)


CONSEQUENCES = ("cluster.join", "tokenizer.bpe.limits", "mix.pretrain.solve")
EVERY = ("ingest", "annotate", "cluster.keys", "decide", "select", "tokenizer.bpe.count")


@pytest.mark.parametrize(("step", "every"), [*((step, False) for step in TASKS), *((step, True) for step in EVERY)])
def test_a_failing_step(
    finished: Path, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, every: bool
) -> None:
    output = Path(shutil.copytree(finished, tmp_path / "run"))
    forget(output, step)
    task, calls = TASKS[step], []
    original = task.__call__

    def failing(self: Any, space: Any) -> Any:
        calls.append(self)
        if every or len(calls) == 1:
            raise ShardError("it [/is] broken")
        return original(self, space)

    with monkeypatch.context() as patch:
        patch.setattr(task, "__call__", failing)
        result = run("pretrain", str(output), **options)
    assert result.status == 1
    assert (step, "it [/is] broken") in {(failure.step, failure.error) for failure in result.quarantined}
    if not every:
        # what cannot be done without the failed unit says so by its own name
        assert {failure.step for failure in result.quarantined} <= {step, *CONSEQUENCES}
    assert verify(str(output)) == []
    quarantined = json.loads((output / "run.json").read_text())["quarantined"]
    assert len(quarantined) == len(result.quarantined)
    counted = ("annotate", "cluster.keys", "cluster.link", "cluster.join", "cluster", "decide", "select")
    if step in (*counted, "mix.pretrain.emit", "mix.pretrain"):
        ledger = pq.read_table(output / "ledger.parquet").to_pylist()
        lost = sum(row["documents"] for row in ledger if row["flow"] == "quarantined")
        assert lost > 0

    assert run("pretrain", str(output), **options).status == 0
    assert digests(output) == digests(finished)
    assert verify(str(output)) == []


def test_input_that_cannot_be_read_at_all(options: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(options["inputs"][0], folder)
    (folder / "zz.parquet").write_bytes(b"PAR1 and nothing else")
    result = run("web", str(tmp_path / "out"), inputs=[str(folder)], engine="inline", quiet=True)
    assert result.status == 1
    assert verify(str(tmp_path / "out")) == []


def test_a_wrong_configuration_found_late_keeps_what_was_done(
    finished: Path, options: dict[str, Any], tmp_path: Path
) -> None:
    """An infeasible budget is known once tokens are counted."""
    output = Path(shutil.copytree(finished, tmp_path / "run"))
    pipeline = tmp_path / "much.toml"
    text = (SAMPLE.parents[1] / "pretrain.toml").read_text()
    pipeline.write_text(
        text.replace('[[step.phases]]\nname = "main"', '[[step.phases]]\nname = "main"\ntokens = 10_000_000_000')
    )
    with pytest.raises(ConfigError, match="10,000,000,000"):
        run(str(pipeline), str(output), **options)
    assert digests(output) == digests(finished)
    assert verify(str(output)) == []
    assert run("pretrain", str(output), **options).ran == 0
