"""Documents are cut where the quota says, whatever the shards."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mixture.buckets import Buckets, BucketSums, cut
from stages.mixture.hashing import END, below, hash_ids
from stages.mixture.mix import Mix, Phase, Source
from stages.mixture.plan import solve
from stages.mixture.select import open_buckets, select, selection_hashes

KEY = ("corpus", "tha_Thai")


def selected(tokens, shards, *phases):
    """(copies per phase and document, quotas), folding over documents cut into `shards`."""
    sizes = np.array(tokens, dtype=np.int64)
    hashes = selection_hashes([f"{number:032x}" for number in range(len(sizes))], seed=3)
    cuts = [part for part in np.array_split(np.arange(len(sizes)), shards) if len(part)]
    sums = BucketSums()
    for part in cuts:
        sums = sums.merge(BucketSums().add(KEY, hashes[part], sizes[part]))
    quotas = solve(Mix(phases=phases), sums.finish())
    rows = opened = open_buckets(quotas, sums)
    for part in reversed(cuts):
        rows = rows.merge(opened.add(KEY, hashes[part], sizes[part]))
    chosen = select(quotas, sums, rows)
    copies = [
        sorted(
            (int(part[row]), int(epoch))
            for part in cuts
            for row, epoch in zip(*interval.copies(hashes[part]), strict=True)
        )
        for interval in chosen.of(*KEY)
    ]
    return copies, quotas


def phase(name, tokens):
    return Phase(name=name, tokens=tokens, sources=(Source(max_epochs=20.0),))


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.lists(st.floats(0.01, 3), min_size=1, max_size=4))
@settings(max_examples=60)
def test_quotas_are_met_within_half_a_document(tokens, passes):
    budgets = [max(1, int(value * sum(tokens))) for value in passes]
    copies, quotas = selected(tokens, 1, *(phase(str(n), budget) for n, budget in enumerate(budgets)))
    reached = 0
    for taken, quota in zip(copies, quotas, strict=True):
        reached += sum(tokens[row] for row, _ in taken)
        assert abs(reached - quota.stop) <= max(tokens) / 2


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60), st.integers(1, 9))
@settings(max_examples=40)
def test_shards_do_not_matter(tokens, shards):
    phases = [phase("a", max(1, sum(tokens) // 3)), phase("b", sum(tokens))]
    assert selected(tokens, shards, *phases)[0] == selected(tokens, 1, *phases)[0]


def test_phases_take_different_documents_until_the_language_wraps():
    tokens = [10] * 100
    (first, second, third), _ = selected(tokens, 4, phase("a", 400), phase("b", 600), phase("c", 500))
    assert len(first) == 40
    assert len(second) == 60
    assert len(third) == 50
    assert sorted(row for row, _ in first + second) == list(range(100))
    assert {epoch for _, epoch in first + second} == {0}
    assert {epoch for _, epoch in third} == {1}
    assert {row for row, _ in first} < {row for row, _ in third}


def test_whole_epochs_repeat_every_document():
    (copies,), _ = selected([7] * 20, 3, phase("a", 3 * 140))
    assert copies == sorted((row, epoch) for row in range(20) for epoch in range(3))


@pytest.mark.parametrize(
    ("position", "expected"),
    [(0, 5), (1, 5), (5, 5), (6, 7), (15, 7), (16, 9), (19, 9), (26, 1 << 48)],
)
def test_a_cut_is_at_the_middle_of_a_document(position, expected):
    hashes, sizes = np.array([5, 7, 9], dtype=np.uint64), np.array([10, 10, 10], dtype=np.int64)
    assert cut(0, 0, hashes, sizes, position) == expected


def test_the_last_bucket_ends_with_the_hashes():
    empty = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    assert cut(65_535, 0, *empty, 1) == END
    assert below(np.array([END - 1], dtype=np.uint64), END).all()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, END - 1), st.integers(0, 10**9)), max_size=40))
@settings(max_examples=60)
def test_bucket_sums_are_a_fold(rows):
    def folded(part):
        sums = BucketSums()
        for key, hashed, size in part:
            sums = sums.add(key, np.array([hashed], dtype=np.uint64), np.array([size], dtype=np.int64))
        return sums

    def plain(sums):
        return {
            key: (found.index.tolist(), found.sums.tolist(), found.documents)
            for key, found in sorted(sums.groups.items())
        }

    half = len(rows) // 2
    left, right, all_rows = folded(rows[:half]), folded(rows[half:]), folded(rows)
    assert plain(left.merge(right)) == plain(right.merge(left)) == plain(all_rows)
    assert plain(all_rows.merge(BucketSums())) == plain(all_rows)
    assert all_rows.finish() == {
        key: sum(size for other, _, size in rows if other == key) for key in sorted({key for key, _, _ in rows})
    }


def test_a_position_lies_in_a_bucket_that_is_not_empty():
    buckets = Buckets(np.array([2, 5, 9]), np.array([4, 0, 6]))
    assert [buckets.locate(position) for position in (0, 3, 4, 9)] == [(2, 0), (2, 0), (9, 4), (9, 4)]


def test_hashes_depend_on_seed_and_place_only():
    one = hash_ids(["a", "b"], 0, "mix")
    assert one.tolist() == [hash_ids(["b", "a"], 0, "mix")[1], hash_ids(["b"], 0, "mix")[0]]
    others = [hash_ids(["a"], 1, "mix"), hash_ids(["a"], 0, "mix.order"), hash_ids(["a"], 0, "mix", 1)]
    assert one[0] not in [int(other[0]) for other in others]
    assert hash_ids([], 0).dtype == np.uint64
