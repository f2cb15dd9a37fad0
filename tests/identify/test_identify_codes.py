"""Language codes: spellings, macrolanguages, errors, and the labels of models."""

import pytest

from stages.errors import ConfigError
from stages.identify.codes import (
    bcp47,
    family_of,
    groups_of,
    known_languages,
    name_of,
    resolve,
    resolve_or_none,
    same_language,
    scripts_of,
)
from stages.identify.labels import (
    TABLES,
    codes_of_labels,
    label_table,
    labels_of,
    parse_labels,
    resolve_label,
    unresolvable,
)


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("et", "ekk_Latn"),
        ("est", "ekk_Latn"),
        ("ekk", "ekk_Latn"),
        ("ekk_Latn", "ekk_Latn"),
        ("__label__et", "ekk_Latn"),
        ("ET", "ekk_Latn"),
        ("zh-Hans", "cmn_Hani"),
        ("zho_Hant", "cmn_Hani"),
        ("zh_TW", "cmn_Hani"),
        ("zh-yue", "yue_Hani"),
        ("pt-BR", "por_Latn"),
        ("es-419", "spa_Latn"),
        ("en_US.UTF-8", "eng_Latn"),
        ("en-x-private", "eng_Latn"),
        ("sr-Latn", "srp_Latn"),
        ("sr_RS@latin", "srp_Latn"),
        ("sr-ME", "srp_Latn"),
        ("sr-Cyrl-RS", "srp_Cyrl"),
        ("uz", "uzn_Latn"),
        ("uz-Cyrl", "uzn_Cyrl"),
        ("lv", "lvs_Latn"),
        ("ar", "arb_Arab"),
        ("ms", "zsm_Latn"),
        ("sw", "swh_Latn"),
        ("ne", "npi_Deva"),
        ("mn", "khk_Cyrl"),
        ("az", "azj_Latn"),
        ("mg", "plt_Latn"),
        ("or", "ory_Orya"),
        ("sq", "als_Latn"),
        ("als", "als_Latn"),  # ISO 639-3: Tosk Albanian
        ("fa", "pes_Arab"),
        ("no", "nob_Latn"),
        ("iw", "heb_Hebr"),  # retired
        ("chi", "cmn_Hani"),  # ISO 639-2/B
        ("arm_Armn", "hye_Armn"),
        ("ja", "jpn_Jpan"),
        ("kor_Kore", "kor_Hang"),
        ("sh", "hbs_Latn"),
        ("tok", "tok_Latn"),
        ("ajp_Arab", "apc_Arab"),  # merged in 2023
        ("apc_Arab_sout3123", "apc_Arab"),  # FLORES+ adds a glottocode
        ("san", "san_Deva"),
        ("mul_Zxxx", "mul"),
        ("und", "und"),
    ],
)
def test_spellings_resolve_to_one_code(label: str, code: str) -> None:
    assert resolve(label) == code
    assert resolve(code) == code


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("sr", r"web.toml: 'sr' is written in several scripts; choose one of srp_Cyrl, srp_Latn"),
        ("cre", r"'cre' stands for several languages; choose one of crj_Cans, crk_Cans"),
        ("que", r"choose one of .* and \d+ more"),
        ("estonian", r"'estonian' is not a language code; did you mean ekk_Latn \(Estonian\)\?"),
        ("Ukranian", r"did you mean ukr_Cyrl \(Ukrainian\)\?"),
        ("swwe_Latn", r"did you mean sww_Latn"),
        ("ekk_Xatn", r"'Xatn' is not a script of ISO 15924"),
        ("", r"'' is not a language code; codes are ISO 639-3 and ISO 15924, as ekk_Latn"),
        ("daf_Latn", r"'daf_Latn' was split in ISO 639-3; choose one of dnj_Latn, lda_Latn"),
        ("nah", r"'nah' is a group of languages \(Nahuatl languages\)"),
        ("abj", r"the script of 'abj' is not known; write it out"),
    ],
)
def test_errors_say_what_to_write(label: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve(label, "web.toml")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("est_Latn", "ekk_Latn", True),
        ("zho_Hans", "cmn_Hani", True),
        ("kor_Kore", "kor_Hang", True),
        ("fas_Arab", "pes_Arab", True),
        ("baq_Latn", "eus_Latn", True),
        ("et", "ekk_Latn", True),
        ("nor_Latn", "nob_Latn", True),
        ("nno_Latn", "nob_Latn", False),
        ("arz_Arab", "arb_Arab", False),
        ("srp_Latn", "srp_Cyrl", False),
        ("srp", "srp_Cyrl", True),
        ("hbs_Latn", "srp_Latn", True),
        ("als_Latn", "gsw_Latn", False),
        ("und", "ekk_Latn", False),
        ("mul_Zxxx", "mul", True),
    ],
)
def test_macrolanguages_count_as_their_members(first: str, second: str, same: bool) -> None:
    assert same_language(first, second) is same
    assert same_language(second, first) is same


