"""The places that programs ask, whole: octets in, an answer out. What pages people see is the web's matter."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from skrytka.mail.identity.login import Peer
from skrytka.mail.identity.oauth.clients import Client
from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.oauth.devices import Devices
from skrytka.mail.identity.oauth.issuing import Issuing
from skrytka.mail.identity.oauth.shown_tokens import ShownTokens
from skrytka.model.events import OAuthRefused
from skrytka.model.secret import Secret
from skrytka.net.facts import host_of
from skrytka.protocol.oauth.answers import Answer, bearer_refused, error_answer, json_answer, token_answer
from skrytka.protocol.oauth.client_auth import parse_client
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.form import Fields, parse_form
from skrytka.protocol.oauth.metadata import metadata
from skrytka.protocol.oauth.token import TOKEN_MAX, parse_shown_token, parse_token_request

BY_ADDRESS: Final = "oauth-address"
FAILURES_MAX: Final = 60  # from one address in WINDOW_S
WINDOW_S: Final = 900
_COUNTED: Final = frozenset({ErrorCode.INVALID_CLIENT, ErrorCode.INVALID_GRANT, ErrorCode.INVALID_TOKEN})
_BASIC: Final = "basic "


class Asking(msgspec.Struct, frozen=True):
    """One request of a program; ``authorization`` is that header field."""

    body: bytes
    content_type: str
    authorization: str
    facts: Peer


Work = Callable[[Client, Fields, Asking], Awaitable[Answer]]


class Endpoints:
    """All of them. Wrong clients and tokens of one address are counted, and beyond a number told no more.

    What is right is never refused for them: nobody guesses 256 bits, and many share an address.
    """

    def __init__(self, deps: OAuthDeps) -> None:
        self._deps = deps
        self._issuing = Issuing(deps)
        self._devices = Devices(deps)
        self._tokens = ShownTokens(deps)

    async def token(self, asking: Asking) -> Answer:
        return await self._answered("token", asking, self._token)

    async def device_authorization(self, asking: Asking) -> Answer:
        return await self._answered("device_authorization", asking, self._device)

    async def revoke(self, asking: Asking) -> Answer:
        return await self._answered("revoke", asking, self._revoke)

    async def introspect(self, asking: Asking) -> Answer:
        return await self._answered("introspect", asking, self._introspect)

    async def userinfo(self, asking: Asking) -> Answer:
        """Claims for who shows a token in the Authorization field (RFC 6750 2.1), which is the only way."""
        scheme, _, token = asking.authorization.partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= TOKEN_MAX:
            return bearer_refused(None, "userinfo")
        try:
            return json_answer(await self._tokens.userinfo(Secret(token)))
        except OAuthError as exc:
            return bearer_refused(await self._counted(exc, "userinfo", asking), "userinfo")

    async def jwks(self) -> Answer:
        """Keys by which id tokens are verified."""
        keys = (await self._deps.keys.signing()).public_keys(self._deps.clock.now_ms())
        return json_answer(keys, is_kept=True)

    def metadata(self) -> Answer:
        return json_answer(metadata(self._deps.issuer), is_kept=True)

    async def _token(self, client: Client, fields: Fields, asking: Asking) -> Answer:
        return token_answer(await self._issuing.issue(client, parse_token_request(fields), asking.facts))

    async def _device(self, client: Client, fields: Fields, asking: Asking) -> Answer:
        return json_answer(await self._devices.begin(client, fields.get("scope", ""), asking.facts))

    async def _revoke(self, client: Client, fields: Fields, _asking: Asking) -> Answer:
        await self._tokens.revoke(client, parse_shown_token(fields))
        return Answer(200)

    async def _introspect(self, client: Client, fields: Fields, _asking: Asking) -> Answer:
        return json_answer(await self._tokens.introspect(client, parse_shown_token(fields)))

    async def _answered(self, endpoint: str, asking: Asking, work: Work) -> Answer:
        """The frame of all that a client asks: read, authenticate, do; count what is wrong."""
        client_id = ""
        try:
            fields = _form(asking)
            client = await self._deps.clients.authenticated(parse_client(fields, asking.authorization))
            client_id = client.client_id
            return await work(client, fields, asking)
        except OAuthError as exc:
            told = await self._counted(exc, endpoint, asking, client_id)
            return error_answer(told, is_basic=asking.authorization.lower().startswith(_BASIC))

    async def _counted(self, error: OAuthError, endpoint: str, asking: Asking, client_id: str = "") -> OAuthError:
        """What is answered to something wrong: beyond so many from one address, that there were too many."""
        facts = asking.facts
        if error.code not in _COUNTED:
            return error
        if not facts.is_exempt and not await self._deps.limits.take(
            BY_ADDRESS, host_of(facts.remote), limit=FAILURES_MAX, window_s=WINDOW_S
        ):
            return OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "too many wrong requests came from there")
        self._deps.events.emit(
            OAuthRefused(client=client_id, remote=facts.remote, endpoint=endpoint, error=error.code.value)
        )
        return error


def _form(asking: Asking) -> Fields:
    kind = asking.content_type.partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError(ErrorCode.INVALID_REQUEST, "the body is no form")
    return parse_form(asking.body)
