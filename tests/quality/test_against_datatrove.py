"""datatrove's own filters with our words plugged in decide as our columns do.

Where we differ on purpose the difference is taken out of datatrove first, in `aligned`, so that the list of
differences is complete: what is no word, the terminators, and the words of a line in scripts without spaces.
"""

import numpy as np
import pyarrow as pa
import pytest
import regex
from datatrove.data import Document
from datatrove.pipeline.filters import c4_filters, gopher_quality_filter
from datatrove.pipeline.filters.c4_filters import C4QualityFilter
from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter
from datatrove.pipeline.filters.gopher_repetition_filter import GopherRepetitionFilter
from datatrove.utils.word_tokenizers import WordTokenizer, simple_span_tokenize

from stages.quality import c4 as ours_c4
from stages.quality.c4 import C4, c4
from stages.quality.fineweb import FineWeb, fineweb
from stages.quality.gopher import Gopher, gopher
from stages.quality.repetition import Repetition, repetition
from stages.text.batch import TextBatch
from stages.text.characters import TERMINATORS
from stages.text.language import LanguageText
from stages.text.segmentation import find_sentences, find_words

LANGUAGE = LanguageText(code="eng_Latn", stop_words=frozenset({"the", "and", "of", "to"}))

EDGES = [
    "word",
    "- bullet",
    "• bullet",
    "it ends...",
    "it ends …",
    "# heading",
    "the and of to",
    "123 456 {",
    "«да», нет.",
]
TEXTS = [
    "the cat and the dog went to the house of the king.\n" * 3,
    "\n".join(f"- item number {number} of the list" for number in range(20)),
    "\n\n".join(["One paragraph of the text.", "And another one, to be sure."] * 4),
    "# # # # a b c d e f g h … … …",
    "Great news... and more...\n" * 4 + "The last line of all ends here.",
    "कल मेल आया। मूल बात यह है कि बच्चे स्कूल गए और वापस आए।\n" * 2 + "नई पंक्ति।",
    "أكتب هذه الجملة الطويلة، ثم أكتب جملة أخرى؟\nوهذا سطر آخر.",
    "Ez a mondat egyszer van. Ez a mondat kétszer van. Ez a mondat kétszer van.\nRövid",
    "አዲስ አበባ የኢትዮጵያ ዋና ከተማ ናት። ብዙ ሰዎች ይኖራሉ።",
    "한국어 문장입니다. 또 하나 있습니다. 그리고 또 하나 있습니다.",
    "Բարեւ աշխարհ։ Ինչպե՞ս ես։\nԼավ եմ։",
    "if (x) { return javascript; }\nWe use cookies. See our privacy policy.\nA fine line stays here.",
    "Lorem ipsum dolor sit amet.\nA fine line stays here, too.",
    "A sentence with a citation needs it.[1] And so on [citation needed].\nshort line",
    "😀 😀 😀 fun and games with the emoji of the day! 😀",
    "one two three four five six seven eight nine ten " * 8,
    "unique " + " ".join(f"w{number}" for number in range(150)) + ".",
    *(" ".join(EDGES[start:] + EDGES[:start]) + "\n" + "\n".join(EDGES[start:]) for start in range(len(EDGES))),
]


class Ours(WordTokenizer):
    """Our segmentation as a datatrove splitter."""

    def word_tokenize(self, text: str) -> list[str]:
        return find_words(text)

    def sent_tokenize(self, text: str) -> list[str]:
        return find_sentences(text, TERMINATORS)

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return list(simple_span_tokenize(text, self.sent_tokenize(text)))


class NoWord:
    """datatrove's list of punctuation by our definition: neither letter, mark nor number."""

    def __contains__(self, character: str) -> bool:
        return regex.match(r"[\p{L}\p{M}\p{N}]", character) is None


@pytest.fixture(autouse=True)
def aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gopher_quality_filter, "PUNCTUATION_SET", NoWord())
    monkeypatch.setattr(c4_filters, "END_PUNCTUATION", tuple(TERMINATORS.replace("…", "") + ours_c4.QUOTES))


def batch(text: str) -> TextBatch:
    return TextBatch(pa.RecordBatch.from_pydict({"text": pa.array([text], pa.large_string())}), LANGUAGE)


def reason(decision: bool | tuple[bool, str]) -> str | None:
    return decision[1] if isinstance(decision, tuple) else None


def first(checks: list[tuple[bool, str]]) -> str | None:
    return next((name for failed, name in checks if failed), None)


