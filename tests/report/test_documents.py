"""What the card of a rejected document says of its cause."""

import re

import pytest

from pipelines.inspect import Sample
from pipelines.report.documents import card
from pipelines.rundir import RunDir


@pytest.mark.parametrize(
    ("language", "reason", "bound", "value", "said"),
    [
        ("eng_Latn", "quality.gopher.word_count", ">= 40", 12.0, "value 12, bound &gt;= 40"),
        (
            "eng_Latn",
            "dedup.exact",
            "one of each cluster and language",
            2.0,
            "one of 2 documents that share text: only one in each language is kept",
        ),
        (
            "und",
            "dedup.minhash",
            "a labelled copy exists",
            3.0,
            "one of 3 documents that share text: its language is not known, that of another one is",
        ),
    ],
)
def test_a_card_says_why_in_plain_words(
    run: RunDir, language: str, reason: str, bound: str, value: float, said: str
) -> None:
    sample = Sample(
        doc_id="a" * 32,
        language=language,
        reason=reason,
        bound=bound,
        value=value,
        survivor=None,
        detail=None,
        source="web",
        source_id=None,
        url=None,
        locator="part.jsonl#1",
        why=None,
        excerpt="text",
    )
    shown = re.sub("<[^>]*>", "", card(run, sample))
    assert said in shown
    assert bound not in shown or not reason.startswith("dedup.")
