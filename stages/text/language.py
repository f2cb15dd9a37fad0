"""What the text stages need to know of a language."""

from dataclasses import dataclass

from stages.text.characters import TERMINATORS


@dataclass(frozen=True, kw_only=True)
class LanguageText:
    """The `[text]` table of a language file: part of the key of `annotate`, unlike its bounds.

    `terminators` are the characters that end a sentence, `stop_words` and `flagged_words` are NFC and lower case,
    and so are `frequent_words`: frequent ones that hardly stand in text of other languages.
    Words need no setting: which runs have no spaces is a property of their script.
    """

    code: str = "und"
    terminators: str = TERMINATORS
    stop_words: frozenset[str] = frozenset()
    flagged_words: frozenset[str] = frozenset()
    frequent_words: frozenset[str] = frozenset()
