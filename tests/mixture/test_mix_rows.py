"""Rows of a mixture: counted, copied, shuffled, in files of about one size, the same for any shards."""

import numpy as np
import pyarrow as pa
import pytest

from stages.columns import AUGMENTED, INSTRUCTIONS
from stages.mixture.buckets import BucketSums
from stages.mixture.mix import Mix, Phase, Source
from stages.mixture.order import Parts, parts, positions
from stages.mixture.plan import solve
from stages.mixture.rows import COUNTED, arrange, count, emit, schema
from stages.mixture.select import open_buckets, select, selection_hashes
from stages.mixture.tally import Tally
from stages.tokenizer.count import Counter

BYTES = Counter(lambda texts: [list(text.encode()) for text in texts], 256, frozenset(), frozenset())
TEXTS = {"tha_Thai": "สวัสดี", "eng_Latn": "hello there", "arb_Arab": "مرحبا"}


def corpus(number):
    languages = [sorted(TEXTS)[n % 3] for n in range(number)]
    rows = [
        {
            "doc_id": f"{n:032x}",
            "text": TEXTS[language] * (1 + n % 5),
            "language": language,
            "source": "web",
            "origin": "native",
        }
        for n, language in enumerate(languages)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=AUGMENTED)


def chat(number):
    turns = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "四"}]
    rows = [
        {
            "doc_id": f"c{n:031x}",
            "messages": turns,
            "language": "zho_Hans",
            "task": "sum",
            "source": "x",
            "origin": "native",
        }
        for n in range(number)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=INSTRUCTIONS)


