"""RFC 9051 6.1, 6.2; RFC 2971; RFC 4959."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.commands import session
from skrytka.protocol.imap.commands.table import parse
from skrytka.protocol.imap.cursor import Cursor


def test_login_hides_its_password() -> None:
    found = parse(Cursor(b'LOGIN alice@example.test "a \\"b"'))
    assert isinstance(found, session.Login)
    assert found.name == "alice@example.test"
    assert found.password.reveal() == b'a "b'
    assert "b" not in repr(found.password)


def test_authenticate_takes_an_initial_response() -> None:
    found = parse(Cursor(b"authenticate plain AGEAYg=="))
    assert isinstance(found, session.Authenticate)
    assert found.mechanism == "PLAIN"
    assert found.initial is not None
    assert found.initial.reveal() == b"\0a\0b"


@pytest.mark.parametrize(("data", "initial"), [(b"AUTHENTICATE PLAIN", None), (b"AUTHENTICATE EXTERNAL =", b"")])
def test_an_empty_initial_response_is_not_none(data: bytes, initial: bytes | None) -> None:
    found = parse(Cursor(data))
    assert isinstance(found, session.Authenticate)
    assert (found.initial.reveal() if found.initial is not None else None) == initial


def test_id_is_a_list_of_pairs() -> None:
    found = parse(Cursor(b'ID ("name" "x" "version" NIL)'))
    assert found == session.Id((("name", "x"), ("version", "")))
    assert parse(Cursor(b"ID NIL")) == parse(Cursor(b"ID ()")) == session.Id()


def test_enable_takes_one_or_more() -> None:
    assert parse(Cursor(b"ENABLE imap4rev2 X")) == session.Enable(("IMAP4REV2", "X"))


@pytest.mark.parametrize(
    "data",
    [
        b"LOGIN a",
        b"LOGIN a b c",
        b'LOGIN "\xff" b',
        b"AUTHENTICATE",
        b"AUTHENTICATE PLAIN A",
        b"AUTHENTICATE PLAIN == ",
        b"AUTHENTICATE PLAIN = ",
        b'ID ("name")',
        b'ID ("' + b"n" * 31 + b'" "x")',
        b'ID ("n" "' + b"x" * 1025 + b'")',
        b"ID (" + b" ".join([b'"n" "x"'] * 31) + b")",
        b"ENABLE",
        b"NOOP x",
        b"NOOP ",
        b"XYZZY",
        b"",
    ],
)
def test_wrong_arguments_are_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse(Cursor(data))