def test_names_and_scripts() -> None:
    assert name_of("ekk_Latn") == "Estonian"
    assert name_of("srp_Latn") == "Serbian (Latin)"
    assert name_of("xxx_Latn") == "xxx_Latn"
    assert name_of("und") == "Undetermined"
    assert scripts_of("srp_Latn") == ("Latn", "Cyrl")
    assert scripts_of("xxx_Cyrl") == ("Cyrl",)


def test_every_language_with_a_script_resolves_unless_it_is_several() -> None:
    assert len(known_languages()) > 7000
    macros = {known.macro for known in known_languages().values()}
    for known in known_languages().values():
        code = "_".join((known.code, *known.scripts[:1]))
        if known.scripts and known.code not in macros:
            assert resolve(code) == code


@pytest.mark.parametrize(
    ("code", "family", "groups"),
    [
        ("srp_Latn", "Indo-European", ("ine", "sla", "zls")),
        ("swh_Latn", "Atlantic-Congo", ("alv", "bnt")),
        ("est", "Uralic", ("urj",)),
        ("cmn_Hani", "Sino-Tibetan", ("sit", "zhx")),
        ("lit_Latn", "Indo-European", ("ine", "bat")),
        ("eus_Latn", None, ()),
        ("xxx_Latn", None, ()),
    ],
)
def test_families(code: str, family: str | None, groups: tuple[str, ...]) -> None:
    assert (family_of(code), groups_of(code)) == (family, groups)


def test_most_languages_have_a_family() -> None:
    known = known_languages().values()
    assert sum(bool(each.family) for each in known) > 0.9 * len(known)
    assert all(each.family for each in known if each.groups)


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("ekk_Latn", "et"),
        ("nob_Latn", "nb"),
        ("srp_Cyrl", "sr-Cyrl"),
        ("uzn_Cyrl", "uz-Cyrl"),
        ("gsw_Latn", "gsw"),
        ("kaz_Arab", "kk-Arab"),
        ("xxx_Latn", "xxx-Latn"),
    ],
)
def test_bcp47_tags(code: str, tag: str) -> None:
    assert bcp47(code) == tag


def test_bcp47_tags_resolve_to_the_code_they_are_of() -> None:
    macros = {known.macro for known in known_languages().values()}
    for known in known_languages().values():
        for script in () if known.code in macros else known.scripts:
            assert resolve(bcp47(f"{known.code}_{script}")) == f"{known.code}_{script}"


@pytest.mark.parametrize("model", TABLES)
def test_codes_of_label_tables_are_those_that_languages_are_filed_under(model: str) -> None:
    for label, code in label_table(model).items():
        assert resolve(code, label) == code


