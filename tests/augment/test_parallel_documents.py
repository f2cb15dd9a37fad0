"""`augment.parallel_documents`: pairs to training documents."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from stages.augment.parallel_documents import ParallelDocuments, parallel_documents
from stages.errors import ConfigError
from stages.registry import configure, find_stage
from tests.bitext import bitext

PAIRS = bitext(
    ("A house.", "Üks maja.", "eng_Latn", "ekk_Latn"),
    ("Water", "पानी", "eng_Latn", "hin_Deva"),
    ("  ", "tühi", "eng_Latn", "ekk_Latn"),
)


def texts(**options: Any) -> list[str]:
    return parallel_documents(PAIRS, ParallelDocuments(**options)).column("text").to_pylist()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"direction": "source_first"}, ["A house.\n\nÜks maja.", "Water\n\nपानी"]),
        ({"direction": "target_first", "separator": " | "}, ["Üks maja. | A house.", "पानी | Water"]),
        (
            {"direction": "both", "separator": "\n"},
            ["A house.\nÜks maja.", "Üks maja.\nA house.", "Water\nपानी", "पानी\nWater"],
        ),
        ({"direction": "source_first", "languages": ("est_Latn",)}, ["A house.\n\nÜks maja."]),
        ({"direction": "source_first", "min_characters": 5}, ["A house.\n\nÜks maja."]),
        ({"direction": "source_first", "max_characters": 5}, ["Water\n\nपानी"]),
        ({"direction": "source_first", "share": 0.0}, []),
        ({"direction": "source_first", "shares": {"eng_Latn-hin_Deva": 0.0}}, ["A house.\n\nÜks maja."]),
    ],
)
def test_options(options: dict[str, Any], expected: list[str]) -> None:
    assert texts(**options) == expected


def test_provenance() -> None:
    row = parallel_documents(PAIRS, ParallelDocuments(direction="source_first")).to_pylist()[0]
    assert row | {"doc_id": "", "text": ""} == {
        "doc_id": "",
        "text": "",
        "language": "mul",
        "source": "test",
        "licence": "CC0",
        "origin": "native",
        "recipe": "augment.parallel_documents",
        "derived_from": ["0" * 32],
        "backend": None,
    }


def test_machine_translated_side_is_mixed() -> None:
    config = ParallelDocuments(machine_side="tgt", backend="ctranslate2 nllb-200")
    rows = parallel_documents(PAIRS, config).to_pylist()
    assert {(row["origin"], row["backend"]) for row in rows} == {("mixed", "ctranslate2 nllb-200")}


def test_alternate_draws_both_orders_and_a_larger_share_holds_a_smaller() -> None:
    pairs = bitext(*[(f"one {n}", f"üks {n}", "eng_Latn", "ekk_Latn") for n in range(400)])
    config = ParallelDocuments(separator="|")
    first = [text.startswith("one") for text in parallel_documents(pairs, config).column("text").to_pylist()]
    assert 150 < sum(first) < 250
    small, large = (
        {row["derived_from"][0] for row in parallel_documents(pairs, ParallelDocuments(share=share)).to_pylist()}
        for share in (0.2, 0.5)
    )
    assert 40 < len(small) < 120
    assert small < large


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"machine_side": "src"}, "machine_side and backend go together"),
        ({"share": 1.5}, "less than or equal to 1"),
        ({"directon": "both"}, "did you mean 'direction'"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        configure(find_stage("augment.parallel_documents", "x.toml"), options, "x.toml, step 1")


@pytest.mark.realdata
def test_gnome_pages(data_root: Path) -> None:
    """Every aligned page gives one document that holds both of its sides."""
    with gzip.open(data_root / "parallel/gnome-user-docs/doc_parallel.jsonl.gz", "rt", encoding="utf-8") as lines:
        pages = [json.loads(line) for line in lines]
    pairs = bitext(*[(page["src"], page["tgt"], "eng_Latn", page["lang"]) for page in pages])
    found = parallel_documents(pairs, ParallelDocuments(name="gnome")).to_pylist()
    usable = [page for page in pages if page["src"].strip() and page["tgt"].strip()]
    assert len(found) == len(usable) > 900
    for row, page in zip(found, usable, strict=True):
        assert page["src"].strip() in row["text"]
        assert page["tgt"].strip() in row["text"]
