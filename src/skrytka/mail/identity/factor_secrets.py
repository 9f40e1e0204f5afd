"""What is sealed of a second factor: its secret and the name its owner gave it. A format: docs/formats.md, "Factor".

The key is ``node:factors`` of the key ring, so a stolen database has no seed; the row is part of what is authenticated,
so a factor moved to another account does not open.
"""

import hmac
from typing import Final

import msgspec

from skrytka.model.clock import Random
from skrytka.model.errors import UNREADABLE, PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.store.factor_rows import FactorKind, FactorRow
from skrytka.store.seal.keys import AccountKeys, Kind, derive

FACTORS_SUBJECT: Final = "node:factors"
NAME_MAX: Final = 64  # code points
_NODE: Final = AccountId(0)
_HANDLE_MAC: Final = 16


class FactorSecret(msgspec.Struct, frozen=True, array_like=True):
    """The plain form of ``factor.sealed``; new fields come last and with a default."""

    name: str
    secret: bytes  # TOTP: the seed; WebAuthn: the attested credential data (id and public key)
    is_discoverable: bool = False  # WebAuthn: it can be found without the account's name
    aaguid: bytes = b""  # WebAuthn: the model of the authenticator

    def __repr__(self) -> str:
        return "FactorSecret()"


_decoder = msgspec.msgpack.Decoder(FactorSecret)


class FactorKeys:
    """Seals and opens; made from the key of ``FACTORS_SUBJECT``."""

    def __init__(self, key: Secret, random: Random) -> None:
        self._seal = AccountKeys(_NODE, key, random)
        self._handles = derive(key, "factors/handle")
        self.key: Final = key  # of codes

    def seal(self, account: AccountId, factor: int, kind: FactorKind, secret: FactorSecret) -> bytes:
        return self._seal.seal(Kind.TEXT, _place(account, factor, kind), msgspec.msgpack.encode(secret))

    def open(self, row: FactorRow) -> FactorSecret:
        """PermanentError(CORRUPT) when it is of another row or was changed."""
        plain = self._seal.open(Kind.TEXT, _place(row.account, row.factor, row.kind), row.sealed)
        try:
            return _decoder.decode(plain)
        except UNREADABLE as exc:
            raise PermanentError(Reason.CORRUPT, f"factor {row.factor} of account {row.account}") from exc

    def handle_of(self, account: AccountId) -> bytes:
        """What an authenticator calls the account: nothing that somebody who holds it could read (WebAuthn 14.6.1)."""
        raw = account.to_bytes(8, "big")
        return raw + hmac.digest(self._handles, raw, "sha256")[:_HANDLE_MAC]

    def account_of(self, handle: bytes) -> AccountId | None:
        """Whose handle it is; None for one that was not made here."""
        account = AccountId(int.from_bytes(handle[:8], "big"))
        is_ours = len(handle) == 8 + _HANDLE_MAC and hmac.compare_digest(handle, self.handle_of(account))
        return account if is_ours else None


def checked_name(name: str) -> str:
    """A name that a person gave; PermanentError(BAD_SYNTAX) says what is wrong."""
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= NAME_MAX or not plain.isprintable():
        raise PermanentError(Reason.BAD_SYNTAX, f"a factor has a name of 1 to {NAME_MAX} characters")
    return plain


def _place(account: AccountId, factor: int, kind: FactorKind) -> bytes:
    return b"factor\0" + account.to_bytes(8, "big") + factor.to_bytes(8, "big") + kind.value.encode()
