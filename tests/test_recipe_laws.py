"""Laws of every recipe in the registry: a new one is covered by existing, and by an example of its options."""

import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from stages.columns import AUGMENTED, BITEXT, DOCUMENTS, INSTRUCTIONS
from stages.registry import Stage, configure, load_stages

RECIPES = {name: stage for name, stage in load_stages().items() if stage.kind == "recipe"}
OUTPUTS = {"augmented": AUGMENTED, "instructions": INSTRUCTIONS}

WORDS = {"water": ["vesi"], "house": ["maja"], "the bird": ["lind"], "sleeps": ["magab"], "river": ["jõgi"]}
TEXTS = {
    "eng_Latn": "The bird sleeps near the river. Water and a house, the house and the water!",
    "hin_Deva": "घर के पास नदी है। पानी ठंडा है।",
    "tha_Thai": "บ้านอยู่ใกล้แม่น้ำ",
    "arb_Arab": "البيت قريب من النهر",
    "und": "\u0000 … 😀 {braces} %s",
}


def corpus() -> pa.RecordBatch:
    rows = [
        {
            "doc_id": f"{number * 10 + place:032x}",
            "text": text * (number + 1),
            "source": "test",
            "licence": "CC0",
            "locator": "x#0",
            "origin": "native",
            "language": language,
            "language_score": 1.0,
            "language_second_score": 0.0,
            "script": "Latn",
        }
        for number in range(4)
        for place, (language, text) in enumerate(TEXTS.items())
    ]
    return pa.RecordBatch.from_pylist([*rows, rows[0] | {"doc_id": "f" * 32, "text": ""}], schema=DOCUMENTS)


def bitext() -> pa.RecordBatch:
    rows = [
        {
            "pair_id": f"{number * 10 + place:032x}",
            "src": TEXTS["eng_Latn"] + str(number),
            "tgt": text + str(number),
            "src_lang": "eng_Latn",
            "tgt_lang": language,
            "source": "test",
            "licence": "CC0",
            "locator": "x#0",
        }
        for number in range(4)
        for place, (language, text) in enumerate(TEXTS.items())
    ]
    return pa.RecordBatch.from_pylist([*rows, rows[0] | {"pair_id": "f" * 32, "src": ""}], schema=BITEXT)


INPUTS: Mapping[str, Callable[[], pa.RecordBatch]] = {"corpus": corpus, "documents": corpus, "bitext": bitext}


@pytest.fixture
def options(tmp_path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Options of the recipes that do not run without."""
    lexicon = tmp_path / "lexicon.jsonl"
    lexicon.write_text(
        "\n".join(
            json.dumps({"src": src, "tgt": tgt, "src_lang": "eng_Latn", "tgt_lang": "ekk_Latn"})
            for src, tgt in WORDS.items()
        )
    )
    return {"augment.codeswitch_lexicon": {"lexicon": str(lexicon), "rate": 0.5, "copies": 2}}


@pytest.fixture(params=RECIPES, name="recipe")
def _recipe(request: pytest.FixtureRequest, options: Mapping[str, Mapping[str, Any]]) -> tuple[Stage, Any]:
    stage = RECIPES[request.param]
    return stage, configure(stage, options.get(stage.name, {}), "laws")


def run(recipe: tuple[Stage, Any], batch: pa.RecordBatch) -> pa.Table:
    stage, config = recipe
    resources = {name: resource.open() for name, resource in stage.resources(config).items()}
    return pa.Table.from_batches([stage.function(batch, config, **resources)])


def rows_in(recipe: tuple[Stage, Any]) -> pa.RecordBatch:
    return INPUTS[recipe[0].reads_dataset or "corpus"]()


def test_there_are_recipes() -> None:
    assert len(RECIPES) >= 3


def test_schema_is_that_of_the_dataset_written(recipe: tuple[Stage, Any]) -> None:
    stage, config = recipe
    made = run(recipe, rows_in(recipe))
    assert made.schema == stage.writes(config) == OUTPUTS[stage.writes_dataset or ""]
    assert made.num_rows > 0
    for name in (field.name for field in made.schema if not field.nullable):
        assert made.column(name).null_count == 0, name


def test_an_empty_batch_gives_the_same_schema(recipe: tuple[Stage, Any]) -> None:
    made = run(recipe, rows_in(recipe).slice(0, 0))
    assert made.num_rows == 0
    assert made.schema == recipe[0].writes(recipe[1])


@pytest.mark.parametrize("size", [1, 3, 7])
def test_cuts_do_not_matter(recipe: tuple[Stage, Any], size: int) -> None:
    batch = rows_in(recipe)
    parts = [run(recipe, batch.slice(start, size)) for start in range(0, batch.num_rows, size)]
    assert pa.concat_tables(parts).combine_chunks() == run(recipe, batch)


def test_order_does_not_matter(recipe: tuple[Stage, Any]) -> None:
    batch = rows_in(recipe)
    backwards = batch.take(pa.array(range(batch.num_rows - 1, -1, -1)))
    assert run(recipe, backwards).sort_by("doc_id") == run(recipe, batch).sort_by("doc_id")


def test_every_row_says_where_it_comes_from(recipe: tuple[Stage, Any]) -> None:
    batch = rows_in(recipe)
    sources = set(batch.column("pair_id" if recipe[0].reads_dataset == "bitext" else "doc_id").to_pylist())
    for row in run(recipe, batch).to_pylist():
        assert row["recipe"] == recipe[0].name
        assert row["derived_from"][0] in sources
        assert row["origin"] in ("native", "translated", "generated", "mixed")
        assert (row["source"], row["licence"]) == ("test", "CC0")
        assert row["origin"] == "native" or row["backend"]


def test_ids_are_unique_hexadecimal_and_differ_between_names(recipe: tuple[Stage, Any]) -> None:
    stage, config = recipe
    ids = run(recipe, rows_in(recipe)).column("doc_id").to_pylist()
    assert len(set(ids)) == len(ids)
    assert all(len(doc_id) == 32 and int(doc_id, 16) >= 0 for doc_id in ids)
    other = type(config)(**{**vars(config), "name": "another"})
    assert set(run((stage, other), rows_in(recipe)).column("doc_id").to_pylist()).isdisjoint(ids)


def test_config_survives_pickling_and_gives_the_same_rows(recipe: tuple[Stage, Any]) -> None:
    stage, config = recipe
    copy = pickle.loads(pickle.dumps(config))
    assert copy == config
    assert run((stage, copy), rows_in(recipe)) == run(recipe, rows_in(recipe))


def test_resources_pickle_and_their_fingerprints_are_stable(recipe: tuple[Stage, Any]) -> None:
    stage, config = recipe
    for resource in stage.resources(config).values():
        assert pickle.loads(pickle.dumps(resource)).fingerprint() == resource.fingerprint()


def test_docstring_says_what_is_read_written_and_from_where(recipe: tuple[Stage, Any]) -> None:
    text = recipe[0].function.__doc__ or ""
    assert all(part in text for part in ("Reads:", "Writes:", "Source:")), recipe[0].name
