"""Word-by-word translation with a bilingual word list: crude, real, and the same everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.augment.codes import folded
from stages.augment.lexicon import Lexicon, OpenLexicon, recased, with_replacements
from stages.augment.words import word_spans
from stages.errors import ConfigError
from stages.translate.backend import Translator


@dataclass(frozen=True)
class LexiconTranslator:
    """Puts the first translation in the place of each word or phrase that the list has; all else stays."""

    lexicon: OpenLexicon
    name: str = "lexicon"

    @property
    def version(self) -> str:
        return self.lexicon.version

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Word order and inflection stay those of the source language."""
        if folded(target) not in self.lexicon.targets(source):
            raise ConfigError(f"the lexicon has no entries from {source} to {target}")
        return [self._translated(text, source, folded(target)) for text in texts]

    def _translated(self, text: str, source: str, target: str) -> str:
        hits = self.lexicon.find(text, word_spans(text), source)
        return with_replacements(
            text,
            [
                (hit.start, hit.end, recased(hit.translations[target][0], text[hit.start : hit.end], target))
                for hit in hits
                if target in hit.translations
            ],
        )


@dataclass(frozen=True)
class LexiconBackend:
    """The backend over a lexicon file, as `stages.augment.lexicon.Lexicon` reads it."""

    lexicon: Lexicon

    def open(self) -> Translator:
        return LexiconTranslator(self.lexicon.open())

    def fingerprint(self) -> str:
        return self.lexicon.fingerprint()
