"""The keys of one account: wrapping blob keys, sealing records, keyed hashes.

Formats: docs/formats.md, "Wrapped blob key" and "Sealed record". Every purpose has its own sub-key, so a sealed name
can never be taken for a summary, and the account stands in the additional data, so a row moved to another account does
not open. Whatever does not open raises PermanentError(CORRUPT); nothing here waits or touches a disk.
"""

import hmac
from enum import IntEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skrytka.model.clock import Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, BlobId
from skrytka.model.secret import Secret

KEY_BYTES: Final = 32
MAC_BYTES: Final = 16
WRAPPED_KEY_BYTES: Final = 60  # nonce 12, key 32, tag 16
SEALED_OVERHEAD_BYTES: Final = 29  # version 1, nonce 12, tag 16

_NONCE: Final = 12
_TAG: Final = 16
_VERSION: Final = b"\x01"


class Kind(IntEnum):  # the hash of a plain Enum is a Python call until 3.12
    """What a sealed record holds; the value is part of the format."""

    SUMMARY = 1
    PREFIX = 2
    NAME = 3
    KEYWORD = 4
    TEXT = 5
    PACK = 6


class MacKind(IntEnum):
    """What a keyed hash stands for; the value is part of the format."""

    DIGEST = 1
    NAME = 2
    KEYWORD = 3
    THREAD = 4
    ADDRESS = 5
    PACK = 6


def derive(key: Secret, label: str) -> bytes:
    """A 32-byte sub-key of a uniformly random key: HKDF-Expand with SHA-256, info ``skrytka/1/`` and the label.

    One block of RFC 5869 2.3, written out because it is ten times quicker than a general HKDF object.
    """
    return hmac.digest(key.reveal(), b"skrytka/1/" + label.encode("ascii") + b"\x01", "sha256")


class AccountKeys:
    """Working keys of one account, derived once and kept ready; safe to use from several threads."""

    __slots__ = ("_aads", "_ciphers", "_macs", "_token", "_wrap", "_wrap_aad", "account")

    def __init__(self, account: AccountId, master: Secret, random: Random) -> None:
        if len(master) != KEY_BYTES:
            raise PermanentError(Reason.CORRUPT, f"key of account {account} has a wrong length")
        self.account: Final = account
        self._token = random.token
        raw_account = account.to_bytes(8, "big")
        self._wrap = AESGCM(derive(master, "account/wrap"))
        self._wrap_aad = raw_account
        self._ciphers = {kind: AESGCM(derive(master, f"account/seal/{kind.value}")) for kind in Kind}
        self._aads = {kind: _VERSION + bytes([kind.value]) + raw_account for kind in Kind}
        self._macs = {kind: derive(master, f"account/mac/{kind.value}") for kind in MacKind}

    def __repr__(self) -> str:
        return f"AccountKeys(account={self.account})"

    def wrap_blob_key(self, blob_id: BlobId, row: bytes, key: Secret) -> bytes:
        """The blob's key for this account: 60 bytes, bound to blob, account and ``row`` (EMAILID or queue id).

        Without the row, whoever writes to the disk could show one message's content under another's header.
        """
        nonce = self._token(_NONCE)
        return nonce + self._wrap.encrypt(nonce, key.reveal(), blob_id + self._wrap_aad + row)

    def unwrap_blob_key(self, blob_id: BlobId, row: bytes, wrapped: bytes) -> Secret:
        """The blob's key; PermanentError(CORRUPT) when it was wrapped for another blob, row or account, or changed."""
        if len(wrapped) != WRAPPED_KEY_BYTES:
            raise PermanentError(Reason.CORRUPT, f"wrapped key of account {self.account} has a wrong length")
        try:
            return Secret(self._wrap.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], blob_id + self._wrap_aad + row))
        except InvalidTag:
            raise PermanentError(Reason.CORRUPT, f"wrapped key of account {self.account} does not open") from None

    def seal(self, kind: Kind, aad: bytes, plain: bytes) -> bytes:
        """A sealed record; ``aad`` names the row it belongs to and must be given again to open it."""
        nonce = self._token(_NONCE)
        return _VERSION + nonce + self._ciphers[kind].encrypt(nonce, plain, self._aads[kind] + aad)

    def open(self, kind: Kind, aad: bytes, sealed: bytes) -> bytes:
        """What :meth:`seal` was given; PermanentError(CORRUPT) for another kind, row, account, or a changed byte."""
        if len(sealed) < SEALED_OVERHEAD_BYTES or sealed[:1] != _VERSION:
            raise PermanentError(Reason.CORRUPT, f"{kind.name.lower()} of account {self.account}: unknown format")
        try:
            return self._ciphers[kind].decrypt(sealed[1:13], sealed[13:], self._aads[kind] + aad)
        except InvalidTag:
            detail = f"{kind.name.lower()} of account {self.account} does not open"
            raise PermanentError(Reason.CORRUPT, detail) from None

    def mac(self, kind: MacKind, data: bytes) -> bytes:
        """A keyed hash of 16 bytes: equal data can be found again, nobody without the key can guess it."""
        return hmac.digest(self._macs[kind], data, "sha256")[:MAC_BYTES]
