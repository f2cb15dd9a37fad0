"""Charsets: right, wrong and missing labels."""

import pytest

from stages.ingest.charset import decode

RUSSIAN = "Привет, как дела? Это русский текст о погоде."
JAPANESE = "日本語のテキストです。これは文字コードの検出のためのものです。"
CHINESE = "中文网页的编码常常写错了标签，真是麻烦"
TAIWANESE = "繁體中文網頁的編碼常常寫錯了"
ESTONIAN = "Öösel oli külm ja tähed särasid õues, kui me läksime sööma"
POLISH = "W nocy było zimno i padał śnieg, a myśmy siedzieli w domu przy świecach"
THAI = "สวัสดีครับ นี่คือข้อความภาษาไทย"
HEBREW = "שלום עולם זה טקסט בעברית"
KOREAN = "한국어 텍스트입니다 인코딩을 감지합니다"
GREEK = "Καλημέρα κόσμε αυτό είναι ελληνικό κείμενο"
ARABIC = "هذا نص عربي عن الطقس والحياة"

ENCODED = [
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8-r"),
    (RUSSIAN, "iso8859-5"),
    (JAPANESE, "shift_jis"),
    (JAPANESE, "euc_jp"),
    (CHINESE, "gb18030"),
    (TAIWANESE, "big5"),
    (ESTONIAN, "cp1252"),
    (POLISH, "iso8859-2"),
    (THAI, "cp874"),
    (HEBREW, "cp1255"),
    (KOREAN, "cp949"),
    (GREEK, "cp1253"),
    (ARABIC, "cp1256"),
    *[(text, "utf-8") for text in (RUSSIAN, JAPANESE, ESTONIAN, THAI, ARABIC, "ዓለም 🌍")],
]


@pytest.mark.parametrize("label", ["", "utf-8", "iso-8859-1", "no-such-charset"])
@pytest.mark.parametrize(("text", "charset"), ENCODED)
def test_no_mojibake_whatever_the_label(text: str, charset: str, label: str) -> None:
    assert decode(text.encode(charset), f"text/html; charset={label}")[0] == text


@pytest.mark.parametrize(("text", "charset"), ENCODED)
def test_a_right_label_is_believed(text: str, charset: str) -> None:
    page = f'<html><head><meta charset="{charset}"></head><p>{text}'
    assert decode(page.encode(charset))[0] == page
    assert decode(text.encode(charset), f'text/html;charset="{charset.upper()}"')[0] == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xef\xbb\xbf" + "ä".encode(), "ä"),
        (b"\xff\xfe" + THAI.encode("utf-16-le"), THAI),
        (b"\xfe\xff" + THAI.encode("utf-16-be"), THAI),
        ("<html>Latin text".encode("utf-16-le"), "<html>Latin text"),
        (JAPANESE.encode("iso2022_jp"), JAPANESE),
        (RUSSIAN.encode() + b"\xff", RUSSIAN + "\ufffd"),
        (RUSSIAN[:-1].encode()[:-1], RUSSIAN[:-2] + "\ufffd"),
        (b"", ""),
        (b"ascii", "ascii"),
    ],
)
def test_marks_and_broken_bytes(data: bytes, text: str) -> None:
    assert decode(data)[0] == text


def test_a_lying_page_label_of_another_script() -> None:
    page = f'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><p>{RUSSIAN}'
    assert RUSSIAN in decode(page.encode("cp1251"))[0]
