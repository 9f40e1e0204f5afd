"""What a person is asked when a program sends him here, and what he says."""

from typing import Final

import msgspec

from skrytka.mail.identity.oauth.clients import Client
from skrytka.mail.identity.oauth.deps import CODE_S, OAuthDeps
from skrytka.model.ids import AccountId
from skrytka.protocol.oauth import authorize
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.form import Fields
from skrytka.protocol.oauth.redirect import is_allowed
from skrytka.protocol.oauth.scopes import Scope, narrowed, parse_scopes, scope_text
from skrytka.store.commands.oauth import AddOAuthCode
from skrytka.store.sql import oauth as sql

SKEW_MS: Final = 1000


class Person(msgspec.Struct, frozen=True):
    """Somebody who is signed in."""

    account: AccountId
    address: str
    signed_in_at_ms: int


class Asked(msgspec.Struct, frozen=True):
    """A request that a person can answer."""

    client: Client
    request: authorize.AuthorizationRequest
    scopes: tuple[Scope, ...]


class SentBackError(Exception):
    """The program is told, at its own place, why it gets nothing."""

    def __init__(self, location: str) -> None:
        super().__init__()
        self.location = location


class Authorizations:
    """The authorization endpoint, without its pages."""

    def __init__(self, deps: OAuthDeps) -> None:
        self._deps = deps

    async def asked(self, fields: Fields) -> Asked:
        """What is asked. OAuthError is for the person and sent nowhere; SentBackError for the program."""
        place = authorize.parse_place(fields)
        client = await self._deps.clients.find(place.client_id)
        if client is None or not is_allowed(place.redirect_uri, client.redirect_uris):
            raise OAuthError(ErrorCode.INVALID_REQUEST, "the program is not known here, or this is not its place")
        try:
            request = authorize.parse_request(fields)
            return Asked(client, request, narrowed(request.scopes, client.scopes))
        except OAuthError as exc:
            raise self._sent_back(place, exc) from exc

    def must_sign_in(self, asked: Asked, person: Person | None) -> bool:
        """Whether he is to prove (again) who he is; SentBackError when no page may be shown."""
        is_fresh = person is not None and self._is_fresh(asked, person)
        if not is_fresh and asked.request.is_silent:
            raise self._sent_back(asked.request.place, OAuthError(ErrorCode.LOGIN_REQUIRED))
        return not is_fresh

    async def must_ask(self, asked: Asked, person: Person) -> bool:
        """Whether he has to say yes. Never left out for a program that cannot prove who it is (RFC 8252 8.6)."""
        is_known = not asked.client.is_public and not asked.request.is_asking and await self._has_said(asked, person)
        if not is_known and asked.request.is_silent:
            raise self._sent_back(asked.request.place, OAuthError(ErrorCode.CONSENT_REQUIRED))
        return not is_known

    async def allow(self, asked: Asked, person: Person) -> str:
        """He said yes: where his browser goes, with a code that holds for a minute and once."""
        deps = self._deps
        code = (await deps.keys.mint()).code(person.account)
        command = AddOAuthCode(
            unit=deps.unit(),
            account=person.account,
            mac=code.mac,
            grant_id=deps.grant_id(),
            client=asked.client.client_id,
            redirect_uri=asked.request.place.redirect_uri,
            scopes=scope_text(asked.scopes),
            challenge=asked.request.challenge,
            nonce=asked.request.nonce,
            signed_in_at_ms=person.signed_in_at_ms,
            expires_at_ms=deps.clock.now_ms() + CODE_S * 1000,
        )
        await deps.store.submit(command)
        return authorize.granted(asked.request.place, code.text, deps.issuer)

    def deny(self, asked: Asked) -> str:
        """He said no."""
        error = OAuthError(ErrorCode.ACCESS_DENIED, "the owner of the mailbox said no")
        return authorize.refused(asked.request.place, error, self._deps.issuer)

    def _is_fresh(self, asked: Asked, person: Person) -> bool:
        max_age_s = asked.request.max_age_s
        if max_age_s is None:
            return True
        if max_age_s == 0:  # prompt=login: what was before the question does not count; the page says when it came back
            return False
        return self._deps.clock.now_ms() - person.signed_in_at_ms <= max_age_s * 1000 + SKEW_MS

    async def _has_said(self, asked: Asked, person: Person) -> bool:
        rows = await self._deps.store.read(sql.grants(person.account))
        now_ms = self._deps.clock.now_ms()
        return any(
            row.client == asked.client.client_id
            and row.expires_at_ms > now_ms
            and frozenset(asked.scopes) <= frozenset(parse_scopes(row.scopes))
            for row in rows
        )

    def _sent_back(self, place: authorize.Place, error: OAuthError) -> SentBackError:
        return SentBackError(authorize.refused(place, error, self._deps.issuer))
