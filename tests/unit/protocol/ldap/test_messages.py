import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.ldap import ber, messages
from skrytka.protocol.ldap.filters import parse_filter
from skrytka.protocol.ldap.messages import Asked, Elsewhere, Entry, Result, parse_message


def read(data: bytes) -> object:
    (element,) = ber.elements(data)
    return parse_message(element)


def result(tag: int, code: int, *rest: bytes) -> bytes:
    body = ber.sequence(ber.integer(code, ber.ENUMERATED), ber.octets(b""), ber.octets(b"said"), tag=tag)
    return ber.sequence(ber.integer(7), body, *rest)


def test_what_is_asked_is_what_the_rfc_says() -> None:
    assert messages.bind(1, "cn=a", Secret("pw")).hex() == "301202010160 0d0201030404636e3d6180027077".replace(" ", "")
    assert messages.unbind(2).hex() == "30050201024200"
    assert messages.START_TLS in messages.start_tls(1)
    asked = Asked("dc=a", parse_filter("(cn=*)"), {}, ("mail",), 5)
    request = messages.search(3, asked, 500, b"next")
    assert messages.PAGED in request
    assert b"next" in request
    (outer,) = ber.elements(request)
    assert [part.tag for part in outer.parts] == [ber.INTEGER, 0x63, 0xA0]


def test_an_empty_password_is_never_sent() -> None:
    with pytest.raises(ValueError, match="empty"):
        messages.bind(1, "cn=a", Secret(""))


def test_answers_become_types() -> None:
    assert read(result(0x61, 49)) == Result(7, 49, "said")
    values = ber.sequence(ber.octets(b"a@b"), ber.octets(b"\xff"), tag=ber.SET)
    attributes = ber.sequence(ber.sequence(ber.octets(b"MAIL"), values))
    entry = read(ber.sequence(ber.integer(7), ber.sequence(ber.octets(b"cn=a"), attributes, tag=0x64)))
    assert isinstance(entry, Entry)
    assert (entry.dn, entry.first("mail"), entry.all("Mail"), entry.first("cn")) == (
        "cn=a",
        "a@b",
        ("a@b", "\ufffd"),
        "",
    )
    assert read(ber.sequence(ber.integer(7), ber.sequence(ber.octets(b"ldap://x"), tag=0x73))) == Elsewhere(7)


def test_the_cookie_of_a_page_is_found() -> None:
    value = ber.sequence(ber.integer(0), ber.octets(b"next"))
    control = ber.sequence(ber.octets(messages.PAGED), ber.octets(value))
    other = ber.sequence(ber.octets(b"1.2.3"))
    assert read(result(0x65, 0, ber.encode(0xA0, other + control))) == Result(7, 0, "said", b"next")
    assert read(result(0x65, 0, ber.encode(0xA0, other))) == Result(7, 0, "said")


@pytest.mark.parametrize(
    "data",
    [
        ber.octets(b""),
        ber.sequence(ber.integer(1)),
        ber.sequence(ber.integer(1), ber.encode(0x42, b"")),
        ber.sequence(ber.integer(1), ber.encode(0x61, b"")),
        ber.sequence(ber.integer(1), ber.encode(0x64, b"")),
        ber.sequence(
            ber.integer(1), ber.sequence(ber.octets(b""), ber.sequence(ber.sequence(ber.octets(b"a"))), tag=0x64)
        ),
    ],
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        read(data)


@given(st.binary(max_size=80))
def test_anything_is_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(RemoteProtocolError):
        parse_message(ber.Element(ber.SEQUENCE, content))
