"""The token endpoint: codes, refresh tokens and device codes become tokens (RFC 6749 3.2)."""

from collections.abc import Awaitable, Callable
from typing import Final

from skrytka.mail.identity.login import Peer
from skrytka.mail.identity.oauth.clients import Client
from skrytka.mail.identity.oauth.deps import DEVICE_INTERVAL_S, OAuthDeps
from skrytka.model.events import OAuthGranted, OAuthRevoked
from skrytka.model.ids import AccountId
from skrytka.protocol.oauth.answers import Issued
from skrytka.protocol.oauth.claims import Subject, id_claims
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.pkce import is_proven
from skrytka.protocol.oauth.scopes import Scope, narrowed, parse_scopes, scope_text
from skrytka.protocol.oauth.token import PollDevice, RedeemCode, Refresh, TokenRequest
from skrytka.store.commands.oauth import (
    DropOAuthDevice,
    NewTokens,
    RedeemOAuthCode,
    RedeemOAuthDevice,
    RotateOAuthToken,
)
from skrytka.store.oauth_rows import DeviceState, OAuthDeviceRow
from skrytka.store.rows import AccountRow
from skrytka.store.sql import oauth as sql

DAY_MS: Final = 86_400_000
POLLS_MAX: Final = 10_000  # device codes whose last poll is known
Write = Callable[[NewTokens], Awaitable[bool]]


class _Granted:
    """What tokens are made for."""

    __slots__ = ("account", "client", "created_at_ms", "grant_id", "nonce", "scopes", "signed_in_at_ms")

    def __init__(
        self,
        client: Client,
        account: AccountRow,
        grant_id: bytes,
        scopes: tuple[Scope, ...],
        signed_in_at_ms: int,
        nonce: str = "",
        created_at_ms: int | None = None,  # None: it is new
    ) -> None:
        self.created_at_ms = created_at_ms
        self.client, self.account, self.grant_id = client, account, grant_id
        self.scopes, self.signed_in_at_ms, self.nonce = scopes, signed_in_at_ms, nonce


