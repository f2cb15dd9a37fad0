"""Language codes: any spelling to one ISO 639-3 + ISO 15924 code, as `ekk_Latn`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files

import icu

from stages.columns import UNDETERMINED
from stages.errors import ConfigError

NOT_ONE_LANGUAGE = frozenset({"mul", UNDETERMINED, "mis", "zxx"})
"""Codes without a script: several languages, undetermined, without a code, no language."""

_PRINCIPAL = dict(
    pair.split(">")
    for pair in [
        "aka>twi",
        "ara>arb",
        "aym>ayr",
        "aze>azj",
        "bik>bcl",
        "bua>bxr",
        "chm>mhr",
        "est>ekk",
        "fas>pes",
        "grn>gug",
        "iku>ike",
        "kau>knc",
        "kok>gom",
        "kom>kpv",
        "kur>kmr",
        "lav>lvs",
        "mlg>plt",
        "mon>khk",
        "msa>zsm",
        "nep>npi",
        "nor>nob",
        "ori>ory",
        "orm>gaz",
        "pus>pbt",
        "sqi>als",
        "swa>swh",
        "uzb>uzn",
        "yid>ydd",
        "zho>cmn",
        "zza>diq",
    ]
)
"""The individual language that text under a macrolanguage's code is nearly always in (FineWeb-2 decides the same)."""

_WRITTEN_AS_ONE = frozenset({"hbs", "srd", "kpe", "san"})
"""Macrolanguages that are labels of their own: models and corpora have text under them, and none under members."""

_SEVERAL_SCRIPTS = frozenset({"srp"})
"""Languages whose code alone does not tell the script: both are usual."""

_COLLECTIONS = {"nah": "Nahuatl languages", "oto": "Otomian languages", "ber": "Berber languages", "bih": "Bihari"}
"""Codes of ISO 639-2 for groups of languages that corpora use as if they were one."""

_SCRIPT_VARIANTS = {
    "Hans": "Hani", "Hant": "Hani", "Kore": "Hang", "Jamo": "Hang", "Hira": "Jpan", "Kana": "Jpan", "Hrkt": "Jpan",
    "Aran": "Arab", "Latf": "Latn", "Latg": "Latn", "Cyrs": "Cyrl", "Geok": "Geor",
    "Syre": "Syrc", "Syrj": "Syrc", "Syrn": "Syrc",
}  # fmt: skip
"""Variants and mixtures of a script, by the one code that languages are filed under."""

_MODIFIERS = {"latin": "Latn", "latn": "Latn", "cyrillic": "Cyrl", "cyrl": "Cyrl", "devanagari": "Deva"}
"""POSIX locale modifiers, as in `sr_RS@latin`."""


@dataclass(frozen=True)
class KnownLanguage:
    """A row of `languages.tsv`."""

    code: str
    other_codes: tuple[str, ...]
    scripts: tuple[str, ...]
    macro: str | None
    name: str
    family: str | None = None
    """The largest group of Glottolog that it is in; None for an isolate."""
    groups: tuple[str, ...] = ()
    """Groups of ISO 639-5 that it is in, the largest first: `ine sla zls`."""


@cache
def known_languages() -> Mapping[str, KnownLanguage]:
    """Every language of ISO 639-3 in use, by its three letters."""
    rows = (line.split("\t") for line in read_table("languages.tsv"))
    return {
        code: KnownLanguage(
            code,
            tuple(others.split()),
            tuple(scripts.split()),
            macro or None,
            name,
            family or None,
            tuple(groups.split()),
        )
        for code, others, scripts, macro, name, family, groups in rows
    }


@cache
def _retired() -> Mapping[str, tuple[str, ...]]:
    """Codes that took the place of one that was split."""
    rows = (line.split("\t") for line in read_table("retired.tsv"))
    return {code: tuple(successors.split()) for code, successors, _ in rows}


def read_table(name: str) -> list[str]:
    """Lines of a data file of this folder, without its comments."""
    text = files("stages.identify").joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def resolve(label: str, where: str = "language") -> str:
    """The one code that `et`, `est`, `ekk`, `ekk_Latn`, `zh-Hans`, `sr_RS@latin` or `__label__et` names.

    Macrolanguages become the individual language that text under them is nearly always in. `mul` and `und` stay as
    they are. A label of a model goes through `stages.identify.labels`, because models use codes in their own way.

    Raises ConfigError where several languages or scripts are meant (it lists them) and where none is (it names the
    nearest code).
    """
    language, script, region = _parts(label, where)
    if language in NOT_ONE_LANGUAGE:
        return language
    known = _find(language)
    if known is None:
        raise ConfigError(f"{where}: {label!r} {_not_one(label, language, script)}")
    code = _PRINCIPAL.get(known.code, known.code)
    if code == known.code and code not in _WRITTEN_AS_ONE and (members := _members(code)):
        raise ConfigError(f"{where}: {label!r} stands for several languages; {_choose(members)}")
    return f"{code}_{script or _usual_script(code, region, label, where)}"


