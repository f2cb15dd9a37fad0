"""Names of languages in other languages."""

import pytest

from stages.instruct.language_names import language_name


@pytest.mark.parametrize(
    ("code", "reader", "expected"),
    [
        ("ekk_Latn", "eng_Latn", "Estonian"),
        ("est_Latn", "ekk_Latn", "eesti"),
        ("cmn_Hani", "eng_Latn", "Chinese"),
        ("zho_Hant", "eng_Latn", "Chinese (Traditional)"),
        ("zho_Hans", "jpn_Jpan", "中国語"),
        ("srp_Latn", "eng_Latn", "Serbian (Latin)"),
        ("srp_Cyrl", "srp_Cyrl", "српски"),
        ("srp_Cyrl", "srp_Latn", "srpski"),
        ("kor_Hang", "kor_Hang", "한국어"),
        ("hin_Deva", "tha_Thai", "ฮินดี"),
        ("eng_Latn", "arb_Arab", "الإنجليزية"),
        ("cbk_Latn", "eng_Latn", "Chavacano"),
        ("cbk_Latn", "ekk_Latn", None),
        ("eng_Latn", "lat_Latn", None),
        ("mul", "eng_Latn", "Multiple languages"),
        ("qqq_Latn", "eng_Latn", None),
    ],
)
def test_language_name(code: str, reader: str, expected: str | None) -> None:
    assert language_name(code, reader) == expected
