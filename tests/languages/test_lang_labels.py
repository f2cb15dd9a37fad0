"""`babelmill lang resolve` and `lang labels`: what they print."""

import pytest

from pipelines.lang.labels import describe, label_rows, model_rows
from stages.errors import ConfigError
from stages.identify.labels import TABLES


def test_a_label_is_described() -> None:
    told = describe("est").splitlines()
    assert told[:5] == [
        "ekk_Latn: Estonian",
        "BCP 47: et",
        "scripts: Latn",
        "macrolanguage: est (Estonian)",
        "family: Uralic (urj)",
    ]
    assert "lid.176: et" in told
    assert "glotlid: ekk_Latn est_Latn" in told
    assert describe("als", "lid.176").startswith("gsw_Latn: ")
    assert describe("eus").splitlines()[3] == "family: none"
    assert describe("mul") == "mul: Several languages"


@pytest.mark.parametrize(
    ("label", "model", "others"),
    [
        ("als", "", ["but als of lid.176 is gsw_Latn: Swiss German"]),
        ("__label__als", "", ["but als of lid.176 is gsw_Latn: Swiss German"]),
        ("als", "lid.176", []),
        ("et", "", []),
    ],
)
def test_models_to_which_a_label_means_another_language_are_named(label: str, model: str, others: list[str]) -> None:
    assert [line for line in describe(label, model).splitlines() if line.startswith("but ")] == others


def test_labels_of_a_model_end_with_the_unresolvable() -> None:
    rows = list(label_rows("cld2"))
    codes = [code for _, code, _ in rows]
    assert ("iw", "heb_Hebr", "Hebrew") in rows
    assert codes.index("und") == len(codes) - codes.count("und")
    with pytest.raises(ConfigError, match="did you mean 'glotlid'"):
        list(label_rows("glotlib"))


def test_models_are_listed() -> None:
    assert [row[0] for row in model_rows()] == list(TABLES)
    assert ("lid.176", "176", "176", "0") in list(model_rows())
