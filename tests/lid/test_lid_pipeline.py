"""`identify.combined` and `identify.mixed` in a pipeline."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from pipelines.lid.train import Trained
from pipelines.run import run
from stages.errors import ConfigError

STEPS = """
name = "combined"
[[step]]
stage = "ingest.read"
[[step]]
stage = "identify.combined"
members = {members}
{calibration}
[[step]]
stage = "identify.mixed"
[[step]]
stage = "dedup.exact"
[[step]]
stage = "decide"
[[step]]
stage = "select"
"""

ESTONIAN = "Täna on ilus ilm ja lapsed mängivad õues, sest koolis on vaheaeg ja keegi ei kiirusta."
FINNISH = "Tänään on kaunis ilma ja lapset leikkivät ulkona, koska koulussa on loma nyt."


def pipeline(folder: Path, members: list[str], calibration: str = "") -> str:
    path = folder / "combined.toml"
    path.write_text(STEPS.format(members=json.dumps(members), calibration=calibration), "utf-8")
    return str(path)


def test_a_run_names_languages_by_several_identifiers(
    trained: Trained, text: Callable[..., str], codes: tuple[str, ...], write: Callable[..., str], tmp_path: Path
) -> None:
    known = next(code for code in codes if code not in trained.held_out)
    rows = [{"id": "a", "text": f"{ESTONIAN}\n{ESTONIAN}\n{FINNISH}"}, {"id": "b", "text": text(known, 5000)}]
    source = write(tmp_path / "in.jsonl", rows)
    calibration = f'calibration = "{trained.calibration}"'
    given = pipeline(tmp_path, ["cld2", str(trained.model)], calibration)
    assert run(given, str(tmp_path / "out"), inputs=[source], engine="inline", quiet=True).status == 0
    documents = ds.dataset(tmp_path / "out" / "documents").to_table().to_pylist()
    assert {row["source_id"]: row["language"] for row in documents}["b"] == known
    table = ds.dataset(tmp_path / "out" / "annotations").to_table(
        columns=["doc_id", "language_shares", "code_switched"]
    )
    found = {row["doc_id"]: row for row in table.to_pylist()}
    mixed = found[next(row["doc_id"] for row in documents if row["source_id"] == "a")]
    assert [share["language"] for share in mixed["language_shares"]] == ["ekk_Latn", "fin_Latn"]
    assert mixed["code_switched"]


def test_a_model_is_found_beside_the_pipeline(
    trained: Trained, text: Callable[..., str], codes: tuple[str, ...], write: Callable[..., str], tmp_path: Path
) -> None:
    for path in (trained.model, trained.calibration):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    source = write(tmp_path / "in.jsonl", [{"text": ESTONIAN}])
    given = pipeline(tmp_path, ["cld2", "tiny.bin"], 'calibration = "tiny.json"')
    assert run(given, str(tmp_path / "out"), inputs=[source], engine="inline", quiet=True).status == 0


def test_a_document_has_one_language(write: Callable[..., str], tmp_path: Path) -> None:
    path = pipeline(tmp_path, ["cld2"])
    more = Path(path).read_text() + '[[step]]\nstage = "identify.fasttext"\nmodel = "none.bin"\n'
    (tmp_path / "none.bin").write_bytes(b"")
    Path(path).write_text(more)
    source = write(tmp_path / "in.jsonl", [{"text": ESTONIAN}])
    with pytest.raises(ConfigError, match="a document has one language; keep one"):
        run(path, str(tmp_path / "out"), inputs=[source], engine="inline", quiet=True)
