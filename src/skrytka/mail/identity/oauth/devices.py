"""Programs without a browser (RFC 8628): how one begins to wait, and how a person lets it in."""

from typing import Any, Final

import msgspec

from skrytka.mail.identity.login import Peer
from skrytka.mail.identity.oauth.authorizations import Person
from skrytka.mail.identity.oauth.clients import Client
from skrytka.mail.identity.oauth.deps import DEVICE_INTERVAL_S, DEVICE_S, OAuthDeps
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.net.facts import host_of
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.metadata import DEVICE_PATH
from skrytka.protocol.oauth.redirect import with_answer
from skrytka.protocol.oauth.scopes import Scope, narrowed, parse_scopes, scope_text
from skrytka.store.commands.oauth import AddOAuthDevice, DecideOAuthDevice
from skrytka.store.oauth_rows import DeviceState
from skrytka.store.sql import oauth as sql

BEGUN: Final = "oauth-device"
TYPED: Final = "oauth-user-code"
BEGUN_MAX: Final = 20  # from one address in WINDOW_S
TYPED_MAX: Final = 10  # codes that one account types, right or wrong: 34 bit bear that (RFC 8628 5.1)
WINDOW_S: Final = 600
TRIES: Final = 5


class Waiting(msgspec.Struct, frozen=True):
    """A program that waits for a person to say yes."""

    client: Client
    scopes: tuple[Scope, ...]
    user_mac: bytes


class Devices:
    """Both sides of it."""

    def __init__(self, deps: OAuthDeps) -> None:
        self._deps = deps

    async def begin(self, client: Client, scope: str, facts: Peer) -> dict[str, Any]:
        """The device authorization response (RFC 8628 3.2); nobody has proven anything yet."""
        deps = self._deps
        if not client.is_device:
            raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, "this program has to use a browser")
        scopes = narrowed(parse_scopes(scope), client.scopes)
        if not facts.is_exempt and not await deps.limits.take(
            BEGUN, host_of(facts.remote), limit=BEGUN_MAX, window_s=WINDOW_S
        ):
            raise OAuthError(ErrorCode.SLOW_DOWN, "too many codes were asked for")
        device, user = await self._codes(client, scopes)
        place = deps.issuer + DEVICE_PATH
        return {
            "device_code": device,
            "user_code": user,
            "verification_uri": place,
            "verification_uri_complete": with_answer(place, [("user_code", user)]),
            "expires_in": DEVICE_S,
            "interval": DEVICE_INTERVAL_S,
        }

    async def typed(self, text: str, person: Person) -> Waiting | None:
        """The program whose code a person typed; TransientError(RATE_LIMITED) for who tries too many."""
        deps = self._deps
        if not await deps.limits.take(TYPED, str(person.account), limit=TYPED_MAX, window_s=WINDOW_S):
            raise TransientError(Reason.RATE_LIMITED, "too many codes were typed")
        user_mac = (await deps.keys.mint()).shown_user_code(text)
        row = None if user_mac is None else await deps.store.read(sql.device_by_user_code(user_mac))
        if user_mac is None or row is None or row.state is not DeviceState.WAITING:
            return None
        client = await deps.clients.find(row.client)
        if client is None or row.expires_at_ms <= deps.clock.now_ms():
            return None
        return Waiting(client, parse_scopes(row.scopes), user_mac)

    async def decide(self, waiting: Waiting, person: Person, *, is_allowed: bool) -> bool:
        """He says yes or no; False when it does not wait any more."""
        command = DecideOAuthDevice(
            unit=self._deps.unit(),
            user_mac=waiting.user_mac,
            account=person.account,
            is_allowed=is_allowed,
            signed_in_at_ms=person.signed_in_at_ms,
        )
        return await self._deps.store.submit(command)

    async def _codes(self, client: Client, scopes: tuple[Scope, ...]) -> tuple[str, str]:
        deps = self._deps
        mint = await deps.keys.mint()
        for _ in range(TRIES):
            device, user = mint.device(), mint.user_code()
            command = AddOAuthDevice(
                unit=deps.unit(),
                mac=device.mac,
                user_mac=user.mac,
                grant_id=deps.grant_id(),
                client=client.client_id,
                scopes=scope_text(scopes),
                expires_at_ms=deps.clock.now_ms() + DEVICE_S * 1000,
            )
            try:
                if await deps.store.submit(command):
                    return device.text, user.text
            except PermanentError as exc:
                raise OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "too many programs wait") from exc
        raise OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "no code is free")
