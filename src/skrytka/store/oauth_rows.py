"""Rows about programs that people let in, as the readers give them. No row shows a hash."""

from enum import StrEnum
from typing import NamedTuple

from skrytka.model.ids import AccountId


class DeviceState(StrEnum):
    """What a person has said of a program that waits (RFC 8628)."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"


class OAuthClientRow(NamedTuple):
    """A program that was registered here."""

    client: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: str
    secret_mac: bytes | None  # None: a public client
    is_device: bool  # may be let in by a code that is typed elsewhere
    created_at_ms: int

    def __repr__(self) -> str:
        return f"OAuthClientRow({self.client!r})"


class OAuthGrantRow(NamedTuple):
    """What an account allowed a program; tokens are of it."""

    account: AccountId
    grant_id: bytes
    client: str
    scopes: str
    signed_in_at_ms: int
    created_at_ms: int
    used_at_ms: int
    expires_at_ms: int
    refresh_mac: bytes | None  # None: nothing to refresh

    def __repr__(self) -> str:
        return f"OAuthGrantRow(account={self.account}, client={self.client!r})"


class OAuthTokenRow(NamedTuple):
    """An access token with what it hangs on."""

    account: AccountId
    address: str  # Address.key
    is_active: bool  # the account
    grant_id: bytes
    client: str
    scopes: str
    signed_in_at_ms: int
    issued_at_ms: int
    expires_at_ms: int

    def __repr__(self) -> str:
        return f"OAuthTokenRow(account={self.account}, client={self.client!r})"


class OAuthCodeRow(NamedTuple):
    """An authorization code."""

    account: AccountId
    grant_id: bytes
    client: str
    redirect_uri: str
    scopes: str
    challenge: str
    nonce: str
    signed_in_at_ms: int
    expires_at_ms: int
    is_used: bool


class OAuthDeviceRow(NamedTuple):
    """A program without a browser that waits for a person."""

    mac: bytes
    grant_id: bytes
    client: str
    scopes: str
    state: DeviceState
    account: AccountId | None
    signed_in_at_ms: int
    expires_at_ms: int

    def __repr__(self) -> str:
        return f"OAuthDeviceRow({self.client!r}, {self.state.value})"