@pytest.mark.parametrize(
    ("label", "model", "code"),
    [
        ("__label__als", "lid.176", "gsw_Latn"),
        ("als_Latn", "glotlid", "als_Latn"),
        ("sq", "cld2", "als_Latn"),
        ("iw", "cld2", "heb_Hebr"),
        ("fas_Arab", "glotlid", "pes_Arab"),
        ("daf_Latn", "fineweb-2", "dnj_Latn"),
        ("zho_Hant", "flores-200", "cmn_Hani"),
        ("kon_Latn", "openlid", "ktu_Latn"),
    ],
)
def test_labels_resolve_per_model(label: str, model: str, code: str) -> None:
    assert resolve_label(label, model) == code
    assert label.removeprefix("__label__") in labels_of(code)[model]


@pytest.mark.parametrize(
    ("label", "model", "message"),
    [
        ("que_Latn", "glotlid", r"'que_Latn' of glotlid stands for several languages; choose one of qub_Latn"),
        ("und_Adlm", "glotlid", r"'und_Adlm' of glotlid is no language"),
        ("xx-Latn", "cld2", r"'xx-Latn' of cld2 is no language"),
        ("ekk", "lid.176", r"lid.176 has no label 'ekk'"),
        ("et", "lid176", r"no labels of 'lid176'; did you mean 'lid.176'\?"),
    ],
)
def test_labels_that_name_no_one_language(label: str, model: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_label(label, model)


def test_unresolvable_labels_are_listed() -> None:
    assert unresolvable("lid.176") == unresolvable("fineweb-2") == unresolvable("openlid") == {}
    assert set(unresolvable("cld2")) >= {"un", "xx-Zyyy", "zzb"}
    assert all(unresolvable("glotlid").values())


def test_lid176_labels_are_its_own() -> None:
    table = label_table("lid.176")
    assert len(table) == len(set(table.values())) == 176
    assert table["als"] == "gsw_Latn"
    assert table["sq"] == "als_Latn"
    assert table["sh"] == "hbs_Latn"
    for code in table.values():
        language, _, script = code.partition("_")
        assert script in known_languages()[language].scripts


def test_a_model_is_known_by_its_labels() -> None:
    lid = [f"__label__{label}" for label in label_table("lid.176")]
    assert codes_of_labels(lid, "any.bin")["__label__als"] == "gsw_Latn"
    glotlid = ["__label__als_Latn", "__label__ekk_Latn", "__label__und_Mong", "__label__zxx_Zzzz"]
    assert list(codes_of_labels(glotlid, "glotlid.bin").values()) == ["als_Latn", "ekk_Latn", "und", "und"]
    version = [label for label in label_table("glotlid") if not label.startswith("w")]
    assert codes_of_labels(version, "glotlid.bin")["que_Latn"] == "und"
    own = codes_of_labels(["est_Latn", "zho_Hant", "daf_Latn", "que_Latn", "qaa_Latn"], "own.bin")
    assert list(own.values()) == ["ekk_Latn", "cmn_Hani", "dnj_Latn", "que_Latn", "qaa_Latn"]
    assert codes_of_labels(["__label__en", "__label__fr"], "own.bin") == {
        "__label__en": "eng_Latn",
        "__label__fr": "fra_Latn",
    }


def test_an_unknown_label_asks_for_a_table() -> None:
    with pytest.raises(ConfigError, match=r"own.bin: 'spam' is not a language code.*give `labels`.*`spam<TAB>code`"):
        codes_of_labels(["__label__spam"], "own.bin")


@pytest.mark.parametrize("line", ["spam", "spam\tspam", "spam eng_Latn"])
def test_a_wrong_label_table_names_its_line(line: str) -> None:
    with pytest.raises(ConfigError, match=r"labels.tsv, line 2"):
        parse_labels(["en\teng_Latn", line], "labels.tsv")


@pytest.mark.parametrize(
    ("label", "code"),
    [(None, None), ("", None), ("et", "ekk_Latn"), ("sr", "srp_Cyrl"), ("que", None), ("gibberish", None)],
)
def test_labels_of_inputs_never_raise(label: str | None, code: str | None) -> None:
    assert resolve_or_none(label) == code
