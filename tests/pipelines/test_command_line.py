"""The command line: arguments, exit status, and one clear line on standard error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines import cli
from pipelines.pipeline import load_pipeline

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart" / "documents"

PIPELINES = {
    "key.toml": '[[step]]\nstage = "quality.gopher"\nmin_word = 3\n',
    "bare.toml": '[[step]]\nstage = "dedup.exact"\nseed = 3\n',
    "stage.toml": '[[step]]\nstage = "quality.gofer"\n',
    "no_stage.toml": '[[step]]\nstaeg = "quality.gopher"\n',
    "top.toml": 'inputs = "x"\n[[step]]\nstage = "quality.gopher"\n',
    "bad.toml": "[[step]\n",
    "empty.toml": "",
    "strings.toml": 'step = ["quality.gopher"]\n',
    "number.toml": 'input = 3\n[[step]]\nstage = "ingest.read"\n',
    "latin1.toml": b"name = '\xe9'\n",
    "type.toml": '[[step]]\nstage = "dedup.minhash"\nbands = "many"\n',
    "unidentified.toml": '[[step]]\nstage = "ingest.read"\n',
    "late.toml": "".join(
        f'[[step]]\nstage = "{stage}"\n'
        for stage in ("ingest.read", "identify.fasttext", "dedup.exact", "decide", "cluster", "select")
    ),
    "twice.toml": "".join(
        f'[[step]]\nstage = "{stage}"\n' for stage in ("ingest.read", "identify.fasttext", "dedup.exact", "dedup.exact")
    ),
    "decided.toml": "".join(
        f'[[step]]\nstage = "{stage}"\n'
        for stage in ("ingest.read", "identify.fasttext", "dedup.exact", "decide", "decide")
    ),
    "named.toml": "".join(
        f'[[step]]\nstage = "{stage}"\n'
        for stage in ("ingest.read", "identify.fasttext", "quality.c4", "decide", "select", *["tokenizer.train"] * 2)
    ),
    "fields.toml": '[[step]]\nstage = "ingest.read"\nfields = { txt = "body" }\n',
    "method.toml": '[[step]]\nstage = "mix"\nname = "m"\n[[step.phases]]\nname = "p"\n'
    '[[step.phases.sources]]\ndataset = "corpus"\nmethod = "fixed"\n',
    "order.toml": "".join(
        f'[[step]]\nstage = "{stage}"\n' for stage in ("ingest.read", "identify.fasttext", "cluster")
    ),
}
CONFIGS = {
    "misspelt/deu_Latn.toml": "[bounds.word_count]\nminimum = 3\n",
    "broken/deu_Latn.toml": "[bounds\n",
    "unmeasured/deu_Latn.toml": '[bounds.word_cuont]\nmin = 3\nwhy = "a test"\n',
    "misnamed/deu.toml": '[bounds.word_count]\nmin = 3\nwhy = "a test"\n',
    "crossed/deu_Latn.toml": '[bounds.word_count]\nmin = 9\nmax = 3\nwhy = "a test"\n',
}
RUN = ("run", "web", "--output", "OUT", "--input", str(SAMPLE / "deu.jsonl"), "--engine", "inline")

TABLE = [
    # arguments, exit status, what the line says
    (("frobnicate",), 2, "No such command 'frobnicate'"),
    (("run",), 2, "Missing argument 'PIPELINE'"),
    (("run", "web"), 2, "Missing option '--output'"),
    ((*RUN, "--frobnicate"), 2, "No such option: --frobnicate"),
    ((*RUN, "--workers", "few"), 2, "Invalid value for '--workers'"),
    ((*RUN, "--sample", "0"), 2, "Invalid value for '--sample'"),
    ((*RUN, "--engine", "dask"), 2, "--engine dask: give ray or inline"),
    (("run", "wbe", *RUN[2:]), 2, "unknown pipeline 'wbe'; did you mean 'web'?"),
    (("run", "nowhere/web.toml", *RUN[2:]), 2, "nowhere/web.toml: no such pipeline file"),
    (("run", "key.toml", *RUN[2:]), 2, "step 1: unknown key 'min_word' of quality.gopher"),
    (("run", "bare.toml", *RUN[2:]), 2, "step 1: unknown key 'seed' of dedup.exact; it has no options"),
    (("run", "stage.toml", *RUN[2:]), 2, "unknown stage 'quality.gofer'; did you mean 'quality.gopher'?"),
    (("run", "no_stage.toml", *RUN[2:]), 2, "did you mean 'stage' by 'staeg'?"),
    (("run", "top.toml", *RUN[2:]), 2, "unknown key 'inputs'; did you mean 'input'?"),
    (("run", "bad.toml", *RUN[2:]), 2, "bad.toml: not valid TOML"),
    (("run", "latin1.toml", *RUN[2:]), 2, "latin1.toml: not valid TOML"),
    (("run", "empty.toml", *RUN[2:]), 2, "no [[step]]"),
    (("run", "strings.toml", *RUN[2:]), 2, "no [[step]]"),
    (("run", "number.toml", *RUN[2:]), 2, "input is 3; give a path or URI"),
    (("run", "type.toml", *RUN[2:]), 2, "bands of dedup.minhash"),
    (("run", "unidentified.toml", *RUN[2:]), 2, "unidentified.toml: no step 'identify.fasttext'"),
    (("run", "late.toml", *RUN[2:]), 2, "step 5: cluster comes after decide"),
    (("run", "twice.toml", *RUN[2:]), 2, "twice.toml: step 4: dedup.exact writes column 'text_hash'"),
    (("run", "decided.toml", *RUN[2:]), 2, "step 5: decide writes decisions, as step 4 does; leave one out"),
    (("run", "named.toml", *RUN[2:]), 2, "step 7: tokenizer.train writes tokenizer/joint, as step 6 does; give it"),
    (("run", "fields.toml", *RUN[2:]), 2, "step 1: ingest.read: fields names 'txt'; it can map text, id"),
    (("run", "method.toml", *RUN[2:]), 2, "step 1: phases.0.sources.0.method of mix: Input should be 'temperature'"),
    (("run", "order.toml", *RUN[2:]), 2, "cluster"),
    (("run", "pretrain", *RUN[2:], "--set", "bpe"), 2, "--set bpe: give KEY=VALUE"),
    (("run", "pretrain", *RUN[2:], "--set", "bep.vocab_size=9"), 2, "no step or key 'bep'"),
    (("run", "pretrain", *RUN[2:], "--set", "bpe.vocab=9"), 2, "unknown key 'vocab' of tokenizer.train"),
    (("run", "pretrain", *RUN[2:], "--set", "bpe.vocab_size=9"), 2, "vocab_size of tokenizer.train"),
    (("run", "pretrain", *RUN[2:], "--set", "mix.phases.3.passes=2"), 2, "'3' is none of the 1 items"),
    (
        ("run", "pretrain", *RUN[2:], "--set", "mix.phases.0.pases=2"),
        2,
        "unknown key 'pases' of mix.phases.0; did you mean 'passes'?",
    ),
    (("run", "pretrain", *RUN[2:], "--set", "bpe.vocab_size.x.y=2"), 2, "'vocab_size' has no options of its own"),
    (("run", "pretrain", *RUN[2:], "--set", "shard_bytes=many"), 2, "shard_bytes is 'many'"),
    (("run", "pretrain", *RUN[2:], "--set", "shard_bytes=true"), 2, "shard_bytes is True"),
    (("run", "pretrain", *RUN[2:], "--set", "mix.tokenizer=bep"), 2, "did you mean 'bpe'?"),
    (("run", "web", "--output", "OUT"), 2, "no input; give --input URI"),
    (("run", "web", "--output", "OUT", "--input", "missing.jsonl"), 2, "missing.jsonl: no such file"),
    (("run", "web", "--output", "OUT", "--input", "nowhere/*.gz"), 2, "input nowhere/*.gz: there is no folder nowhere"),
    (("run", "web", "--output", "OUT", "--input", "*.gz"), 2, "*.gz: no file matches"),
    ((*RUN, "--languages", "xyzzy"), 2, "'xyzzy'"),
    ((*RUN, "--languages", "germn"), 2, "'germn'"),
    ((*RUN, "--lang-configs", "nowhere"), 2, "nowhere: no such folder"),
    ((*RUN, "--lang-configs", "misspelt"), 2, "unknown key 'bounds.word_count.minimum'"),
    ((*RUN, "--lang-configs", "broken"), 2, "broken/deu_Latn.toml: not TOML"),
    ((*RUN, "--lang-configs", "unmeasured"), 2, "did you mean 'word_count'?"),
    ((*RUN, "--lang-configs", "misnamed"), 2, "rename the file to deu_Latn.toml"),
    ((*RUN, "--lang-configs", "crossed"), 2, "min 9 is above max 3"),
    ((*RUN[:2], "--output", "file", *RUN[4:]), 2, "is a file; --output is a folder"),
    (("plan", "wbe", "--output", "OUT"), 2, "did you mean 'web'?"),
    (("why", "x", "--run", "nowhere"), 2, "nowhere: no run here"),
    (("inspect", "--run", "nowhere"), 2, "nowhere: no run here"),
    (("report", "--run", "nowhere"), 2, "nowhere: no run here"),
    (("verify", "nowhere"), 2, "nowhere: no run here"),
    (("gc", "nowhere"), 2, "nowhere: no run here"),
    (("verify", "damaged"), 2, "damaged/run.json"),
    (("gc", "damaged"), 2, "damaged/run.json"),
    (("lang", "show", "xyzzy"), 2, "'xyzzy'"),
    (("models", "get", "lid176"), 2, "unknown model 'lid176'; did you mean 'lid.176'?"),
    (("init", "key.toml"), 2, "key.toml: exists already"),
    (("init", "nowhere/my.toml"), 2, "nowhere/my.toml: there is no folder nowhere"),
    (("stages", "quality.gofer"), 2, "unknown stage 'quality.gofer'; did you mean 'quality.gopher'?"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {**PIPELINES, **CONFIGS, "file": "", "damaged/run.json": "{"}.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("arguments", "status", "said"), TABLE, ids=[" ".join(row[0][-3:]) for row in TABLE])
def test_what_is_wrong_is_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["babelmill", *arguments])
    ended = cli.command()
    out, err = capfd.readouterr()
    assert (ended, out) == (status, "")
    assert err.startswith("babelmill: ")
    assert err.count("\n") == 1
    assert said in err
    assert not (folder / "OUT").exists()


INLINE = ("--engine", "inline")


def babelmill(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        cwd=SAMPLE.parents[2],
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "web", "--output", "OUT", "--input", "s3://bucket/x.jsonl"),
        ("run", "web", "--output", "s3://bucket/run", "--input", str(SAMPLE / "deu.jsonl")),
        ("verify", "s3://bucket/run"),
    ],
    ids=["input", "output", "verify"],
)
def test_an_unreadable_bucket_is_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    given = [str(tmp_path / "out") if item == "OUT" else item for item in arguments]
    done = babelmill(*given, AWS_ENDPOINT_URL="http://127.0.0.1:9", **keys)
    assert done.returncode == 1
    assert done.stderr.startswith("babelmill: s3://bucket")
    assert done.stderr.count("\n") == 1


def test_a_budget_that_cannot_be_met_is_told_by_a_ray_task(tmp_path: Path) -> None:
    """Exit status 2, the numbers on the last line, and what came before it published."""
    settings = ("--set", "bpe.vocab_size=600", "--set", "mix.phases.0.tokens=10_000_000_000")
    arguments = ("run", "pretrain", "--output", str(tmp_path / "out"), "--input", str(SAMPLE / "deu.jsonl"))
    done = babelmill(*arguments, *settings, "--workers", "1")
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("babelmill: ")]
    assert "10,000,000,000" in line
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "out" / "corpus").rglob("*.parquet"))
    assert babelmill("verify", str(tmp_path / "out")).returncode == 0


def test_a_run_says_what_it_could_not_read(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    done = babelmill("run", "web", "--output", str(tmp_path / "out"), "--input", str(tmp_path / "picture.png"), *INLINE)
    assert done.returncode == 1
    assert "not read, or not to its end: picture.png: ingest.unknown_format\n" in done.stdout
    assert f"babelmill inspect --run {tmp_path}/out --reason ingest.unknown_format\n" in done.stdout


def test_an_input_without_documents_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    done = babelmill("run", "web", "--output", str(tmp_path / "out"), "--input", str(tmp_path / "empty.jsonl"), *INLINE)
    assert done.returncode == 0
    assert "no input   no document was found in the inputs\n" in done.stdout
    assert "documents per step" not in done.stdout


def test_an_interrupted_run_says_how_to_go_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.run.run", interrupted)
    monkeypatch.setattr(sys, "argv", ["babelmill", *RUN])
    assert cli.command() == 130
    assert capsys.readouterr().err == "babelmill: interrupted; the same command goes on where it stopped\n"


def test_init_writes_a_pipeline_that_runs_under_its_own_name(folder: Path) -> None:
    cli.init(Path("my.toml"))
    assert load_pipeline("my.toml").name == "my"
    assert "babelmill run my.toml --input 'data/*.jsonl.gz' --output runs/my\n" in (folder / "my.toml").read_text()


def test_help_of_a_bare_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["babelmill"])
    assert cli.command() == 2
    assert capsys.readouterr().out.startswith("Usage: babelmill")
