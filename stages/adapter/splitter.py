"""Our segmentation in the place of datatrove's word tokenizers."""

from dataclasses import dataclass, field

from stages.text.language import LanguageText
from stages.text.segmentation import Segmentation, segment


@dataclass(eq=False)
class Splitter:
    """What datatrove calls a `WordTokenizer`; equal only to itself, as datatrove caches by it.

    `current` is the document at hand: its text is not segmented again.
    """

    current: Segmentation = field(default_factory=lambda: segment("", LanguageText()))

    def word_tokenize(self, text: str) -> list[str]:
        """Words and punctuation."""
        return self._parts(text).words

    def sent_tokenize(self, text: str) -> list[str]:
        """Sentences without surrounding white space."""
        return self._parts(text).sentences

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Character ranges of the sentences."""
        spans, end = [], 0
        for sentence in self.sent_tokenize(text):
            start = text.index(sentence, end)
            end = start + len(sentence)
            spans.append((start, end))
        return spans

    def _parts(self, text: str) -> Segmentation:
        return self.current if text == self.current.text else segment(text, self.current.language)


def splitter() -> Splitter:
    """A splitter that datatrove takes as a `WordTokenizer`."""
    from datatrove.utils.word_tokenizers import WordTokenizer

    WordTokenizer.register(Splitter)
    return Splitter()
