"""What is personal data and what only looks like it."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.pii.email import find_emails
from stages.pii.find import Find, find, find_plain
from stages.pii.iban import find_ibans, is_iban
from stages.pii.ip import find_ips
from stages.pii.phone import LABELS, find_phones
from stages.pii.redact import apply_spans
from stages.text.batch import TextBatch
from stages.text.language import LanguageText


def batch(text: str) -> TextBatch:
    rows = pa.RecordBatch.from_pydict({"text": pa.array([text], pa.large_string())})
    return TextBatch(rows, LanguageText())


def spans(text: str, config: Find | None = None) -> list[dict[str, object]]:
    found: list[dict[str, object]] = find(batch(text), config or Find()).column(0).to_pylist()[0]
    return found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to jaan.tamm+uudis@näide.ee.", ["jaan.tamm+uudis@näide.ee"]),
        ("<a@b.org>, 'c@d.co.uk'", ["a@b.org", "c@d.co.uk"]),
        ("邮箱是abc@example.cn谢谢", ["abc@example.cn"]),
        ("почта: иван@пример.рф!", ["иван@пример.рф"]),
        ("mailto:x_y@example.org?subject=z", ["x_y@example.org"]),
        ("logo@2x.png and @user and a@b and a..b@c.org", []),
        ("@" * 500, []),
        ("g = None\n@tf.function", []),
    ],
)
def test_email(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_emails(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from 8.8.8.8, port 53", ["8.8.8.8"]),
        ("http://93.184.216.34:80/", ["93.184.216.34"]),
        ("192.168.0.1 10.0.0.1 127.0.0.1 203.0.113.7", []),
        ("version 1.2.3.4, v1.2.3.4, 1.2.3.4.5, 300.1.1.1", []),
        ("[2606:2800:220:1:248:1893:25c8:1946]", ["2606:2800:220:1:248:1893:25c8:1946"]),
        ("dns 2001:4860:4860::8888.", ["2001:4860:4860::8888"]),
        ("fe80::1 2001:db8::1 abc::def 12:30:45 std::dec", []),
    ],
)
def test_ip(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_ips(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("IBAN EE38 2200 2210 2014 5685 tänan", ["EE38 2200 2210 2014 5685"]),
        ("DE89370400440532013000.", ["DE89370400440532013000"]),
        ("GB82 WEST 1234 5698 7654 32 BIC", ["GB82 WEST 1234 5698 7654 32"]),
        ("EE38 2200 2210 2014 5686", []),
        ("DE8937040044053201300, XX12 3456 7890 1234", []),
        ("aDE89370400440532013000 DE893704004405320130001", []),
    ],
)
def test_iban(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_ibans(text)] == found


def test_iban_checksum() -> None:
    assert is_iban("NO9386011117947")
    assert not is_iban("NO9386011117948")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call +372 5555 1234 now", ["+372 5555 1234"]),
        ("+1 (555) 123-4567", ["+1 (555) 123-4567"]),
        ("+4930123456", ["+4930123456"]),
        ("0044 20 7946 0958", ["0044 20 7946 0958"]),
        ("(555) 123-4567 or 555-123-4567", ["(555) 123-4567", "555-123-4567"]),
        ("Tel.: 03 8812 345", ["03 8812 345"]),
        ("тел. 8 (495) 123-45-67", ["8 (495) 123-45-67"]),
        ("电话：010-12345678", ["010-12345678"]),
        ("ISBN 978-3-16-148410-0, 2024-05-17, 17.05.2024", []),
        ("1 234 567 890 people, 3.14159265, 10000000", []),
        ("+2021-03-04 12:00 and a+12345678", []),
    ],
)
def test_phone(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_phones(text)] == found


def test_the_stage_finds_every_kind_once_and_in_order() -> None:
    text = "Mail a@b.org, IBAN EE38 2200 2210 2014 5685, IP 8.8.8.8, tel +372 5555 1234, 😀 c@d.org"
    kinds = ["email", "iban", "ip", "phone", "email"]
    assert [span["kind"] for span in spans(text)] == kinds
    assert [span["kind"] for span in spans(text, Find(kinds=("ip",)))] == ["ip"]
    expected = "Mail <EMAIL>, IBAN <IBAN>, IP <IP>, tel <PHONE>, 😀 <EMAIL>"
    assert apply_spans(text, spans(text)) == expected
    assert spans("nothing of the kind") == []


@given(st.text(alphabet="ab1+@.:- ()DE89E\n", max_size=120))
def test_spans_lie_in_the_text_without_overlap(text: str) -> None:
    end = 0
    for span in spans(text):
        assert end <= span["start"] < span["end"] <= len(text)
        end = span["end"]


PIECES = st.sampled_from(
    [*LABELS, *"+(): .-/\n\x1c：☎电", "00", "0044", "555", "1234", "20 79", "5", "12345678", "faK\u212as", "teſ", "Тел"]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_windows_hold_every_phone_number(text: str) -> None:
    assert find(batch(text), Find()).equals(find_plain(batch(text), Find()))


PARTS = st.sampled_from(
    [
        *("a.b+c", "...", "@", "{@", "x", "é", "例", "b.org", "b.c.png", "EE38", "GB82", "E", " ", "\u00a0", "-", "/"),
        *("2200 2210 2014 5685", "2200221020145685", "WEST12345698765432", "8.8.8.8", "8.8", ".8.", "256", "1", "."),
        *("00", "(555)", "555-1234", "555.", "tel", "тел", "：", "2009-02-09", "02.10.", "1956-1957", "%", "_"),
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PARTS, max_size=14).map("".join))
def test_windows_hold_whatever_the_patterns_find(text: str) -> None:
    assert find(batch(text), Find()).equals(find_plain(batch(text), Find()))


LONG_PARTS = st.sampled_from(
    [
        *("a" * 63, "é" * 64, "例" * 300, "." * 70, "a." * 6, f"{'b' * 63}.", f"{'я' * 61}.", "xn--" + "c" * 59, "org"),
        *("@", "@b.org", " ", "\n", "😀" * 65, "EE38 2200 2210 2014 5685", "W 1 " * 20, "MT84", "8.8.8.8", "version  "),
        *("telefono", "電話", " . : ", "+", "(", "555 12 34", "2001:4860:4860::8888", "0" * 90, "1.2.3.4" * 40),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LONG_PARTS, max_size=20).map("".join), st.sampled_from(["", "例@例.org ", "ü" * 300]))
def test_what_stands_around_a_window_is_seen(text: str, before: str) -> None:
    assert find(batch(before + text), Find()).equals(find_plain(batch(before + text), Find()))


@pytest.mark.parametrize(
    "text", ["127.0.0.1.8", "5..127.1.2.3", "27.0.0.1", "v1.2.3.4 100.0.0.1", "10.8.8.8.8 0.8.8.8 08.8.8.8", "1.2.3.4-"]
)
def test_addresses_that_the_first_number_rules_out(text: str) -> None:
    assert find(batch(text), Find()).equals(find_plain(batch(text), Find()))


def test_of_two_kinds_the_first_one_keeps_its_place() -> None:
    rows = pa.RecordBatch.from_pydict({"text": pa.array(["x@8.8.8.8.example.org, 8.8.8.8", "", "8.8.8.8"])})
    found = find(TextBatch(rows, LanguageText()), Find()).column(0).to_pylist()
    assert [[span["kind"] for span in spans] for spans in found] == [["email", "ip"], [], ["ip"]]
