"""Chinese text in one of its two variants, Simplified or Traditional."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import opencc

from stages.identify.script import dominant_script
from stages.registry import stage

_CONVERSIONS: Final = {"hans": "t2s", "hant": "s2t"}


@dataclass(frozen=True)
class ChineseConverter:
    """OpenCC's conversion to a variant, which changes with OpenCC's dictionaries."""

    to: Literal["hans", "hant"]

    def open(self) -> Any:
        return opencc.OpenCC(_CONVERSIONS[self.to])

    def fingerprint(self) -> str:
        """Conversion and version of the dictionaries."""
        return f"{_CONVERSIONS[self.to]}-{opencc.__version__}"


@dataclass(frozen=True, kw_only=True)
class NormalizeChinese:
    """Options of `normalize.chinese`: `to` is the variant that all Chinese text gets."""

    to: Literal["hans", "hant"] = "hans"


@stage(
    "normalize.chinese",
    config=NormalizeChinese,
    kind="ingest",
    resources=lambda config: {"converter": ChineseConverter(config.to)},
)
def convert_chinese(text: str, config: NormalizeChinese, converter: Any) -> str:
    """Convert a text whose letters are mostly Han, without kana or Hangul beside them, to one variant of Chinese.

    Words decide where a character stands for several (发 is 髮 or 發). What is stored and hashed is the converted text,
    so that a page and its conversion are duplicates; leave the step out to keep both variants and tell them apart by
    `identify.variant`. Japanese without any kana is taken for Chinese. Other texts stay as they are, and so do those
    with surrogates, which `normalize.unicode` removes.

    Source:  OpenCC's dictionaries t2s and s2t, without regional words
    """
    if text.isascii() or dominant_script(text) != "Hani":
        return text
    try:
        return str(converter.convert(text))
    except UnicodeEncodeError:
        return text
