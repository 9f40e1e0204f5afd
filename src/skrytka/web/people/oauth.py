"""The places that programs ask (docs/oauth.md): octets handed on, answers handed back."""

from collections.abc import Awaitable, Callable

from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.oauth.endpoints import Asking, Endpoints
from skrytka.protocol.http.server import Response
from skrytka.protocol.oauth import metadata as places
from skrytka.protocol.oauth.answers import Answer
from skrytka.web.http import Handler, Page, WebRequest


def pages(deps: OAuthDeps) -> tuple[Page, ...]:
    """All of them."""
    endpoints = Endpoints(deps)

    async def metadata(_request: WebRequest) -> Response:
        return _response(endpoints.metadata())

    async def jwks(_request: WebRequest) -> Response:
        return _response(await endpoints.jwks())

    return (
        Page("GET", places.OAUTH_PATH, metadata),
        Page("GET", places.OPENID_PATH, metadata),
        Page("GET", places.JWKS_PATH, jwks),
        Page("GET", places.USERINFO_PATH, _handler(endpoints.userinfo)),
        Page("POST", places.USERINFO_PATH, _handler(endpoints.userinfo)),  # OpenID Connect Core 5.3.1: both
        Page("POST", places.TOKEN_PATH, _handler(endpoints.token)),
        Page("POST", places.DEVICE_AUTHORIZATION_PATH, _handler(endpoints.device_authorization)),
        Page("POST", places.REVOKE_PATH, _handler(endpoints.revoke)),
        Page("POST", places.INTROSPECT_PATH, _handler(endpoints.introspect)),
    )


def _handler(answer: Callable[[Asking], Awaitable[Answer]]) -> Handler:
    async def handle(request: WebRequest) -> Response:
        asking = Asking(request.body, request.field("content-type"), request.field("authorization"), request.peer)
        return _response(await answer(asking))

    return handle


def _response(answer: Answer) -> Response:
    return Response(answer.status, answer.body, answer.fields)
