"""What a language is called in another language."""

from functools import cache

import icu

from stages.augment.codes import folded
from stages.identify.codes import known_languages

_MISSING_IN_ENGLISH = {
    "ber": "Berber",
    "cbk": "Chavacano",
    "max": "North Moluccan Malay",
    "orv": "Old East Slavic",
    "swg": "Swabian",
    "tzl": "Talossan",
}


@cache
def language_name(code: str, reader: str) -> str | None:
    """The name of a language in the language `reader`; None where CLDR has none.

    The script is added where it is not the usual one: `Serbian (Latin)`, `chinois (traditionnel)`.
    """
    shown = _locale(reader)
    if shown.getLanguage() not in _locales():
        return None  # ICU would answer in the language of the machine
    language, script = _locale(code).getLanguage(), code.partition("_")[2]
    name = str(icu.Locale(language).getDisplayLanguage(shown))
    if name == language:
        return _MISSING_IN_ENGLISH.get(language) if shown.getLanguage() == "en" else None
    if script and script not in _usual_scripts(code):
        return str(icu.Locale(f"{language}_{script}").getDisplayName(shown))
    return name


def _locale(code: str) -> icu.Locale:
    """ICU's locale of a code: `ekk_Latn` is its `et`; the script stays only where there are data for it."""
    language, _, script = folded(code).partition("_")
    canonical = icu.Locale.createCanonical(language)
    with_script = f"{canonical.getLanguage()}_{script}"
    return icu.Locale(with_script) if with_script in _locales() else canonical


def _usual_scripts(code: str) -> set[str]:
    language = folded(code).partition("_")[0]
    known = known_languages().get(language)
    likely = icu.Locale.createCanonical(language)
    likely.addLikelySubtags()
    return {str(likely.getScript()), *(known.scripts[:1] if known else ())}


@cache
def _locales() -> frozenset[str]:
    return frozenset(icu.Locale.getAvailableLocales())
