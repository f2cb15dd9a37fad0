"""Publication: exactly the live files are public, whatever interrupts the move."""

import json
from pathlib import Path

from pipelines.context import LIVE
from pipelines.publish import publish, published_files
from pipelines.storage import LocalStorage
from pipelines.unit import STORE, OutputFile


def store(storage: LocalStorage, *paths: str) -> list[OutputFile]:
    for path in paths:
        storage.write(f"{STORE}/{path}", path.encode())
    return [OutputFile(path, 0, len(path), "") for path in paths]


def public(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and ".babelmill" not in p.parts}


def test_replaced_files_go_back_to_the_store_and_can_return(tmp_path: Path) -> None:
    storage = LocalStorage(str(tmp_path))
    first = store(storage, "corpus/a", "corpus/b")
    live = publish(storage, frozenset(), first)
    assert public(tmp_path) == {"corpus/a", "corpus/b"}
    second = [first[0], *store(storage, "corpus/b2")]
    live = publish(storage, live, second)
    assert public(tmp_path) == {"corpus/a", "corpus/b2"}
    publish(storage, live, first)
    assert public(tmp_path) == {"corpus/a", "corpus/b"}


def test_an_interrupted_publication_is_finished(tmp_path: Path) -> None:
    storage = LocalStorage(str(tmp_path))
    store(storage, "corpus/a", "corpus/b")
    storage.move(f"{STORE}/corpus/a", "corpus/a")  # the first of two moves was done
    state = {"live": ["corpus/a", "corpus/b"], "before": [], "complete": False}
    storage.write(LIVE, json.dumps(state).encode())
    assert published_files(storage) == {"corpus/a", "corpus/b"}
    assert public(tmp_path) == {"corpus/a", "corpus/b"}
    assert json.loads(storage.read(LIVE))["complete"]
