"""The training sample: temperature quotas, and the documents below a hash."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.mixture.buckets import BucketSums
from stages.mixture.hashing import END
from stages.tokenizer.sample import sample_hashes, sample_limits, sample_quota, sampled


@pytest.mark.parametrize(
    ("sizes", "budget", "alpha", "expected"),
    [
        ({"eng_Latn": 900, "khm_Khmr": 100}, 5_000, 0.3, {"eng_Latn": 900, "khm_Khmr": 100}),
        ({"eng_Latn": 900, "khm_Khmr": 100}, 100, 1.0, {"eng_Latn": 90, "khm_Khmr": 10}),
        ({"eng_Latn": 900, "khm_Khmr": 100}, 100, 0.0, {"eng_Latn": 50, "khm_Khmr": 50}),
        ({"eng_Latn": 9_000, "khm_Khmr": 100}, 500, 0.0, {"eng_Latn": 400, "khm_Khmr": 100}),
        ({"eng_Latn": 900, "khm_Khmr": 0}, 100, 0.3, {"eng_Latn": 100, "khm_Khmr": 0}),
        ({}, 100, 0.3, {}),
    ],
)
def test_quota(sizes, budget, alpha, expected):
    assert sample_quota(sizes, budget, alpha) == expected


@given(
    st.dictionaries(st.text("abcd", min_size=1), st.integers(0, 10**12), min_size=1),
    st.integers(1, 10**12),
    st.floats(0, 1),
)
def test_quotas_spend_the_budget_and_no_more_than_there_is(sizes, budget, alpha):
    quota = sample_quota(sizes, budget, alpha)
    assert sum(quota.values()) == min(budget, sum(sizes.values()))
    assert all(0 <= quota[language] <= sizes[language] + 1 for language in sizes)


def sample(sizes, quota, shards):
    """Which documents are taken, folded over shards."""
    hashes = sample_hashes([f"d{number}" for number in range(len(sizes))], seed=5)
    sums = BucketSums()
    for part in np.array_split(np.arange(len(sizes)), shards):
        sums = sums.merge(BucketSums().add("tha_Thai", hashes[part], sizes[part]))
    return sampled(hashes, sample_limits(sums, {"tha_Thai": quota})["tha_Thai"])


@given(st.lists(st.integers(1, 300), min_size=1, max_size=80), st.floats(0.01, 1), st.integers(2, 7))
@settings(max_examples=60)
def test_a_sample_is_a_document_off_at_most_and_independent_of_shards(sizes, part, shards):
    sizes = np.array(sizes, dtype=np.int64)
    quota = max(1, int(part * sizes.sum()))
    taken = sample(sizes, quota, 1)
    assert taken.any()
    assert abs(int(sizes[taken].sum()) - quota) <= sizes.max()
    assert (taken == sample(sizes, quota, shards)).all()


def test_full_buckets_are_cut_inside():
    sizes = np.full(400_000, 100, dtype=np.int64)
    taken = sample(sizes, 1_000_050, 1)
    assert int(sizes[taken].sum()) == pytest.approx(1_000_050, abs=500)


def test_all_of_a_language_is_below_the_end():
    sums = BucketSums().add("eng_Latn", np.array([END - 1], dtype=np.uint64), np.array([10], dtype=np.int64))
    assert sample_limits(sums, {"eng_Latn": 10, "khm_Khmr": 0}) == {"eng_Latn": END}
    assert sampled(np.array([END - 1], dtype=np.uint64), END).all()
