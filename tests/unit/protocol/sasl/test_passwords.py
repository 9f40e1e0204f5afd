import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.exchange import Ask
from skrytka.protocol.sasl.passwords import LoginExchange, PlainExchange
from skrytka.protocol.sasl.plain import PlainCredentials


def claim(step: object) -> tuple[str, str, bytes]:
    assert isinstance(step, PlainCredentials)
    return step.authorization, step.name, step.password.reveal()


def test_plain_is_one_message_at_once_or_when_asked() -> None:
    assert claim(PlainExchange().begin(Secret(b"\0alice\0right"))) == ("", "alice", b"right")
    exchange = PlainExchange()
    assert exchange.begin(None) == Ask(b"")
    assert claim(exchange.respond(Secret(b"bob\0alice\0right"))) == ("bob", "alice", b"right")


def test_login_asks_for_name_and_password() -> None:
    exchange = LoginExchange()
    assert exchange.begin(None) == Ask(b"Username:")
    assert exchange.respond(Secret(b"alice")) == Ask(b"Password:")
    assert claim(exchange.respond(Secret(b"\xffright"))) == ("", "alice", b"\xffright")
    assert LoginExchange().begin(Secret(b"alice")) == Ask(b"Password:")


@pytest.mark.parametrize("message", [b"", b"x" * 1025, b"\xff", b"a\0b"])
def test_a_name_is_some_text(message: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        LoginExchange().begin(Secret(message))