each_text = pytest.mark.parametrize("text", TEXTS)


@each_text
@pytest.mark.parametrize("minimum", [5, 50])
def test_gopher_quality(text: str, minimum: int) -> None:
    theirs = GopherQualityFilter(min_doc_words=minimum, stop_words=list(LANGUAGE.stop_words), language=Ours())
    row = gopher(batch(text), Gopher()).to_pylist()[0]
    symbols = float(np.float32(0.1))
    expected = first(
        [
            (row["word_count"] < minimum, "gopher_short_doc"),
            (row["mean_word_length"] < 3, "gopher_below_avg_threshold"),
            (row["mean_word_length"] > 10, "gopher_above_avg_threshold"),
            (row["symbol_ratio"] > symbols, "gopher_too_many_hashes or ellipsis"),
            (row["bullet_line_ratio"] > np.float32(0.9), "gopher_too_many_bullets"),
            (row["ellipsis_line_ratio"] > np.float32(0.3), "gopher_too_many_end_ellipsis"),
            (row["alphabetic_word_ratio"] < np.float32(0.8), "gopher_below_alpha_threshold"),
            (row["stop_word_count"] < 2, "gopher_enough_stop_words"),
        ]
    )
    found = reason(theirs.filter(Document(text=text.lower(), id="0")))  # our stop words match in any case
    if found in ("gopher_too_many_hashes", "gopher_too_many_ellipsis"):
        found = "gopher_too_many_hashes or ellipsis"
    assert found == expected


@each_text
def test_gopher_repetition(text: str) -> None:
    row = repetition(batch(text), Repetition()).to_pylist()[0]
    tops, dups = ((2, 0.2), (3, 0.18), (4, 0.16)), ((5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10))
    expected = first(
        [
            (row["duplicate_paragraph_ratio"] > np.float32(0.3), "dup_para_frac"),
            (row["duplicate_paragraph_char_ratio"] > np.float32(0.2), "dup_para_char_frac"),
            (row["duplicate_line_ratio"] > np.float32(0.3), "dup_line_frac"),
            (row["duplicate_line_char_ratio"] > np.float32(0.2), "dup_line_char_frac"),
            *((row[f"top_{n}gram_char_ratio"] > np.float32(limit), f"top_{n}_gram") for n, limit in tops),
            *(
                (row[f"duplicate_{n}gram_char_ratio"] > np.float32(limit), f"duplicated_{n}_n_grams")
                for n, limit in dups
            ),
        ]
    )
    assert reason(GopherRepetitionFilter(language=Ours()).filter(Document(text=text, id="0"))) == expected


@each_text
def test_fineweb(text: str) -> None:
    theirs = FineWebQualityFilter(stop_chars=tuple(TERMINATORS), char_duplicates_ratio=0.1, language=Ours())
    row = fineweb(batch(text), FineWeb()).to_pylist()[0]
    expected = first(
        [
            (row["line_punctuation_ratio"] < np.float32(0.12), "line_punct_ratio"),
            (row["short_line_ratio"] > np.float32(0.67), "short_line_ratio"),
            (row["line_duplicate_char_ratio"] > np.float32(0.1), "char_dup_ratio"),
            (row["newline_word_ratio"] > np.float32(0.3), "list_ratio"),
        ]
    )
    assert reason(theirs.filter(Document(text=text, id="0"))) == expected


@each_text
@pytest.mark.parametrize("terminated", [True, False])
def test_c4(text: str, terminated: bool) -> None:
    theirs = C4QualityFilter(filter_no_terminal_punct=terminated, min_num_sentences=3, language=Ours())
    row = c4(batch(text), C4(terminated_lines_only=terminated)).to_pylist()[0]
    drops = {
        "lorem_ipsum": row["lorem_ipsum_count"] > 0,
        "curly_bracket": row["curly_brace_count"] > 0,
        "too_few_sentences": row["sentence_count"] < 3,
    }
    found = reason(theirs.filter(Document(text=text, id="0")))
    assert drops[found] if found else not any(drops.values())


def test_scripts_without_spaces_are_where_c4_differs() -> None:
    """datatrove's lines of Chinese have one word between spaces, so that C4 drops every one of them."""
    text = "今天天气很好。我们去公园吧！明天再来。"
    assert reason(C4QualityFilter(language=Ours(), min_num_sentences=3).filter(Document(text=text, id="0")))
    assert c4(batch(text), C4()).to_pylist()[0]["sentence_count"] == 3
