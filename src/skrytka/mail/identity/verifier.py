"""What the directory keeps of a password: the hash and where it may be tried. A format: docs/formats.md, "Verifier"."""

import msgspec

from skrytka.model.errors import UNREADABLE, PermanentError, Reason


class Verifier(msgspec.Struct, frozen=True, array_like=True):
    """The plain form of ``credential.verifier``; new fields come last and with a default."""

    stored: str  # as skrytka.mail.identity.passwords makes it
    services: tuple[str, ...] = ()  # where it may be tried; empty: everywhere
    must_change: str = ""  # see ``mail.identity.change``: "given", "once", "compromised"
    until_ms: int = 0  # of "once": then it opens nothing any more
    is_by_code: bool = False  # set with the code of a reset: who made the code may be who set it

    def encode(self) -> bytes:
        return msgspec.msgpack.encode(self)

    @property
    def is_own(self) -> bool:
        """Whether nobody from elsewhere has chosen it, or knows it; what local root gave counts as its owner's."""
        return self.must_change in ("", "given")


_decoder = msgspec.msgpack.Decoder(Verifier)


def decode_verifier(raw: bytes) -> Verifier:
    """PermanentError(CORRUPT) on anything that :meth:`Verifier.encode` did not make."""
    try:
        return _decoder.decode(raw)
    except UNREADABLE as exc:
        raise PermanentError(Reason.CORRUPT, "verifier of an unknown form") from exc
