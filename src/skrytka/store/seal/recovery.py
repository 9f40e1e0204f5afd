"""The recovery key: the one thing that opens every account key when the master key is lost.

An X25519 key pair made from a 32-byte seed. The server keeps the public half and seals each key of the ring to it; the
seed is shown once, as text and QR code, and kept on paper. Formats: docs/formats.md, "Recovery key" and "Sealed box".
"""

import hashlib
import io
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from skrytka.model.clock import Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret

if TYPE_CHECKING:
    import segno

SEED_BYTES: Final = 32
PUBLIC_BYTES: Final = 32
TEXT_PREFIX: Final = "SKRYTKA-1-"
GROUPS: Final = 14  # of four data characters and a check character
GROUP_LENGTH: Final = 5

_BOX_VERSION: Final = b"\x01"
_NONCE: Final = bytes(12)  # each box has a key of its own
_CHECKSUM_BYTES: Final = 3  # 256 bit seed + 24 bit checksum = 14 groups of 20 bit
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base32: no I, L, O, U
_MISREAD: Final = str.maketrans("OIL", "011")
_VALUES: Final = {char: value for value, char in enumerate(_ALPHABET)}


class RecoveryKey:
    """Both halves; lives only while it is shown, confirmed or used."""

    __slots__ = ("_private", "_seed", "public")

    def __init__(self, seed: Secret) -> None:
        if len(seed) != SEED_BYTES:
            raise PermanentError(Reason.BAD_SYNTAX, f"a recovery seed has {SEED_BYTES} bytes")
        self._seed = seed
        self._private = X25519PrivateKey.from_private_bytes(seed.reveal())
        self.public: Final = self._private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls, random: Random) -> "RecoveryKey":
        """A fresh key pair."""
        return cls(Secret(random.token(SEED_BYTES)))

    @classmethod
    def parse(cls, text: str) -> "RecoveryKey":
        """The key of :meth:`text`; case, spaces and dashes do not matter, O is read as 0, I and L as 1.

        PermanentError(BAD_SYNTAX) says which group is mistyped.
        """
        return cls(_parse_text(text))

    def __repr__(self) -> str:
        return f"RecoveryKey(public={self.public.hex()})"

    def text(self) -> Secret:
        """``SKRYTKA-1-`` and 14 groups of five characters; whoever reads it opens everything."""
        seed = self._seed.reveal()
        value = int.from_bytes(seed + _checksum(seed), "big")
        groups: list[str] = []
        for number in range(GROUPS):
            bits = value >> 20 * (GROUPS - 1 - number)
            values = [bits >> 15 & 31, bits >> 10 & 31, bits >> 5 & 31, bits & 31]
            groups.append("".join(_ALPHABET[v] for v in (*values, _group_check(number, values))))
        return Secret(TEXT_PREFIX + "-".join(groups))

    def open_box(self, aad: bytes, box: bytes) -> Secret:
        """What :func:`seal_box` was given; PermanentError(CORRUPT) for another key, another ``aad``, a changed byte."""
        ephemeral, sealed = box[1 : 1 + PUBLIC_BYTES], box[1 + PUBLIC_BYTES :]
        if box[:1] != _BOX_VERSION or len(ephemeral) != PUBLIC_BYTES:
            raise PermanentError(Reason.CORRUPT, "sealed box of an unknown format")
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
            return Secret(_box_cipher(shared, ephemeral, self.public).decrypt(_NONCE, sealed, aad))
        except (InvalidTag, ValueError):  # ValueError: a point of low order (RFC 7748 6.1)
            raise PermanentError(Reason.CORRUPT, "sealed box does not open with this recovery key") from None


def seal_box(public: bytes, aad: bytes, plain: Secret, random: Random) -> bytes:
    """Seal so that only the recovery key opens it; needs the public half only."""
    ephemeral = X25519PrivateKey.from_private_bytes(random.token(SEED_BYTES))
    raw_ephemeral = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    sealed = _box_cipher(shared, raw_ephemeral, public).encrypt(_NONCE, plain.reveal(), aad)
    return _BOX_VERSION + raw_ephemeral + sealed


def qr_terminal(text: Secret) -> str:
    """The text as a QR code of half blocks for a terminal."""
    out = io.StringIO()
    _qr(text).terminal(out=out, border=2, compact=True)
    return out.getvalue()


def _qr(text: Secret) -> "segno.QRCode":
    import segno  # noqa: PLC0415 - once in the life of an installation

    return segno.make_qr(text.reveal().decode(), error="m")  # digits, capitals, dashes: the compact alphanumeric mode


def _box_cipher(shared: bytes, ephemeral: bytes, public: bytes) -> AESGCM:
    hkdf = HKDF(SHA256(), 32, salt=ephemeral + public, info=b"skrytka/1/box")
    return AESGCM(hkdf.derive(shared))


def _checksum(seed: bytes) -> bytes:
    return hashlib.sha256(b"skrytka/1/recovery-text" + seed).digest()[:_CHECKSUM_BYTES]


def _double(value: int) -> int:
    """Times x in GF(32) with x^5 + x^2 + 1."""
    value <<= 1
    return value ^ 0b100101 if value & 32 else value


def _group_check(number: int, values: list[int]) -> int:
    """The check value of one group: any one wrong character, two swapped ones, and swapped groups show."""
    check = number  # below 32
    for value in values:
        check = _double(check) ^ value
    return _double(check)


def _parse_text(text: str) -> Secret:
    plain = "".join(text.split()).replace("-", "").upper()
    prefix = TEXT_PREFIX.replace("-", "")
    if not plain.startswith(prefix):
        raise PermanentError(Reason.BAD_SYNTAX, f"a recovery key begins with {TEXT_PREFIX}")
    data = plain[len(prefix) :].translate(_MISREAD)
    value = 0
    for number in range(GROUPS):
        group = data[number * GROUP_LENGTH : (number + 1) * GROUP_LENGTH]
        values = [_VALUES.get(char, -1) for char in group]
        if len(values) < GROUP_LENGTH or -1 in values or values[-1] != _group_check(number, values[:-1]):
            raise PermanentError(Reason.BAD_SYNTAX, f"group {number + 1} of the recovery key is mistyped: {group!r}")
        for part in values[:-1]:
            value = value << 5 | part
    if len(data) > GROUPS * GROUP_LENGTH:
        raise PermanentError(Reason.BAD_SYNTAX, f"the recovery key goes on after group {GROUPS}")
    raw = value.to_bytes(SEED_BYTES + _CHECKSUM_BYTES, "big")
    seed, checksum = raw[:SEED_BYTES], raw[SEED_BYTES:]
    if _checksum(seed) != checksum:
        raise PermanentError(Reason.BAD_SYNTAX, "the recovery key is mistyped in more than one place")
    return Secret(seed)
