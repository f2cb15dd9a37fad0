"""Quotas of phases, and the errors of budgets that cannot be met."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import ConfigError
from stages.mixture.mix import Mix, Phase, Source, datasets
from stages.mixture.plan import solve
from stages.registry import configure, find_stage

CORPUS = {("corpus", "eng_Latn"): 9_000, ("corpus", "swh_Latn"): 900, ("corpus", "khm_Khmr"): 100}
MORE = CORPUS | {("augmented/codeswitch", "mul"): 1_000, ("instructions/translation", "swh_Latn"): 50}


def quotas(available, *phases):
    return {
        (quota.phase, quota.dataset, quota.language): quota.tokens
        for quota in solve(Mix(phases=tuple(phases)), available)
    }


def test_one_natural_pass_is_everything_once():
    found = solve(Mix(phases=(Phase(sources=(Source(method="natural", max_epochs=1.0),)),)), CORPUS)
    assert {quota.language: (quota.start, quota.tokens, quota.epochs) for quota in found} == {
        "eng_Latn": (0, 9_000, 1.0),
        "khm_Khmr": (0, 100, 1.0),
        "swh_Latn": (0, 900, 1.0),
    }


def test_unimax_gives_what_is_capped_to_the_rest():
    found = quotas(CORPUS, Phase(tokens=3_000, sources=(Source(method="unimax", max_epochs=2.0),)))
    assert found == {
        ("main", "corpus", "eng_Latn"): 1_400,
        ("main", "corpus", "khm_Khmr"): 200,
        ("main", "corpus", "swh_Latn"): 1_400,
    }


def test_shares_of_sources_and_the_rest_by_size():
    found = quotas(
        MORE,
        Phase(
            tokens=1_000,
            sources=(
                Source(method="natural", languages=("eng_Latn",), share=0.5),
                Source(method="natural"),  # 1,000 tokens of the languages left
                Source(dataset="augmented/codeswitch"),  # 1,000 tokens too
            ),
        ),
    )
    assert found == {
        ("main", "augmented/codeswitch", "mul"): 250,
        ("main", "corpus", "eng_Latn"): 500,
        ("main", "corpus", "khm_Khmr"): 25,
        ("main", "corpus", "swh_Latn"): 225,
    }


def test_fixed_shares_name_their_languages():
    table = {"eng_Latn": 0.9, "khm_Khmr": 0.1}
    assert quotas(CORPUS, Phase(tokens=1_000, sources=(Source(method=table),))) == {
        ("main", "corpus", "eng_Latn"): 900,
        ("main", "corpus", "khm_Khmr"): 100,
    }


def test_fixed_shares_limit_a_budget_by_passes():
    table = {"eng_Latn": 0.5, "khm_Khmr": 0.5}
    found = quotas(CORPUS, Phase(passes=1.0, sources=(Source(method=table, max_epochs=2.0),)))
    assert found == {("main", "corpus", "eng_Latn"): 200, ("main", "corpus", "khm_Khmr"): 200}


def test_phases_continue_and_share_the_cap():
    first = Phase(name="first", tokens=8_000, sources=(Source(languages=("eng_Latn",), max_epochs=1.0),))
    second = Phase(name="second", passes=5.0, sources=(Source(languages=("eng_Latn",), max_epochs=2.0),))
    found = solve(Mix(phases=(first, second)), CORPUS)
    assert [(quota.phase, quota.start, quota.tokens) for quota in found] == [
        ("first", 0, 8_000),
        ("second", 8_000, 10_000),
    ]


def test_an_infeasible_budget_shows_the_numbers():
    with pytest.raises(ConfigError) as error:
        quotas(CORPUS, Phase(tokens=50_000, sources=(Source(max_epochs=2.0),)))
    message = str(error.value)
    for part in (
        "'main'",
        "50,000",
        "10,000",
        "20,000",
        "eng_Latn",
        "9,000",
        "18,000",
        "raise max_epochs",
        "lower tokens",
    ):
        assert part in message, message


def test_an_infeasible_fixed_share_names_the_short_language():
    table = {"eng_Latn": 0.5, "khm_Khmr": 0.5}
    with pytest.raises(ConfigError, match=r"khm_Khmr +0\.5000 +500 +100 +4 +0 +400\n(.|\n)*800 tokens can be had"):
        quotas(CORPUS, Phase(tokens=1_000, sources=(Source(method=table),)))


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        (
            Phase(sources=(Source(languages=("tha_Thai",)),)),
            "no tokens of tha_Thai; it has: eng_Latn, khm_Khmr, swh_Latn",
        ),
        (Phase(sources=(Source(dataset="augmented/x"),)), "augmented/x is empty"),
    ],
)
def test_what_is_not_there_is_named(phase, message):
    with pytest.raises(ConfigError, match=message):
        quotas(CORPUS, phase)


def test_a_phase_with_nothing_left():
    everything = (Source(max_epochs=1.0, method="natural"),)
    with pytest.raises(ConfigError, match="earlier phases used all"):
        quotas(CORPUS, Phase(name="a", sources=everything), Phase(name="b", sources=everything))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mix(phases=()), "no phase"),
        (lambda: Mix(phases=(Phase(), Phase())), "two phases named 'main'"),
        (lambda: Mix(phases=(Phase(sources=()),)), "no source"),
        (lambda: Mix(phases=(Phase(sources=(Source(share=0.4),)),)), "sum to 0.4"),
        (lambda: Mix(phases=(Phase(sources=(Source(share=1.0), Source(dataset="augmented/x"))),)), "leave nothing"),
        (lambda: Mix(phases=(Phase(sources=(Source(), Source())),)), "sources 1 and 2 both take all other languages"),
        (lambda: Mix(phases=(Phase(sources=(Source(languages=()),)),)), "languages is empty"),
        (lambda: Mix(phases=(Phase(sources=(Source(method={"eng_Latn": 0.7}),)),)), "fixed shares sum to 0.7"),
        (
            lambda: Mix(phases=(Phase(sources=(Source(method={"eng_Latn": 1.0}, languages=("swh_Latn",)),)),)),
            "languages and the keys",
        ),
        (lambda: Mix(emit="ids", phases=(Phase(sources=(Source(dataset="instructions/x"),)),)), "needs text"),
    ],
)
def test_a_wrong_mix_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_mix_reads_from_a_pipeline_file():
    options = {
        "name": "pretrain",
        "phases": [
            {"name": "warm", "tokens": 1000, "sources": [{"method": {"eng_Latn": 0.9, "est_Latn": 0.1}}]},
            {"name": "main", "sources": [{"share": 0.9}, {"dataset": "augmented/codeswitch", "languages": ["mul"]}]},
        ],
    }
    config = configure(find_stage("mix", "here"), options, "here")
    assert datasets(config) == ("corpus", "augmented/codeswitch")
    assert config.phases[0].sources[0].method == {"eng_Latn": 0.9, "est_Latn": 0.1}
    with pytest.raises(ConfigError, match="max_epoch"):
        configure(find_stage("mix", "here"), {"phases": [{"sources": [{"max_epoch": 2}]}]}, "here")


@given(
    st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 10**6), min_size=1),
    st.sampled_from(["natural", "unimax", "temperature"]),
    st.lists(st.floats(0.1, 1.5), min_size=1, max_size=3),
)
def test_quotas_spend_the_budget_within_the_caps(sizes, method, passes):
    available = {("corpus", language): tokens for language, tokens in sizes.items()}
    source = Source(method=method, max_epochs=6.0)
    phases = tuple(Phase(name=str(n), passes=value, sources=(source,)) for n, value in enumerate(passes))
    found = solve(Mix(phases=phases), available)
    for phase, value in zip(phases, passes, strict=True):
        spent = sum(quota.tokens for quota in found if quota.phase == phase.name)
        assert spent == int(value * sum(sizes.values()))
    assert all(quota.stop <= 6 * quota.available + len(sizes) for quota in found)
