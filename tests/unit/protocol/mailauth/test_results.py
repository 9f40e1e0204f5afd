"""Authentication-Results as RFC 8601 writes it; what strangers chose does no harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.protocol.mailauth.results import VALUE_MAX, Found, results_field


def test_each_method_has_its_line() -> None:
    found = [
        Found("spf", "pass", (("smtp.mailfrom", "bounce@example.org"),)),
        Found(
            "dkim", "fail", (("header.d", "example.org"), ("header.s", ""), ("header.b", "Ab/c+d==")), "bad signature"
        ),
        Found("dmarc", "pass", (("header.from", "example.org"),)),
    ]
    assert results_field("mail.example.test", found) == (
        "Authentication-Results: mail.example.test;\r\n"
        "\tspf=pass smtp.mailfrom=bounce@example.org;\r\n"
        '\tdkim=fail reason="bad signature" header.d=example.org header.b="Ab/c+d==";\r\n'
        "\tdmarc=pass header.from=example.org\r\n"
    )


def test_nothing_checked_is_said() -> None:
    assert results_field("mail.example.test", []) == "Authentication-Results: mail.example.test;\r\n\tnone\r\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("example.org", "example.org"),
        ("a+b=c@example.org", "a+b=c@example.org"),
        ("@example.org", "@example.org"),
        ("a b@example.org", '"a b@example.org"'),
        ('x"; dmarc=pass', '"x\\"; dmarc=pass"'),
        ("back\\slash", '"back\\\\slash"'),
        ("x\r\nFrom: y", '"x??From: y"'),
        ("żółw@example.org", "???w@example.org"),
    ],
)
def test_a_value_cannot_leave_its_place(value: str, shown: str) -> None:
    field = results_field("id", [Found("spf", "fail", (("smtp.mailfrom", value),))])
    assert field == f"Authentication-Results: id;\r\n\tspf=fail smtp.mailfrom={shown}\r\n"


@given(st.text(max_size=2 * VALUE_MAX), st.text(max_size=50))
def test_whatever_it_is_the_field_is_ascii_and_two_lines(value: str, reason: str) -> None:
    field = results_field("id", [Found("dkim", "fail", (("header.d", value),), reason)])
    assert field.isascii()
    assert field.count("\r\n") == field.count("\n") == field.count("\r") == 2
