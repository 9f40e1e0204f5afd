"""Keys that sign for our domains: made, sealed, opened again. A format: docs/formats.md, "DKIM key"."""

from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from skrytka.mail.outbox.sealed import NODE
from skrytka.model.address import Domain
from skrytka.model.clock import Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.protocol.mailauth.dkim.results import DkimError
from skrytka.protocol.mailauth.dkim.sign import SigningKey
from skrytka.store.commands.dkim import NewDkimKey
from skrytka.store.rows import DkimKeyRow
from skrytka.store.seal.keys import AccountKeys, Kind
from skrytka.store.seal.source import KeySource

DKIM_SUBJECT: Final = "node:dkim"
RSA_BITS: Final = 2048  # RFC 8301 3.2; a longer one does not fit into one UDP answer everywhere
_LETTERS: Final = {Algorithm.RSA_SHA256: "r", Algorithm.ED25519_SHA256: "e"}


async def dkim_keys(keys: KeySource, random: Random) -> AccountKeys:
    """What private keys are sealed under. TransientError(KEY_UNAVAILABLE) when the key agent does not answer."""
    return AccountKeys(NODE, await keys.node(DKIM_SUBJECT), random)


def selector_of(algorithm: Algorithm, now_ms: int, taken: frozenset[str]) -> str:
    """``s20261129r`` (RSA) or ``s20261129e`` (Ed25519); a second one of a day has a number behind it."""
    name = f"s{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%d}{_LETTERS[algorithm]}"
    numbered = (f"{name}{number}" if number > 1 else name for number in range(1, len(taken) + 2))
    return next(selector for selector in numbered if selector not in taken)


def make_key(keys: AccountKeys, domain: Domain, selector: str, algorithm: Algorithm) -> NewDkimKey:
    """A new pair, its private half sealed. RSA takes a tenth of a second and more: not on an event loop."""
    private: RSAPrivateKey | Ed25519PrivateKey
    if algorithm is Algorithm.RSA_SHA256:
        private = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    else:
        private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = SigningKey(private, domain, selector).record.rpartition("p=")[2]
    sealed = keys.seal(Kind.TEXT, _place(domain.name, selector), pem)
    return NewDkimKey(selector, algorithm.value, public, sealed)


def open_key(keys: AccountKeys, row: DkimKeyRow) -> SigningKey:
    """PermanentError(CORRUPT) when it does not open, is of another row, or does not fit its public half."""
    said = f"DKIM key {row.selector} of {row.domain}"
    if row.private_key is None:
        raise PermanentError(Reason.CORRUPT, f"{said} has no private half")
    pem = Secret(keys.open(Kind.TEXT, _place(row.domain, row.selector), row.private_key))
    try:
        key = SigningKey.load(pem, Domain(row.domain), row.selector)
    except DkimError as exc:
        raise PermanentError(Reason.CORRUPT, f"{said} is of no use: {exc.reason.value}") from None
    if not key.record.endswith(f"p={row.public_key}"):
        raise PermanentError(Reason.CORRUPT, f"{said} is not the one whose public half is published")
    return key


def record_of(row: DkimKeyRow, *, is_revoked: bool = False) -> str:
    """What is to stand in DNS: the public half, or that there is none any more (RFC 6376 3.6.1, p=)."""
    key_type = row.algorithm.removesuffix("-sha256")
    return f"v=DKIM1; k={key_type}; p={'' if is_revoked else row.public_key}"


def _place(domain: str, selector: str) -> bytes:
    return b"dkim\0" + f"{domain}\0{selector}".encode()
