"""C4's rules as numbers: sentences in usable lines, code, placeholder text, cookie and policy lines."""

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import regex

from stages.quality.c4_kernel import BRACES, FEW, LONG, SENTENCES, UNTERMINATED, Rules, count
from stages.quality.phrases import JAVASCRIPT, LOREM, POLICY
from stages.registry import stage
from stages.text.batch import TextBatch, columns_in, measured
from stages.text.characters import SEPARATORS, UNSPACED
from stages.text.language import DICTIONARY, Segmenter
from stages.text.segmentation import TOKEN, Segmentation, find_sentences, find_words, has_unspaced
from stages.text.sentences import marks_of
from stages.text.tables import bitmap
from stages.text.words import WORD_FACTS

COLUMNS = pa.schema(
    [
        ("lorem_ipsum_count", pa.int32()),
        ("curly_brace_count", pa.int32()),
        ("sentence_count", pa.int32()),
        ("javascript_line_count", pa.int32()),
        ("policy_line_count", pa.int32()),
        ("unterminated_line_ratio", pa.float32()),
        ("few_word_line_ratio", pa.float32()),
        ("long_word_line_count", pa.int32()),
    ]
)
_columns = columns_in(COLUMNS)
CITATION = re.compile(r"\[\d*]|\[edit]|\[citation needed]")
_POLICY = re.compile("terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies")
_PIECE = regex.compile(rf"(?V1)[^\s\x1c-\x1f{SEPARATORS}]+")
_RUN = regex.compile(rf"(?V1){UNSPACED}")
QUOTES = "\"'”’»」』"
"""What may end a sentence in place of its terminator; C4 has the straight quotes."""
BRACKETS = ")）"
"""What a line may end in after a terminator. Of lines that end in one without it nearly all are code."""


@dataclass(frozen=True, kw_only=True)
class C4:
    """Options of `quality.c4`.

    Lines with fewer than `min_words_per_line` words or with a word of more than `max_word_length` characters are not
    used, nor, with `terminated_lines_only`, lines that end without terminal punctuation: C4's own rule for English,
    which FineWeb left out and which no text of a script without terminators would survive.
    """

    min_words_per_line: int = 3
    max_word_length: int = 1000
    terminated_lines_only: bool = False


@stage("quality.c4", config=C4, writes=COLUMNS, version=2)
def c4(batch: TextBatch, config: C4) -> pa.RecordBatch:
    """Measure C4's rules line by line.

    A line goes through C4's tests in their order: a word too long, no terminal punctuation, too few words, then
    `lorem ipsum`, `javascript`, a curly brace, cookie and policy phrases. The first that applies counts it, but for
    the brace, after which the line goes on; of the lines left `sentence_count` sentences are counted. The two ratios
    are over all lines, blank ones included, and are 0 for a text without lines; `unterminated_line_ratio` is measured
    whether or not such lines are used.

    Reads:   text
    Writes:  lorem_ipsum_count, curly_brace_count, sentence_count, javascript_line_count, policy_line_count,
             long_word_line_count: int32; unterminated_line_ratio, few_word_line_ratio: float32
    Source:  Raffel et al. 2020, section 2.2, as datatrove 0.10.1's C4QualityFilter. Different on purpose:
             terminal punctuation is the language's and closing quotes of other scripts, and a closing bracket may
             follow a terminator; words are those of `line_words`; lines are counted on after what drops the
             document there (lorem ipsum, a brace).
    """
    terminators = batch.language.terminators
    usable = terminators.replace("…", "")
    rules = Rules(
        marks_of(terminators),
        bitmap(usable + QUOTES),
        bitmap(usable),
        config.min_words_per_line,
        config.max_word_length,
        config.terminated_lines_only,
    )
    segments = batch.segments
    found = count(segments, rules).T
    lines = np.maximum(segments.split_line_counts, 1)
    columns = (
        found[LOREM],
        found[BRACES],
        found[SENTENCES],
        found[JAVASCRIPT],
        found[POLICY],
        found[UNTERMINATED] / lines,
        found[FEW] / lines,
        found[LONG],
    )
    return _columns(columns)


def c4_plain(batch: TextBatch, config: C4) -> pa.RecordBatch:
    """The reference of `c4`, as the rules are written."""
    return measured(COLUMNS, [_Lines(batch, config).count(parts) for _, parts in batch])


class _Lines:
    """C4's tests for the lines of one language."""

    def __init__(self, batch: TextBatch, config: C4) -> None:
        self.terminators = tuple(batch.language.terminators.replace("…", ""))
        self.endings = (*self.terminators, *QUOTES)
        self.config = config

    def count(self, parts: Segmentation) -> tuple[float, ...]:
        lorem = braces = sentences = javascript = policy = unterminated = few = long_words = 0
        for whole in parts.lines:
            line = whole.strip()
            words = line_words(line, parts.language.segmenter)
            if max(map(len, words), default=0) > self.config.max_word_length:
                long_words += 1
                continue
            line = CITATION.sub("", line)
            if not self._is_terminated(line):
                unterminated += 1
                if self.config.terminated_lines_only:
                    continue
            if len(words) < self.config.min_words_per_line:
                few += 1
                continue
            folded = line.lower()
            if "lorem ipsum" in folded:
                lorem += 1
                continue
            if "javascript" in folded:
                javascript += 1
                continue
            braces += "{" in line
            if _POLICY.search(folded):
                policy += 1
                continue
            sentences += len(find_sentences(line, parts.terminators))
        total = max(len(parts.lines), 1)
        return lorem, braces, sentences, javascript, policy, unterminated / total, few / total, long_words

    def _is_terminated(self, line: str) -> bool:
        bare = line.rstrip(BRACKETS)
        return bare.endswith(self.endings if bare == line else self.terminators) and not bare.endswith("...")


def line_words(line: str, segmenter: Segmenter = DICTIONARY) -> list[str]:
    """Words as C4 counts them: what stands between spaces (or wordspaces), "well," and "-" too.

    Runs of scripts without spaces are as many words as they are segmented into, and what stands beside one is a word
    if it holds a letter, mark or number.
    """
    found: list[str] = []
    for piece in _PIECE.findall(line):
        found += _piece_words(piece, segmenter) if has_unspaced(piece) else [piece]
    return found


def _piece_words(piece: str, segmenter: Segmenter) -> list[str]:
    runs = [token for token in TOKEN.finditer(piece) if _RUN.match(token.group())]
    if not runs:
        return [piece]
    found, start = [], 0
    for run in runs:
        found += [piece[start : run.start()], *find_words(run.group(), segmenter)]
        start = run.end()
    return [word for word in (*found, piece[start:]) if WORD_FACTS[word].is_word]