@lru_cache(maxsize=1 << 16)
def resolve_or_none(label: str | None) -> str | None:
    """The code that an input's own label names; the usual script where several are meant; None for anything else."""
    if not label:
        return None
    try:
        return resolve("sr-RS" if label.strip().lower() in ("sr", "srp") else label)
    except ConfigError:
        return None


def is_code(text: str) -> bool:
    """Whether the text has the form of a code: `ekk_Latn` or one of the codes without a script."""
    return text in NOT_ONE_LANGUAGE or bool(re.fullmatch(r"[a-z]{3}_[A-Z][a-z]{3}", text))


def is_known(code: str) -> bool:
    """Whether a code is one of ISO 639-3, or one of the codes without a script."""
    return is_code(code) and (code in NOT_ONE_LANGUAGE or code.partition("_")[0] in known_languages())


def listed(codes: Iterable[str], shown: int = 12) -> str:
    """The first of them and how many more there are: `a, b, c and 40 more`."""
    choices = list(codes)
    more = f" and {len(choices) - shown:,} more" if len(choices) > shown else ""
    return f"{', '.join(choices[:shown])}{more}"


def name_of(code: str) -> str:
    """English name, with the script where it is not the usual one; the code itself where it is unknown."""
    language, _, script = code.partition("_")
    known = known_languages().get(language)
    if known is None:
        return {"und": "Undetermined", "mul": "Several languages"}.get(code, code)
    usual = not script or not known.scripts or script == known.scripts[0]
    return known.name if usual else f"{known.name} ({script_name(script)})"


def script_name(script: str) -> str:
    """English name of an ISO 15924 code."""
    return str(icu.Locale(f"und_{script}").getDisplayScript(icu.Locale("en")))


def family_of(code: str) -> str | None:
    """Name of the largest family that a code's language is in, as Glottolog has it; None for isolates and the like."""
    known = _find(code.partition("_")[0])
    return known.family if known else None


def groups_of(code: str) -> tuple[str, ...]:
    """ISO 639-5 codes of the groups that a code's language is in, the largest first: `ine sla zls`."""
    known = _find(code.partition("_")[0])
    return known.groups if known else ()


def bcp47(code: str) -> str:
    """The BCP 47 tag of a code: the shortest code of the language, and its script where it is not the usual one."""
    language, _, script = code.partition("_")
    known = known_languages().get(language)
    if known is None:
        return code.replace("_", "-")
    macros = (macro for macro, member in _PRINCIPAL.items() if member == language)
    others = (other for each in (language, *macros) for other in known_languages()[each].other_codes)
    subtag = next((other for other in others if len(other) == 2), language)
    usual = not script or (known.scripts[:1] == (script,) and language not in _SEVERAL_SCRIPTS)
    return subtag if usual else f"{subtag}-{script}"


def scripts_of(code: str) -> tuple[str, ...]:
    """Scripts that the language of a code is really written in: the code's own first, then the usual ones."""
    language, _, script = code.partition("_")
    known = known_languages().get(language)
    scripts = known.scripts if known else ()
    return (script, *(s for s in scripts if s != script)) if script else scripts


def same_language(first: str, second: str) -> bool:
    """Whether two codes agree when macrolanguages and their members count as one: `est_Latn`, `ekk_Latn`.

    Members of one macrolanguage agree with it, not with each other: `nob_Latn` agrees with `nor_Latn`, and not
    with `nno_Latn`. A code without a script agrees with every script.
    """
    one, _, one_script = first.partition("_")
    two, _, two_script = second.partition("_")
    scripts = {_SCRIPT_VARIANTS.get(script, script) for script in (one_script, two_script) if script}
    if len(scripts) > 1 and one not in NOT_ONE_LANGUAGE:
        return False
    one, two = _three_letters(one), _three_letters(two)
    return one == two or _macro(one) == two or _macro(two) == one


def _subtags(label: str) -> list[str]:
    return re.split(r"[-_]", re.split(r"[.@]", label.strip().removeprefix("__label__"))[0])


