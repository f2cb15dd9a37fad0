"""What the text stages need to know of a language."""

from dataclasses import dataclass
from typing import Final, Literal

from stages.text.characters import TERMINATORS

Segmenter = Literal["dictionary", "clusters", "spaces"]
"""How runs of a script without spaces become words: by ICU's dictionary, each character with its marks, or whole."""

DICTIONARY: Final[Segmenter] = "dictionary"


@dataclass(frozen=True, kw_only=True)
class LanguageText:
    """The `[text]` table of a language file: part of the key of `annotate`, unlike its bounds.

    `terminators` are the characters that end a sentence, `stop_words` and `flagged_words` are NFC and lower case,
    and so are `frequent_words`: frequent ones that hardly stand in text of other languages.
    Words of scripts with spaces need no setting; `segmenter` is for runs of the others, of which it cuts all signals
    but no sketch: duplicates are found whatever a text was identified as.
    """

    code: str = "und"
    terminators: str = TERMINATORS
    segmenter: Segmenter = DICTIONARY
    stop_words: frozenset[str] = frozenset()
    flagged_words: frozenset[str] = frozenset()
    frequent_words: frozenset[str] = frozenset()
