"""The comparison with datatrove's filters finds every difference and knows the deliberate ones."""

from typing import Any

import numpy as np
import pytest

from infra.benchmarks import datatrove_agreement, rivals
from infra.benchmarks.agreement import comparison
from infra.benchmarks.agreement.bounds import FILTERS, our_decisions
from infra.benchmarks.agreement.comparison import Outcome, causes, compare
from infra.benchmarks.agreement.differences import DELIBERATE
from infra.benchmarks.agreement.values import Recorder
from infra.benchmarks.datatrove_agreement import LanguageAgreement, Summary, evenly, numbered
from infra.benchmarks.documents import Document, grouped

SENTENCE = "The cat went to the house and the dog went with the king to see that all of it was good. "
PLACES = ("harbour", "village", "mountain", "library", "market", "garden", "station", "castle", "island")
VARIED = " ".join(f"Nobody from the {place} would have known of it that evening." for place in PLACES)


def outcomes(text: str, language: str = "eng_Latn") -> list[tuple[str, str, str]]:
    (batch,) = grouped([Document("a", text, language)])
    return [(outcome.filter, outcome.what, outcome.explanation) for outcome in compare(batch)]


def bullets(count: int) -> str:
    return VARIED + " ·" * count


@pytest.mark.parametrize(
    "text",
    [
        "word",
        SENTENCE * 4,
        VARIED,
        VARIED + "\n" + VARIED,
        "\n".join(f"- item number {number} of the list" for number in range(20)),
        "Lorem ipsum dolor sit amet.\n" + VARIED,
        "if (x) { return; } and so on and on.\n" + VARIED,
        "one two three four five six seven eight nine ten " * 8,
    ],
)
def test_equal_where_nothing_is_deliberate(text: str) -> None:
    assert outcomes(text) == []


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (bullets(300), "eng_Latn", ("gopher", "what is no word")),
        (VARIED.title(), "eng_Latn", ("gopher", "stop words")),
        ("ab c d e f x a bc d e f", "eng_Latn", ("repetition", "n-grams keep their words apart")),
        ("कल मेल आया और बच्चे गए। " * 6, "hin_Deva", ("c4", "terminators of all scripts")),
        ("(It is a cat that ran here.)\n" * 6, "eng_Latn", ("c4", "a closing bracket after a terminator")),
        ("今天天气很好。我们去公园吧！明天再来。他们都很高兴。你好吗？", "cmn_Hani", ("c4_any_end", "words of a line")),
    ],
)
def test_deliberate_differences_are_explained(text: str, language: str, expected: tuple[str, str]) -> None:
    name, explanation = expected
    found = outcomes(text, language)
    assert any(outcome[0] == name and explanation in outcome[2] for outcome in found), found
    assert all(outcome[2] for outcome in found)


def test_a_wrong_column_is_unexplained(monkeypatch: pytest.MonkeyPatch) -> None:
    true = comparison.our_columns

    def wrong(batch: Any) -> list[dict[str, Any]]:
        return [row | {"bullet_line_ratio": 0.95, "top_2gram_char_ratio": 0.0} for row in true(batch)]

    monkeypatch.setattr(comparison, "our_columns", wrong)
    found = outcomes(VARIED)
    assert ("gopher", "keep → gopher_too_many_bullets", "") in found
    assert ("gopher", "value of bullet_line_ratio: ours is larger by 1 % and more", "") in found
    assert ("repetition", "value of top_2gram_char_ratio: ours is smaller by 1 % and more", "") in found


@pytest.mark.parametrize("chosen", FILTERS)
def test_one_filter_alone(chosen: str) -> None:
    (batch,) = grouped([Document("a", VARIED.title() + "\n" + "今天天气很好。我们去公园吧！" * 3, "eng_Latn")])
    everything = [outcome for outcome in compare(batch) if outcome.filter == chosen]
    assert compare(batch, (chosen,)) == everything


def test_every_deliberate_difference_has_a_reason_and_a_filter() -> None:
    for difference in DELIBERATE:
        assert set(difference.filters) <= set(FILTERS)
        assert difference.reason
        with difference.without():
            pass


@pytest.mark.parametrize("value", [3, 0.25, np.float64(0.25), np.int64(3)])
def test_thresholds_record_what_is_compared(value: Any) -> None:
    recorder = Recorder()
    assert not value < recorder
    assert not value > recorder
    assert recorder.seen == [float(value)] * 2
    assert Recorder().largest() is None


