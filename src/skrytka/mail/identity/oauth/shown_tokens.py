"""Tokens that come back: to be ended (RFC 7009), asked about (RFC 7662), or used to ask who somebody is."""

from typing import Any

from skrytka.mail.identity.oauth.clients import Client
from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.oauth.mint import Shown
from skrytka.model.events import OAuthRevoked
from skrytka.model.secret import Secret
from skrytka.protocol.oauth.claims import Subject, person
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.scopes import Scope, parse_scopes
from skrytka.store.commands.oauth import RevokeOAuth
from skrytka.store.oauth_rows import OAuthTokenRow
from skrytka.store.sql import oauth as sql


class ShownTokens:
    """See the module."""

    def __init__(self, deps: OAuthDeps) -> None:
        self._deps = deps

    async def revoke(self, client: Client, token: Secret) -> None:
        """End the grant that the token is of; what is no token of ours is no error (RFC 7009 2.2).

        An access token ends it as well: a program that asks for that is leaving. A refresh token that was rotated away
        does too. UNAUTHORIZED_CLIENT for a token of another client.
        """
        deps, mint = self._deps, await self._deps.keys.mint()
        if (refresh := mint.shown_refresh(token)) is not None:
            grant = await deps.store.read(sql.grant(refresh.account, refresh.grant_id))
        else:
            row = await self._access(mint.shown_access(token))
            grant = None if row is None else await deps.store.read(sql.grant(row.account, row.grant_id))
        if grant is None:
            return
        if grant.client != client.client_id:
            raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, "the token is another client's")
        account = await deps.active(grant.account)
        grants = await deps.store.submit(RevokeOAuth(unit=deps.unit(), account=grant.account, grant_id=grant.grant_id))
        deps.events.emit(
            OAuthRevoked(
                account=grant.account,
                account_name="" if account is None else account.address,
                client=client.client_id,
                grants=grants,
                cause="client",
            )
        )

    async def introspect(self, client: Client, token: Secret) -> dict[str, Any]:
        """What a token is good for; of one that does not hold only that (RFC 7662 2.2). For clients with a secret."""
        if client.is_public:
            raise OAuthError(ErrorCode.INVALID_CLIENT, "only a client with a secret may ask")
        mint = await self._deps.keys.mint()
        if (row := self._holding(await self._access(mint.shown_access(token)))) is not None:
            return {
                "active": True,
                "token_type": "Bearer",
                "iss": self._deps.issuer,
                "sub": mint.subject(row.account),
                "username": row.address,
                "client_id": row.client,
                "scope": row.scopes,
                "iat": row.issued_at_ms // 1000,
                "exp": row.expires_at_ms // 1000,
            }
        return {"active": False}

    async def userinfo(self, token: Secret) -> dict[str, Any]:
        """OpenID Connect Core 5.3; INVALID_TOKEN, INSUFFICIENT_SCOPE."""
        mint = await self._deps.keys.mint()
        row = self._holding(await self._access(mint.shown_access(token)))
        if row is None:
            raise OAuthError(ErrorCode.INVALID_TOKEN, "the token is not right, or not any more")
        scopes = parse_scopes(row.scopes)
        if Scope.OPENID not in scopes:
            raise OAuthError(ErrorCode.INSUFFICIENT_SCOPE, "the token does not have openid")
        return person(Subject(mint.subject(row.account), row.address, row.signed_in_at_ms), scopes)

    async def _access(self, shown: Shown | None) -> OAuthTokenRow | None:
        return None if shown is None else await self._deps.store.read(sql.token(shown.account, shown.mac))

    def _holding(self, row: OAuthTokenRow | None) -> OAuthTokenRow | None:
        is_holding = row is not None and row.is_active and row.expires_at_ms > self._deps.clock.now_ms()
        return row if is_holding else None
