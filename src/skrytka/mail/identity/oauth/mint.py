"""Makes what is handed out (tokens, codes, secrets) and knows it again. A format: docs/formats.md, "OAuth tokens".

Each is a prefix that tells its kind, and base64url of its octets. The store keeps a keyed hash only. A token begins
with its account, so that one look-up by primary key finds it wherever accounts are kept. A refresh token names its
grant too and ends with a tag: one that was rotated away is known to have been ours, without a row for each.
"""

import hashlib
import hmac
from typing import Final, NamedTuple

from skrytka.model.clock import Random
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.protocol.acme.jose import decode, encode
from skrytka.protocol.oauth.device import typed_code, user_code
from skrytka.store.seal.keys import derive

OAUTH_SUBJECT: Final = "node:oauth"
CHANCE_BYTES: Final = 32  # RFC 6749 10.10 asks for 128 bit at least
ACCESS: Final = "skr_at_"
REFRESH: Final = "skr_rt_"
CODE: Final = "skr_ac_"
DEVICE: Final = "skr_dc_"
CLIENT_SECRET: Final = "skr_cs_"  # noqa: S105 - a prefix
_ACCOUNT: Final = 8
_GRANT: Final = 16
_TAG: Final = 16
_MAC: Final = 16


class Made(NamedTuple):
    """Something to hand out once, and its hash to keep."""

    text: str
    mac: bytes

    def __repr__(self) -> str:
        return "Made()"


class Shown(NamedTuple):
    """Something that was handed out, as it comes back; whether it still holds, the store knows."""

    account: AccountId
    mac: bytes
    grant_id: bytes = b""  # of refresh tokens


class Mint:
    """Over the node's key; every process has the same."""

    def __init__(self, key: Secret, random: Random) -> None:
        self._mac_key = derive(key, "oauth/token")
        self._tag_key = derive(key, "oauth/refresh")
        self._sub_key = derive(key, "oauth/subject")
        self._random = random

    def access(self, account: AccountId) -> Made:
        return self._make(ACCESS, _number(account) + self._random.token(CHANCE_BYTES))

    def code(self, account: AccountId) -> Made:
        return self._make(CODE, _number(account) + self._random.token(CHANCE_BYTES))

    def refresh(self, account: AccountId, grant_id: bytes) -> Made:
        raw = _number(account) + grant_id + self._random.token(CHANCE_BYTES)
        return self._make(REFRESH, raw + self._tag(raw))

    def device(self) -> Made:
        return self._make(DEVICE, self._random.token(CHANCE_BYTES))

    def client_secret(self) -> Made:
        return self._make(CLIENT_SECRET, self._random.token(CHANCE_BYTES))

    def user_code(self) -> Made:
        """What a person types; its hash is keyed, or all of them could be tried."""
        while (text := user_code(self._random.token(32))) is None:
            pass
        return Made(text, self._mac("user", text.encode()))

    def subject(self, account: AccountId) -> str:
        """``sub``: for ever the same, never another's, and telling nothing (OpenID Connect Core 2)."""
        return encode(hmac.digest(self._sub_key, _number(account), hashlib.sha256)[:16])

    def shown_access(self, token: Secret) -> Shown | None:
        """None for what is no access token."""
        return self._shown(ACCESS, token, _ACCOUNT + CHANCE_BYTES)

    def shown_code(self, code: Secret) -> Shown | None:
        return self._shown(CODE, code, _ACCOUNT + CHANCE_BYTES)

    def shown_refresh(self, token: Secret) -> Shown | None:
        """None for what was never ours; else the grant it belonged to, and the hash to compare."""
        raw = _raw(REFRESH, token, _ACCOUNT + _GRANT + CHANCE_BYTES + _TAG)
        if raw is None or not hmac.compare_digest(self._tag(raw[:-_TAG]), raw[-_TAG:]):
            return None
        return Shown(_account(raw), self._mac(REFRESH, raw), raw[_ACCOUNT : _ACCOUNT + _GRANT])

    def shown_device(self, code: Secret) -> bytes | None:
        """The hash of a device code."""
        raw = _raw(DEVICE, code, CHANCE_BYTES)
        return None if raw is None else self._mac(DEVICE, raw)

    def shown_user_code(self, text: str) -> bytes | None:
        """The hash of what was typed."""
        typed = typed_code(text)
        return None if typed is None else self._mac("user", typed.encode())

    def is_client_secret(self, secret: Secret, mac: bytes) -> bool:
        raw = _raw(CLIENT_SECRET, secret, CHANCE_BYTES)
        return raw is not None and hmac.compare_digest(self._mac(CLIENT_SECRET, raw), mac)

    def _make(self, kind: str, raw: bytes) -> Made:
        return Made(kind + encode(raw), self._mac(kind, raw))

    def _shown(self, kind: str, token: Secret, length: int) -> Shown | None:
        raw = _raw(kind, token, length)
        return None if raw is None else Shown(_account(raw), self._mac(kind, raw))

    def _mac(self, kind: str, raw: bytes) -> bytes:
        return hmac.digest(self._mac_key, kind.encode() + raw, hashlib.sha256)[:_MAC]

    def _tag(self, raw: bytes) -> bytes:
        return hmac.digest(self._tag_key, raw, hashlib.sha256)[:_TAG]


def _raw(kind: str, token: Secret, length: int) -> bytes | None:
    shown = token.reveal()
    if not shown.startswith(kind.encode()) or len(shown) != len(kind) + (length * 4 + 2) // 3:
        return None
    try:
        text = shown.decode("ascii").removeprefix(kind)
        raw = decode(text)
    except ValueError:
        return None
    return raw if len(raw) == length and encode(raw) == text else None  # one way to write it


def _number(account: AccountId) -> bytes:
    return account.to_bytes(_ACCOUNT, "big")


def _account(raw: bytes) -> AccountId:
    return AccountId(int.from_bytes(raw[:_ACCOUNT], "big") & (2**63 - 1))