def test_reasons_that_depend_on_the_first_line_are_both_allowed() -> None:
    (batch,) = grouped([Document("a", "Lorem ipsum { is here now.\nAnd { another line of text.", "eng_Latn")])
    assert our_decisions(batch)[0]["c4_any_end"] == {"lorem_ipsum", "curly_bracket"} or our_decisions(batch)[0][
        "c4_any_end"
    ] == {"lorem_ipsum"}


def test_unexplained_differences_come_first() -> None:
    summary = Summary(documents=3)
    for outcome in (
        Outcome("a", "gopher", "x", "known"),
        Outcome("b", "gopher", "x", "known"),
        Outcome("c", "c4", "y", ""),
    ):
        summary.add(outcome)
    assert [(row["explanation"], row["documents"], row["example"]) for row in summary.rows()] == [
        ("", 1, "c"),
        ("known", 2, "a"),
    ]
    assert datatrove_agreement.differences_table(summary).row_count == 2


def test_shares_by_language() -> None:
    agreement = LanguageAgreement()
    kept: dict[str, str | None] = dict.fromkeys(FILTERS)
    agreement.add(kept, kept)
    agreement.add(kept, kept | {"gopher": "gopher_short_doc"})
    agreement.add(kept | {"c4": "too_few_sentences"}, kept | {"gopher": "error: ZeroDivisionError"})
    agreement.add(kept, kept | {"c4": "too_few_sentences"})
    row = agreement.row("eng_Latn")
    assert (row["differ"], row["differ_as_fineweb"]) == (0.5, 0.5)
    assert (row["datatrove_dropped"], row["ours_dropped"], row["datatrove_failed"]) == (0.75, 0.25, 1)
    assert (row["gopher"], row["c4"], row["repetition"]) == (0.5, 0.5, 0.0)
    assert datatrove_agreement.agreement_table([row], 1).row_count == 1
    assert datatrove_agreement.agreement_table([row], 5).row_count == 0


def test_documents_of_each_language_are_spread_and_distinct() -> None:
    documents = [Document(str(number % 3), "x", "a" if number % 2 else "b") for number in range(12)]
    assert len(evenly(documents, 2)) == 4
    assert len({document.id for document in numbered(documents)}) == 12


def test_both_sides_are_joined_by_document() -> None:
    documents = [Document("a", "word", "eng_Latn"), Document("b", VARIED, "eng_Latn"), Document("c", "ш", "rus_Cyrl")]
    kept: dict[str, str | None] = dict.fromkeys(FILTERS)
    rows = datatrove_agreement.with_own_splitters(documents, {"eng_Latn": "en"}, {"a": kept, "b": kept})
    (row,) = rows
    assert (row["language"], row["documents"]) == ("eng_Latn", 2)
    assert row["gopher"] == 0.5


def test_what_differs_has_its_cause() -> None:
    """Words or sentences where datatrove's filter decides as we do with ours, else the deliberate difference."""
    kept: dict[str, str | None] = dict.fromkeys(FILTERS)
    (batch,) = grouped([Document("a", "word", "eng_Latn"), Document("b", VARIED.title(), "eng_Latn")])
    decided = [kept, kept | {"gopher": "gopher_enough_stop_words", "c4_any_end": "error: ValueError"}]
    found = causes(batch, decided)
    assert (found[0]["gopher"], found[0]["c4"]) == ("its words", "its sentences")
    assert (found[1]["gopher"], found[1]["c4_any_end"]) == ("stop words in any case", "it fails (ValueError)")


def test_the_row_of_a_language_says_what_the_other_tokenizer_finds() -> None:
    documents = [Document("a", "One, two. Three.", "eng_Latn"), Document("b", VARIED, "eng_Latn")]
    kept: dict[str, str | None] = dict.fromkeys(FILTERS)
    parts = {"a": {"words": 3, "attached": 3, "sentences": 4}, "b": {}}
    (row,) = datatrove_agreement.with_own_splitters(documents, {"eng_Latn": "en"}, {"a": kept, "b": kept}, parts)
    assert (row["words_per_ours"], row["sentences_per_ours"], row["punctuation_attached"]) == (0.5, 2.0, 1.0)
    assert row["causes"]["gopher: its words"] == 1
    assert datatrove_agreement.agreement_table([row], 1).row_count == 1


def test_parts_of_a_document_by_datatrove(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datatrove.utils.text.split_into_words", lambda text, _: text.split())
    monkeypatch.setattr("datatrove.utils.text.split_into_sentences", lambda text, _: text.split(". "))
    text = rivals.Text("a", "One, two. (Three — four\n\nFive", "eng_Latn", "en")
    assert rivals.parts(text) == {"words": 6, "attached": 3, "sentences": 3}
