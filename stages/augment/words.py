"""Where the words and sentences of a text lie."""

from stages.augment.lexicon import Span
from stages.text.language import LanguageText
from stages.text.segmentation import segment


def word_spans(text: str) -> list[Span]:
    """Character ranges of the words that have a letter, ascending; numbers and punctuation are left out."""
    found = segment(text, LanguageText())
    return [span for span, word in zip(found.word_spans, found.words, strict=True) if any(map(str.isalpha, word))]


def sentence_starts(text: str) -> list[int]:
    """Offsets at which sentences begin, ascending."""
    starts, end = [], 0
    for sentence in segment(text, LanguageText()).sentences:
        start = text.index(sentence, end)
        end = start + len(sentence)
        starts.append(start)
    return starts
