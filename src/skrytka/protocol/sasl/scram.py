"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, server side (RFC 5802, RFC 7677).

The salt of a name is asked for before anybody is known to exist; whose key the proof was made with is for others to
find. Channel binding is tls-server-end-point alone (RFC 5929 4): what RFC 9266 wants for TLS 1.3, exported keying
material, is not to be had from the runtime.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final

import msgspec

from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.protocol.sasl import base64
from skrytka.protocol.sasl.exchange import Ask, Over, ScramClaim, Step, text

ITERATIONS: Final = 4096  # RFC 7677 4: at least; the secrets are 160 random bit, more would only cost phones time
MESSAGE_MAX: Final = 4096
NAME_MAX: Final = 1024
NONCE_MAX: Final = 512
PROOF_BYTES: Final = 32
END_POINT: Final = "tls-server-end-point"  # RFC 5929 4
_NONCE: Final = re.compile(rb"[\x21-\x2b\x2d-\x7e]+")  # RFC 5802 7: printable, no comma
_SASLNAME: Final = re.compile(r"(?:=2C|=3D|[^=,\0])+")
_ATTRIBUTE: Final = re.compile(rb"[A-Za-z]=[^,\0]+", re.DOTALL)


class ScramKeys(msgspec.Struct, frozen=True, array_like=True):
    """What a server keeps of a secret (RFC 5802 3): it proves the client, and us to the client."""

    stored: bytes
    server: bytes

    def __repr__(self) -> str:
        return "ScramKeys()"

    @classmethod
    def of(cls, secret: Secret, salt: bytes) -> "ScramKeys":
        """2 ms of hashing. ``secret`` is ASCII, on which SASLprep (RFC 4013) changes nothing."""
        salted = hashlib.pbkdf2_hmac("sha256", secret.reveal(), salt, ITERATIONS)
        client = hmac.digest(salted, b"Client Key", "sha256")
        return cls(hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256"))

    def prove(self, claim: ScramClaim) -> bool:
        """Whether the proof was made with the same secret."""
        mask = hmac.digest(self.stored, claim.signed, "sha256")
        client = bytes(one ^ other for one, other in zip(claim.proof, mask, strict=True))
        return hmac.compare_digest(hashlib.sha256(client).digest(), self.stored)

    def sign(self, claim: ScramClaim) -> bytes:
        """What proves to the client that we know the secret too."""
        return hmac.digest(self.server, claim.signed, "sha256")


class ScramExchange:
    """client-first, server-first, client-final, server-final, and an empty message that ends it."""

    def __init__(
        self, salt_of: Callable[[str], bytes], nonce: bytes, *, is_plus: bool = False, binding: bytes = b""
    ) -> None:
        """``nonce``: 18 random octets. ``binding``: where -PLUS is offered on this connection, whatever was chosen."""
        self._salt_of = salt_of
        self._nonce = base64.encode(nonce)
        self._is_plus = is_plus
        self._binding = binding
        self._name = ""
        self._authorization = ""
        self._header = b""
        self._first = b""  # client-first-message-bare "," server-first-message, after the first step
        self._is_proven = False

    def begin(self, initial: Secret | None) -> Step:
        return Ask(b"") if initial is None else self.respond(initial)

    def respond(self, message: Secret) -> Step:
        if self._is_proven:
            if len(message):
                raise RemoteProtocolError("SCRAM is over")
            return Over()
        if len(message) > MESSAGE_MAX:
            raise RemoteProtocolError("the SCRAM message is too long")
        raw = message.reveal()
        return self._on_final(raw) if self._first else self._on_first(raw)

    def accepted(self, final: bytes) -> Ask | None:
        self._is_proven = True
        return Ask(b"v=" + base64.encode(final))

    def refused(self, _told: bytes) -> Ask | None:
        """RFC 5802 7 has words, and the protocol's refusal says the same."""
        return None

    def _on_first(self, raw: bytes) -> Ask:
        flag, authorization, bare = _parts(raw, 2)
        self._check_binding(flag)
        if authorization:
            if not authorization.startswith(b"a="):
                raise RemoteProtocolError("SCRAM: no authorisation identity there")
            self._authorization = _name(authorization[2:])
        self._header = raw[: len(raw) - len(bare)]
        fields = bare.split(b",")
        if fields[0].startswith(b"m="):
            raise RemoteProtocolError("SCRAM: an extension that nobody knows")  # RFC 5802 5.1
        if len(fields) < 2 or not fields[0].startswith(b"n=") or not fields[1].startswith(b"r="):
            raise RemoteProtocolError("SCRAM begins with a name and a nonce")
        _check_extensions(fields[2:])
        own = fields[1][2:]
        if not 0 < len(own) <= NONCE_MAX or not _NONCE.fullmatch(own):
            raise RemoteProtocolError("SCRAM: no nonce")
        self._name = _name(fields[0][2:])
        self._nonce = own + self._nonce
        salt = base64.encode(self._salt_of(self._name))
        answer = b"r=%b,s=%b,i=%d" % (self._nonce, salt, ITERATIONS)
        self._first = bare + b"," + answer
        return Ask(answer)

    def _check_binding(self, flag: bytes) -> None:
        """RFC 5802 6: who could bind and thinks that we cannot has been lied to."""
        if self._is_plus:
            if flag != b"p=" + END_POINT.encode():
                raise RemoteProtocolError("SCRAM: that channel binding is not offered")
        elif flag == b"y":
            if self._binding:
                raise RemoteProtocolError("SCRAM: channel binding was offered")
        elif flag != b"n":
            raise RemoteProtocolError("SCRAM: channel binding needs -PLUS")

    def _on_final(self, raw: bytes) -> ScramClaim:
        without, comma, last = raw.rpartition(b",")
        fields = without.split(b",")
        if not comma or len(fields) < 2 or not fields[0].startswith(b"c=") or not last.startswith(b"p="):
            raise RemoteProtocolError("SCRAM ends with a binding, the nonce and a proof")
        _check_extensions(fields[2:])
        bound = self._header + (self._binding if self._is_plus else b"")
        if not hmac.compare_digest(base64.decode(fields[0][2:]).reveal(), bound):
            raise RemoteProtocolError("SCRAM: that is another channel")
        if fields[1] != b"r=" + self._nonce:
            raise RemoteProtocolError("SCRAM: another nonce")
        proof = base64.decode(last[2:]).reveal()
        if len(proof) != PROOF_BYTES:
            raise RemoteProtocolError("SCRAM: no proof")
        return ScramClaim(self._authorization, self._name, self._first + b"," + without, proof)


def _parts(raw: bytes, commas: int) -> list[bytes]:
    parts = raw.split(b",", commas)
    if len(parts) != commas + 1:
        raise RemoteProtocolError("SCRAM: the header is not whole")
    return parts


def _name(raw: bytes) -> str:
    """RFC 5802 5.1: a comma is =2C, an equals sign =3D; nothing else is escaped."""
    found = text(raw)
    if len(raw) > NAME_MAX or not _SASLNAME.fullmatch(found):
        raise RemoteProtocolError("SCRAM: no name")
    return found.replace("=2C", ",").replace("=3D", "=")


def _check_extensions(fields: list[bytes]) -> None:
    """RFC 5802 5.1: those that are not mandatory are passed over, if they are some."""
    if any(not _ATTRIBUTE.fullmatch(field) for field in fields):
        raise RemoteProtocolError("SCRAM: no attribute")
