"""What every mechanism is: messages of the client in, challenges and one claim out (RFC 4422 3).

``begin`` takes the initial response, None when there was none; then ``respond`` takes one message after the other. A
:class:`Ask` goes to the client; a claim goes to whoever can tell whether it is true, and then ``accepted`` or
``refused`` says whether something follows: after an Ask of theirs the client has one more message, with which the
exchange is :class:`Over`. RemoteProtocolError for whatever is no message of the mechanism; it ends the exchange.
"""

from typing import Protocol

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.plain import PlainCredentials


class Ask(msgspec.Struct, frozen=True):
    """A challenge: send it, then the client's next message comes."""

    message: bytes


class ScramClaim(msgspec.Struct, frozen=True):
    """A proof that the client knows a secret of ``name`` (RFC 5802 3)."""

    authorization: str
    name: str
    signed: bytes  # AuthMessage
    proof: bytes

    def __repr__(self) -> str:
        return "ScramClaim()"


class TokenClaim(msgspec.Struct, frozen=True):
    """A bearer token; ``name`` is whose it is said to be, "" where nothing is said."""

    name: str
    token: Secret


class CertificateClaim(msgspec.Struct, frozen=True):
    """Whoever the certificate of this connection says, as ``authorization`` ("": itself)."""

    authorization: str


class Over(msgspec.Struct, frozen=True):
    """The last message came; what was answered to the claim holds."""


Claim = PlainCredentials | ScramClaim | TokenClaim | CertificateClaim
Step = Ask | Claim | Over


class Exchange(Protocol):
    """One exchange."""

    def begin(self, initial: Secret | None) -> Step: ...

    def respond(self, message: Secret) -> Step: ...

    def accepted(self, final: bytes) -> Ask | None:
        """The claim is true; ``final`` is what proves us to the client, where the mechanism has that."""
        ...

    def refused(self, told: bytes) -> Ask | None:
        """The claim is not true; ``told`` says why, where the mechanism has words for it."""
        ...


class SimpleExchange:
    """Base of mechanisms that end with their claim."""

    def accepted(self, _final: bytes) -> Ask | None:
        return None

    def refused(self, _told: bytes) -> Ask | None:
        return None


def text(raw: bytes) -> str:
    """UTF-8, without NUL; RemoteProtocolError."""
    if b"\0" in raw:
        raise RemoteProtocolError("NUL in a SASL message")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("SASL is UTF-8") from None  # the cause would carry a secret
