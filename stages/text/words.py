"""What is asked of single words, remembered because most of them recur."""

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

import regex

V = TypeVar("V")


class Remembered(dict[str, V], Generic[V]):
    """A pure function of a string as a table that fills itself and starts anew when it is full."""

    def __init__(self, function: Callable[[str], V], limit: int) -> None:
        super().__init__()
        self.function = function
        self.limit = limit

    def __missing__(self, key: str) -> V:
        if len(self) >= self.limit:
            self.clear()
        value = self[key] = self.function(key)
        return value


class WordFacts(NamedTuple):
    """`length` in characters; `is_word` if it holds a letter, mark or number; `has_letter`; `folded` in lower case."""

    length: int
    is_word: bool
    has_letter: bool
    folded: str


_WORD: Final = regex.compile(r"[\p{L}\p{M}\p{N}]")
_LETTER: Final = regex.compile(r"\p{L}")


def word_facts(word: str) -> WordFacts:
    """Facts of one word of a segmentation."""
    if word[:1].isalpha():  # spares most words the slower tables, which know every letter that Python knows
        return WordFacts(len(word), True, True, word.lower())
    return WordFacts(len(word), _WORD.search(word) is not None, _LETTER.search(word) is not None, word.lower())


WORD_FACTS: Final = Remembered(word_facts, 1 << 16)
"""`word_facts` as a table."""
