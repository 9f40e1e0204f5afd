import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import PermanentError
from skrytka.protocol.ldap import ber
from skrytka.protocol.ldap.filters import encode_filter, parse_filter, places


def encoded(text: str, **values: str) -> str:
    return encode_filter(parse_filter(text), values).hex()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(cn=a)", "a3070402636e040161"),
        ("(cn=*)", "8702636e"),
        ("(cn>=a)", "a5070402636e040161"),
        ("(cn<=a)", "a6070402636e040161"),
        ("(cn~=a)", "a8070402636e040161"),
        ("(cn=a*b*c)", "a40f0402636e3009800161810162820163"),
        ("(cn=*b*)", "a4090402636e3003810162"),
        ("(!(cn=a))", "a209a3070402636e040161"),
        ("(&(cn=a)(cn=*))", "a00da3070402636e0401618702636e"),
        ("(|(cn=a))", "a109a3070402636e040161"),
        (r"(cn=\2a)", "a3070402636e04012a"),
        ("(uac:1.2.840:=2)", "a9118107312e322e3834308203756163830132"),
    ],
)
def test_filters_are_encoded(text: str, expected: str) -> None:
    assert encoded(text) == expected


@given(st.text(max_size=30))
def test_whatever_is_put_into_a_place_stays_a_value(value: str) -> None:
    with contextlib.suppress(UnicodeEncodeError):
        raw = value.encode()
        expected = ber.sequence(ber.octets(b"mail"), ber.octets(raw), tag=0xA3).hex()
        assert encoded("(mail={address})", address=value) == expected


def test_places_are_known() -> None:
    assert places(parse_filter("(&(mail={address})(|(uid={name}*)(cn=*))(a:1.2:={x}))")) == {"address", "name", "x"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cn=a",
        "(cn=a",
        "(cn=a)x",
        "(&)",
        "(!(cn=a)(cn=b))",
        "(&(cn=a)",
        "(cn)",
        "(=a)",
        "(c n=a)",
        "(cn=(a)",
        r"(cn=\zz)",
        "(cn=a\\)",
        "(cn=\0)",
        "(&" * 30 + "(cn=a)" + ")" * 30,
        "(cn=" + "a" * 2000 + ")",
        "(cn:dn:=a)",
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(PermanentError):
        parse_filter(text)


@given(st.text(alphabet="()&|!=*\\ab2a{}:.<>~", max_size=30))
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    with contextlib.suppress(PermanentError):
        encode_filter(parse_filter(text), dict.fromkeys(places(parse_filter(text)), "v"))