def _parts(label: str, where: str) -> tuple[str, str | None, str | None]:
    """Language subtag, script in one form and region of a label, tag or POSIX locale."""
    first, *rest = _subtags(label)
    language, script, region = first.lower(), _MODIFIERS.get(label.strip().partition("@")[2].lower()), None
    for subtag in rest:
        if len(subtag) == 1:  # a BCP 47 extension or private use follows
            break
        if len(subtag) == 4 and subtag.isalpha():
            script = script or _script(subtag, f"{where}: {label!r}")
        elif len(subtag) == 3 and subtag.isalpha() and _find(subtag.lower()):  # extended language: zh-yue
            language = subtag.lower()
        elif len(subtag) == 2:
            region = subtag.upper()
    return language, script, region


def _script(subtag: str, where: str) -> str | None:
    """The script in one form; None for `Zxxx`, `Zyyy` and the like."""
    script = subtag.capitalize()
    if script in {"Zxxx", "Zyyy", "Zinh", "Zzzz", "Xxxx"}:
        return None
    script = _SCRIPT_VARIANTS.get(script, script)
    if not _is_script(script):
        raise ConfigError(f"{where}: {script!r} is not a script of ISO 15924, as Latn or Cyrl")
    return script


def _is_script(script: str) -> bool:
    """Whether ICU names the script, or some language is written in it: ICU has no names for a few."""
    return script_name(script) != script or any(script in known.scripts for known in known_languages().values())


def _usual_script(code: str, region: str | None, label: str, where: str) -> str:
    scripts = known_languages()[code].scripts
    if code in _SEVERAL_SCRIPTS and region is None:
        choices = _choose(f"{code}_{script}" for script in scripts)
        raise ConfigError(f"{where}: {label!r} is written in several scripts; {choices}")
    if region and len(scripts) > 1:
        likely = icu.Locale(f"{code}_{region}").addLikelySubtags().getScript()
        likely = _SCRIPT_VARIANTS.get(likely, likely)
        return likely if likely in scripts else scripts[0]
    if not scripts:
        raise ConfigError(f"{where}: the script of {label!r} is not known; write it out, as {code}_Latn")
    return scripts[0]


def _find(language: str) -> KnownLanguage | None:
    return known_languages().get(_three_letters(language))


def _three_letters(language: str) -> str:
    return _other_codes().get(language, language)


@cache
def _other_codes() -> Mapping[str, str]:
    return {other: known.code for known in known_languages().values() for other in known.other_codes}


def _macro(language: str) -> str | None:
    known = known_languages().get(language)
    return known.macro if known else None


@cache
def _macrolanguages() -> Mapping[str, list[KnownLanguage]]:
    found: dict[str, list[KnownLanguage]] = {}
    for known in known_languages().values():
        if known.macro is not None:
            found.setdefault(known.macro, []).append(known)
    return found


def _members(macro: str) -> list[str]:
    """Codes of the languages of a macrolanguage."""
    members = _macrolanguages().get(macro, ())
    return sorted(f"{known.code}_{known.scripts[0]}" if known.scripts else known.code for known in members)


def _choose(codes: Iterable[str]) -> str:
    return f"choose one of {listed(codes)}"


def _not_one(label: str, language: str, script: str | None) -> str:
    """Why a code names no language: it was split, it is a group, or there is none."""
    if successors := _retired().get(language):
        return f"was split in ISO 639-3; {_choose(f'{code}_{script or _first_script(code)}' for code in successors)}"
    if language in _COLLECTIONS:
        return f"is a group of languages ({_COLLECTIONS[language]}); write the code of one of them"
    return f"is not a language code{_nearest(label)}"


def _first_script(code: str) -> str:
    return next(iter(known_languages()[code].scripts), "Latn")


def _nearest(label: str) -> str:
    """`; did you mean ekk_Latn (Estonian)?` for the nearest English name, or code where the label is as short."""
    names = {known.name.lower(): known.code for known in known_languages().values()}
    language = _subtags(label)[0].lower()
    word = label.strip().lower()
    close = get_close_matches(word, names, n=1) if word == language and len(word) > 3 else []
    if len(language) > 2:  # most codes of two letters are one letter away from some language
        close = close or get_close_matches(language, known_languages(), n=1)
    if not close:
        return "; codes are ISO 639-3 and ISO 15924, as ekk_Latn"
    code = _PRINCIPAL.get(names.get(close[0], close[0]), names.get(close[0], close[0]))
    found = known_languages()[code]
    return f"; did you mean {'_'.join((code, *found.scripts[:1]))} ({found.name})?"
