"""RFC 4616."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.plain import parse_plain


def test_name_and_password_are_taken_apart() -> None:
    found = parse_plain(Secret(b"\0alice@example.test\0p\xc3\xa4ss word"))
    assert (found.authorization, found.name) == ("", "alice@example.test")
    assert found.password.reveal() == "päss word".encode()
    assert "ss word" not in repr(found)


def test_an_authorization_identity_is_kept_for_the_session_to_judge() -> None:
    assert parse_plain(Secret(b"bob\0alice\0x")).authorization == "bob"


@pytest.mark.parametrize(
    "message",
    [b"", b"alice\0x", b"\0alice\0x\0y", b"\0\0x", b"\0alice\0", b"\0al\xffce\0x", b"\0" + b"a" * 1025 + b"\0x"],
)
def test_anything_else_is_refused(message: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_plain(Secret(message))
    assert caught.value.__cause__ is None
