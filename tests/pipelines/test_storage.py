"""Storage: the same laws for a folder and for S3 (moto's server)."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.storage import Storage, open_storage
from stages.errors import StorageError


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return open_storage(str(tmp_path))
    return open_storage(f"{request.getfixturevalue('s3')}/{tmp_path.name}")


def test_what_is_written_is_read_back(storage: Storage) -> None:
    storage.write("a/b.bin", b"one")
    storage.write("a/b.bin", b"two")
    assert storage.read("a/b.bin") == b"two"
    with storage.open("a/b.bin") as stream:
        stream.seek(1)
        assert stream.read() == b"wo"


def test_create_refuses_to_replace(storage: Storage) -> None:
    assert storage.create("commit.json", b"first")
    assert not storage.create("commit.json", b"second")
    assert storage.read("commit.json") == b"first"


def test_list_move_delete(storage: Storage) -> None:
    for path in ("x/1", "x/y/2", "z/3"):
        storage.write(path, path.encode())
    assert [entry.path for entry in storage.list("x")] == ["x/1", "x/y/2"]
    assert [entry.path for entry in storage.list("")] == ["x/1", "x/y/2", "z/3"]
    storage.move("x/1", "w/1")
    assert storage.exists("w/1")
    assert not storage.exists("x/1")
    storage.delete("w/1")
    storage.delete("w/1")
    assert not storage.exists("w/1")


def test_a_missing_file_is_a_storage_error_that_names_it(storage: Storage) -> None:
    with pytest.raises(StorageError, match="nothing"):
        storage.read("nothing")


def test_a_write_that_the_disk_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    """A file size limit fails in the middle of a write as a full disk does."""
    script = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))\n"
        "from pipelines.storage import LocalStorage\n"
        "from stages.errors import StorageError\n"
        "try:\n"
        "    LocalStorage(sys.argv[1]).write('part.parquet', bytes(1 << 20))\n"
        "except StorageError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{tmp_path}/part.parquet: File too large"
    assert list(tmp_path.iterdir()) == []
