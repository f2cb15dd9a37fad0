"""Whole runs from S3 to S3: the same bytes as on a disk, by either engine, and every command reads them."""

import hashlib
import shutil
from pathlib import Path

import boto3
import pytest

from pipelines.gc import collect
from pipelines.inspect import inspect
from pipelines.report import write_report
from pipelines.run import run
from pipelines.rundir import RunDir
from pipelines.storage import open_storage
from pipelines.verify import verify
from pipelines.why import why
from stages.errors import ConfigError, StorageError

SAMPLE = Path(__file__).resolve().parents[2] / "pipelines" / "quickstart"
FILES = ("documents/deu.jsonl", "documents/ekk.jsonl", "documents/spam.jsonl", "crawl/pages.warc.gz")


@pytest.fixture(scope="module")
def uploaded(s3: str) -> str:
    for name in FILES:
        boto3.client("s3").upload_file(str(SAMPLE / name), "corpus", f"raw/{name}")
    return "s3://corpus/raw"


@pytest.fixture(scope="module")
def on_a_disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that those on S3 must equal."""
    folder = tmp_path_factory.mktemp("local")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLE / name, folder / name)
    inputs = [str(folder / "documents"), f"{folder}/crawl/*.gz"]
    assert run("web", str(folder / "out"), inputs=inputs, engine="inline", quiet=True).status == 0
    return folder / "out"


@pytest.mark.parametrize("engine", ["inline", "ray"])
def test_a_run_on_s3(ray_cluster: None, s3: str, uploaded: str, on_a_disk: Path, engine: str) -> None:
    output = f"{s3}-{engine}"
    inputs = [f"{uploaded}/documents", f"{uploaded}/crawl/*.gz"]
    assert run("web", output, inputs=inputs, engine=engine, workers=1, quiet=True).status == 0
    assert run("web", output, inputs=inputs, engine=engine, workers=1, quiet=True).ran == 0
    assert verify(output) == []
    assert collect(output).files == 0
    assert public(output) == public(str(on_a_disk))

    found = RunDir(output)
    write_report(found)
    rejected = found.query("select doc_id from decisions where not keep order by doc_id limit 1")
    assert why(found, rejected[0]["doc_id"]).as_dict()
    assert inspect(found, None, None, 3)


def public(uri: str) -> dict[str, str]:
    storage = open_storage(uri)
    names = [e.path for e in storage.list("") if not e.path.startswith(".babelmill")]
    return {
        name: hashlib.sha256(storage.read(name)).hexdigest()
        for name in names
        if name not in ("run.json", "report.html")
    }


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("s3://corpus/raw/documents/nothing.jsonl", ConfigError, "no file matches"),
        ("s3://corpus/nothing/*.gz", ConfigError, "no file matches"),
        ("s3://nobody/x.jsonl", StorageError, "s3://nobody"),
    ],
)
def test_what_is_not_there(uploaded: str, tmp_path: Path, given: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        run("web", str(tmp_path), inputs=[given], engine="inline", quiet=True)
