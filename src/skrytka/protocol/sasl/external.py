"""EXTERNAL (RFC 4422 appendix A): who it is has been proven below, here by a certificate in the handshake of TLS."""

from typing import Final

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl.exchange import Ask, CertificateClaim, SimpleExchange, Step, text

NAME_MAX: Final = 1024


class ExternalExchange(SimpleExchange):
    """One message: as whom to act, or nothing."""

    def begin(self, initial: Secret | None) -> Step:
        return Ask(b"") if initial is None else self.respond(initial)

    def respond(self, message: Secret) -> Step:
        if len(message) > NAME_MAX:
            raise RemoteProtocolError("EXTERNAL: the name is too long")
        return CertificateClaim(text(message.reveal()))
