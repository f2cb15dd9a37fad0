"""The seam for whatever translates: a lexicon, a model, a server."""

from collections.abc import Sequence
from typing import Protocol


class Translator(Protocol):
    """An opened translation backend.

    A recipe that translates declares the backend as a resource and gets it opened, so that it never knows which one
    it is:

        @stage(
            "augment.translate_documents",
            kind="recipe",
            resources=lambda config: {"translator": LexiconBackend(config.lexicon)},
            ...
        )
        def translate_documents(batch, config, *, translator: Translator): ...

    The backend is a `stages.registry.Resource` whose `open()` returns the translator and whose `fingerprint()` names
    all that changes its output. Rows made with it carry `backend = f"{name} {version}"` and `origin = "translated"`.
    """

    @property
    def name(self) -> str:
        """As rows record it: `lexicon`, `ctranslate2`."""

    @property
    def version(self) -> str:
        """Of the model or list, so that equal versions give equal translations."""

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation for each text, in order; languages are codes as `ekk_Latn`.

        What is returned for a text must not depend on the other texts. Raises ConfigError for a pair of languages that
        the backend does not have.
        """
