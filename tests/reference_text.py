"""Reference text that tests write out."""

from pipelines.labelled_text import LabelledText


def reference_text(
    ident: str, text: str, source: str, licence: str = "", whole: bool = True, translation: str = ""
) -> LabelledText:
    """A text whose language is told beside it."""
    return LabelledText(ident, ident, None, text, source, licence, whole, translation)