def mixed(config, data, shards):
    """Everything the step does, over each dataset cut into `shards`."""
    cuts = [
        (dataset, batch.slice(start, -(-batch.num_rows // shards)))
        for dataset, batch in data.items()
        for start in range(0, batch.num_rows, -(-batch.num_rows // shards))
    ]
    counted = [count(batch, BYTES) for _, batch in cuts]

    def of_language():
        for (dataset, _), rows in zip(cuts, counted, strict=True):
            names = np.array(rows.column("language").to_pylist())
            for language in sorted(set(names)):
                part = rows.filter(pa.array(names == language))
                hashes = selection_hashes(part.column("doc_id").to_pylist(), config.seed)
                yield (
                    (dataset, language),
                    hashes,
                    part.column("tokens").to_numpy(),
                    sum(part.column("text_bytes").to_pylist()),
                )

    sums = BucketSums()
    for key, hashes, tokens, size in of_language():
        sums = sums.add(key, hashes, tokens, size)
    quotas = solve(config, sums.finish())
    rows = open_buckets(quotas, sums)
    for key, hashes, tokens, _ in of_language():
        rows = rows.add(key, hashes, tokens)
    files = parts(config, quotas, sums)
    selection = select(quotas, sums, rows)
    copies = pa.Table.from_batches(
        [
            emit(batch, part, dataset, config, selection, files, BYTES)
            for (dataset, batch), part in zip(cuts, counted, strict=True)
        ]
    )
    return [arrange(copies.filter(pa.compute.equal(copies["part"], n))) for n in range(files.total)], quotas


TWO = Mix(
    shard_bytes=2_000,
    phases=(
        Phase(name="warm", tokens=4_000, sources=(Source(method="unimax"),)),
        Phase(
            name="main", passes=2.0, sources=(Source(method="natural"), Source(dataset="instructions/sums", share=0.02))
        ),
    ),
)
DATA = {"corpus": corpus(150), "instructions/sums": chat(40)}


def test_the_output_does_not_depend_on_shards():
    one, many = mixed(TWO, DATA, 1)[0], mixed(TWO, DATA, 7)[0]
    assert len(one) > 4
    assert one == many


def test_rows_are_complete_and_in_phase_order():
    files, quotas = mixed(TWO, DATA, 3)
    table = pa.concat_tables(files)
    assert table.schema == schema(TWO)
    phases = table["phase"].to_pylist()
    assert phases == sorted(phases, reverse=True)  # warm before main
    assert (
        len({(row["doc_id"], row["epoch"]) for row in table.select(["doc_id", "epoch"]).to_pylist()}) == table.num_rows
    )
    for row in table.to_pylist():
        if row["source"] == "corpus":
            assert row["tokens"] == len(row["text"].encode())
            assert row["messages"] is None
        else:
            assert (row["text"], row["tokens"], len(row["messages"])) == (None, 7, 2)
    longest = 5 * len(TEXTS["tha_Thai"].encode())
    tally = Tally()
    for file in files:
        tally = tally.merge(Tally().add(file))
    shares = tally.finish(quotas)
    assert shares["tokens"]["realised"] == sum(table["tokens"].to_pylist())
    assert shares["deviation"] <= 100 * longest / shares["tokens"]["planned"]
    assert [phase["phase"] for phase in shares["phases"]] == ["warm", "main"]
    assert all(
        abs(row["planned"] - row["realised"]) <= longest for phase in shares["phases"] for row in phase["shares"]
    )


def test_files_are_about_shard_bytes():
    files, _ = mixed(Mix(shard_bytes=3_000), {"corpus": corpus(1_500)}, 1)
    sizes = [sum(len(text.encode()) for text in file["text"].to_pylist()) for file in files]
    assert len(sizes) > 10
    assert all(1_500 < size < 4_500 for size in sizes), sizes


def test_the_shuffle_mixes_languages_and_depends_on_the_seed():
    natural, orders = Source(method="natural"), []
    for seed in (0, 1):
        files, _ = mixed(Mix(seed=seed, phases=(Phase(sources=(natural,)),)), {"corpus": corpus(300)}, 2)
        languages = files[0]["language"].to_pylist()
        assert len(set(languages[:20])) == 3
        orders.append(files[0]["doc_id"].to_pylist())
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])


def test_ids_are_those_of_the_text():
    config = Mix(emit="ids", phases=(Phase(passes=2.0),))
    files, _ = mixed(config, {"corpus": corpus(30)}, 2)
    texts = dict(zip(corpus(30)["doc_id"].to_pylist(), corpus(30)["text"].to_pylist(), strict=True))
    rows = pa.concat_tables(files).to_pylist()
    assert len(rows) >= 60
    assert all(bytes(row["input_ids"]).decode() == texts[row["doc_id"]] for row in rows)
    assert all(row["tokens"] == len(row["input_ids"]) for row in rows)


def test_empty_batches_have_the_same_schema():
    empty = corpus(0)
    counted = count(empty, BYTES)
    assert counted.schema == COUNTED
    made = emit(
        empty, counted, "corpus", TWO, select((), BucketSums(), open_buckets((), BucketSums())), Parts({"main": 1})
    )
    full = emit(
        corpus(3),
        count(corpus(3), BYTES),
        "corpus",
        TWO,
        select((), BucketSums(), open_buckets((), BucketSums())),
        Parts({"main": 1}),
    )
    assert made.schema == full.schema
    assert made.num_rows == full.num_rows == 0


def test_messages_count_their_contents_and_null_counts_nothing():
    batch = pa.RecordBatch.from_pydict(
        {
            "doc_id": ["a", "b", "c"],
            "language": ["eng_Latn"] * 3,
            "messages": [[{"role": "user", "content": "ab"}, {"role": "assistant", "content": None}], [], None],
        }
    )
    assert count(batch, BYTES)["tokens"].to_pylist() == [2, 0, 0]


def test_ids_need_a_counter():
    with pytest.raises(TypeError, match="needs the counter"):
        emit(
            corpus(3),
            count(corpus(3), BYTES),
            "corpus",
            Mix(emit="ids"),
            select((), BucketSums(), open_buckets((), BucketSums())),
            Parts({"main": 1}),
        )


@pytest.mark.parametrize("count_of_parts", [1, 3, 1000])
def test_parts_cover_the_hashes_in_order(count_of_parts):
    files = Parts({"warm": 2, "main": count_of_parts})
    hashes = np.sort(positions([str(n) for n in range(500)], np.zeros(500, np.int64), 0, "main", "corpus"))
    numbers = files.number("main", hashes)
    assert (np.diff(numbers) >= 0).all()
    assert numbers.min() >= 2
    assert numbers.max() < files.total
    extremes = np.array([0, 2**64 - 1], dtype=np.uint64)
    assert files.number("main", extremes).tolist() == [2, files.total - 1]
