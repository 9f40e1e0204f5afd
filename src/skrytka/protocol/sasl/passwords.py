"""PLAIN (RFC 4616), and LOGIN, which no RFC describes and many programs speak: a password in clear, under TLS only."""

from typing import Final

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.exchange import Ask, SimpleExchange, Step, text
from skrytka.protocol.sasl.plain import PART_MAX, PlainCredentials, parse_plain

_NAME: Final = Ask(b"Username:")
_PASSWORD: Final = Ask(b"Password:")


class PlainExchange(SimpleExchange):
    """One message."""

    def begin(self, initial: Secret | None) -> Step:
        return Ask(b"") if initial is None else self.respond(initial)

    def respond(self, message: Secret) -> Step:
        return parse_plain(message)


class LoginExchange(SimpleExchange):
    """Two challenges, name and password; the name may come at once."""

    def __init__(self) -> None:
        self._name: str | None = None

    def begin(self, initial: Secret | None) -> Step:
        return _NAME if initial is None else self.respond(initial)

    def respond(self, message: Secret) -> Step:
        if not 0 < len(message) <= PART_MAX:
            raise RemoteProtocolError("LOGIN needs a name and a password")
        if self._name is None:
            self._name = text(message.reveal())
            return _PASSWORD
        return PlainCredentials("", self._name, message)
