"""What the directory keeps of a password: the hash and where it may be tried. A format: docs/formats.md, "Verifier"."""

import msgspec

from skrytka.model.errors import UNREADABLE, PermanentError, Reason


class Verifier(msgspec.Struct, frozen=True, array_like=True):
    """The plain form of ``credential.verifier``; new fields come last and with a default."""

    stored: str  # as skrytka.mail.identity.passwords makes it
    services: tuple[str, ...] = ()  # where it may be tried; empty: everywhere
    must_change: str = ""  # "given" by an administrator: at the next login on the web; "compromised": it opens nothing

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)


_decoder = msgspec.msgpack.Decoder(Verifier)


def decode_verifier(raw: bytes) -> Verifier:
    """PermanentError(CORRUPT) on anything that :meth:`Verifier.encode` did not make."""
    try:
        return _decoder.decode(raw)
    except UNREADABLE as exc:
        raise PermanentError(Reason.CORRUPT, "verifier of an unknown form") from exc