class Issuing:
    """One per process: it remembers who polls too often."""

    def __init__(self, deps: OAuthDeps) -> None:
        self._deps = deps
        self._polled: dict[bytes, float] = {}

    async def issue(self, client: Client, request: TokenRequest, facts: Peer) -> Issued:
        """Tokens, once they are stored; OAuthError."""
        match request:
            case RedeemCode():
                return await self._redeem(client, request, facts)
            case Refresh():
                return await self._refresh(client, request)
            case PollDevice():
                return await self._poll(client, request, facts)

    async def _redeem(self, client: Client, request: RedeemCode, facts: Peer) -> Issued:
        deps = self._deps
        shown = (await deps.keys.mint()).shown_code(request.code)
        row = None if shown is None else await deps.store.read(sql.code(shown.account, shown.mac))
        if (
            shown is None
            or row is None
            or row.client != client.client_id
            or row.redirect_uri != request.redirect_uri
            or not is_proven(request.verifier, row.challenge)
            or row.expires_at_ms <= deps.clock.now_ms()
        ):
            raise _not_granted("the code is not right, or not any more")
        account = await self._account(row.account)
        granted = _Granted(
            client, account, row.grant_id, parse_scopes(row.scopes), row.signed_in_at_ms, nonce=row.nonce
        )
        mac, grant_id = shown.mac, row.grant_id

        async def write(tokens: NewTokens) -> bool:
            command = RedeemOAuthCode(
                unit=deps.unit(), account=account.account, mac=mac, grant_id=grant_id, tokens=tokens
            )
            return await deps.store.submit(command)

        issued = await self._issued(granted, write)
        self._told(granted, "authorization_code", facts)
        return issued

    async def _refresh(self, client: Client, request: Refresh) -> Issued:
        deps = self._deps
        shown = (await deps.keys.mint()).shown_refresh(request.token)
        row = None if shown is None else await deps.store.read(sql.grant(shown.account, shown.grant_id))
        if (
            shown is None
            or row is None
            or row.client != client.client_id
            or row.refresh_mac is None
            or row.expires_at_ms <= deps.clock.now_ms()
        ):
            raise _not_granted("the refresh token is not right, or not any more")
        account = await self._account(row.account)
        scopes = narrowed(request.scopes, parse_scopes(row.scopes))  # RFC 6749 6: never more
        granted = _Granted(client, account, row.grant_id, scopes, row.signed_in_at_ms, created_at_ms=row.created_at_ms)
        was = shown.mac

        async def write(tokens: NewTokens) -> bool:
            command = RotateOAuthToken(
                unit=deps.unit(),
                account=account.account,
                grant_id=granted.grant_id,
                was=was,
                scopes=scope_text(scopes),
                tokens=tokens,
            )
            return await deps.store.submit(command)

        return await self._issued(granted, write, is_refreshed=True)

    async def _poll(self, client: Client, request: PollDevice, facts: Peer) -> Issued:
        deps = self._deps
        mac = (await deps.keys.mint()).shown_device(request.device_code)
        row = None if mac is None else await deps.store.read(sql.device(mac))
        if mac is None or row is None or row.client != client.client_id:
            raise _not_granted("the device code is not right, or not any more")
        if (over := self._over(row)) is not None:
            await deps.store.submit(DropOAuthDevice(unit=deps.unit(), mac=mac))
            raise OAuthError(over)
        self._not_too_often(mac)
        if row.state is not DeviceState.ALLOWED or row.account is None:
            raise OAuthError(ErrorCode.AUTHORIZATION_PENDING)
        account = await self._account(row.account)
        granted = _Granted(client, account, row.grant_id, parse_scopes(row.scopes), row.signed_in_at_ms)

        async def write(tokens: NewTokens) -> bool:
            if not await deps.store.submit(RedeemOAuthDevice(unit=deps.unit(), mac=mac, tokens=tokens)):
                raise _not_granted("the device code is not right, or not any more")  # nothing ended by that
            return True

        issued = await self._issued(granted, write)
        self._polled.pop(mac, None)
        self._told(granted, "device_code", facts)
        return issued

    def _over(self, row: OAuthDeviceRow) -> ErrorCode | None:
        if row.expires_at_ms <= self._deps.clock.now_ms():
            return ErrorCode.EXPIRED_TOKEN
        return ErrorCode.ACCESS_DENIED if row.state is DeviceState.DENIED else None

    def _not_too_often(self, mac: bytes) -> None:
        """RFC 8628 3.5: who asks sooner than he was told to is told so."""
        now_s = self._deps.clock.monotonic_s()
        last_s = self._polled.get(mac)
        if last_s is not None and now_s - last_s < DEVICE_INTERVAL_S - 0.5:
            raise OAuthError(ErrorCode.SLOW_DOWN)
        if len(self._polled) >= POLLS_MAX:
            self._polled.clear()
        self._polled[mac] = now_s

    async def _issued(self, granted: _Granted, write: Write, *, is_refreshed: bool = False) -> Issued:
        """Tokens are made, then stored by ``write``; False from it: what was shown came a second time."""
        deps, settings, account = self._deps, self._deps.settings(), granted.account.account
        mint, now_ms = await deps.keys.mint(), deps.clock.now_ms()
        has_refresh = is_refreshed or Scope.OFFLINE_ACCESS in granted.scopes
        access = mint.access(account)
        refresh = mint.refresh(account, granted.grant_id) if has_refresh else None
        access_ms = now_ms + settings.access_token_s * 1000
        idle_ms = now_ms + settings.refresh_token_days * DAY_MS if has_refresh else access_ms
        began_ms = now_ms if granted.created_at_ms is None else granted.created_at_ms
        ends_ms = min(idle_ms, began_ms + settings.grant_days * DAY_MS)  # ASVS 10.4.8: sliding, but not for ever
        if not await write(NewTokens(access.mac, access_ms, refresh and refresh.mac, ends_ms)):
            self._ended(granted)
            raise _not_granted("it was used before; all that came of it has ended")
        return Issued(
            access_token=access.text,
            expires_in_s=settings.access_token_s,
            scopes=granted.scopes,
            refresh_token=refresh.text if refresh else "",
            id_token=await self._id_token(granted, access.text, now_ms),
        )

    async def _id_token(self, granted: _Granted, access_token: str, now_ms: int) -> str:
        if Scope.OPENID not in granted.scopes:
            return ""
        deps, row = self._deps, granted.account
        subject = Subject((await deps.keys.mint()).subject(row.account), row.address, granted.signed_in_at_ms)
        claims = id_claims(
            deps.issuer, granted.client.client_id, subject, granted.scopes, granted.nonce, access_token, now_ms
        )
        return (await deps.keys.signing()).sign(claims, now_ms)

    async def _account(self, account: AccountId) -> AccountRow:
        row = await self._deps.active(account)
        if row is None:
            raise _not_granted("the account is not active")
        return row

    def _told(self, granted: _Granted, grant_type: str, facts: Peer) -> None:
        self._deps.events.emit(
            OAuthGranted(
                account=granted.account.account,
                account_name=granted.account.address,
                client=granted.client.client_id,
                scopes=tuple(scope.value for scope in granted.scopes),
                remote=facts.remote,
                grant_type=grant_type,
            )
        )

    def _ended(self, granted: _Granted) -> None:
        self._deps.events.emit(
            OAuthRevoked(
                account=granted.account.account,
                account_name=granted.account.address,
                client=granted.client.client_id,
                grants=1,
                cause="reuse",
            )
        )


def _not_granted(said: str) -> OAuthError:
    return OAuthError(ErrorCode.INVALID_GRANT, said)
