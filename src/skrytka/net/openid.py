"""What is asked of an OpenID provider over HTTPS: its document and keys, kept for an hour; codes; who somebody is.

Everything is bounded in size and time. Whatever keeps an answer from coming is TransientError, and for some seconds
after it nobody waits for the provider; an answer that is none is RemoteProtocolError.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason, RemoteProtocolError, TransientError
from skrytka.model.secret import Secret
from skrytka.net.https import Https, Url
from skrytka.protocol.http.client import Received
from skrytka.protocol.openid.exchange import Question, Tokens, parse_person, parse_tokens, token_request
from skrytka.protocol.openid.jwks import Jwk, parse_keys
from skrytka.protocol.openid.metadata import Metadata, parse_metadata, place_of

KEPT_S: Final = 3600.0
REST_S: Final = 5.0  # so long a provider that nobody reached is not asked again
FLOOR_S: Final = 60.0  # between two looks for a key that nobody knows: anybody can make up its name
BODY_MAX: Final = 256 * 1024
_ACCEPT: Final = (("Accept", "application/json"),)
T = TypeVar("T")


class OpenIdProvider:
    """One provider, of one process."""

    def __init__(
        self, https: Https, issuer: str, clock: Clock, secret: Callable[[], Secret | None], *, seconds: float
    ) -> None:
        """``secret`` is that of the client, read anew for each code; None where it has none."""
        self._https = https
        self._issuer = issuer
        self._clock = clock
        self._secret = secret
        self._seconds = seconds
        self._metadata = _Kept[Metadata](clock, self._fetch_metadata)
        self._keys = _Kept[tuple[Jwk, ...]](clock, self._fetch_keys)
        self._rests_until_s = float("-inf")
        self._failure: TransientError | None = None

    async def metadata(self) -> Metadata:
        return await self._metadata.get()

    async def keys(self) -> tuple[Jwk, ...]:
        return await self._keys.get()

    async def newer_keys(self) -> tuple[Jwk, ...]:
        """Those of now, for a token that none of the known ones has signed; the known ones, asked too often."""
        return await self._keys.get(at_most_s=FLOOR_S)

    async def redeem(self, client_id: str, question: Question, code: Secret) -> Tokens:
        """What the provider gives for a code. It is shown once, whatever happens."""
        metadata = await self.metadata()
        fields, body = token_request(metadata, client_id, self._secret(), question, code)
        answer = await self._ask(metadata.token_endpoint, "POST", fields, body)
        return parse_tokens(answer.status, answer.body)

    async def person(self, tokens: Tokens, subject: str) -> dict[str, Any]:
        """What userinfo says besides; {} where there is none."""
        place = (await self.metadata()).userinfo_endpoint
        if not place or not len(tokens.access_token):
            return {}
        shown = tokens.access_token.reveal().decode()
        if not shown.isascii() or not shown.isprintable():
            raise RemoteProtocolError("an access token that cannot be shown")
        answer = await self._ask(place, "GET", (*_ACCEPT, ("Authorization", f"Bearer {shown}")))
        return parse_person(answer.status, answer.media_type, answer.body, subject)

    async def _fetch_metadata(self) -> Metadata:
        return parse_metadata(await self._document(place_of(self._issuer)), self._issuer)

    async def _fetch_keys(self) -> tuple[Jwk, ...]:
        return parse_keys(await self._document((await self.metadata()).jwks_uri))

    async def _document(self, place: str) -> bytes:
        answer = await self._ask(place, "GET", _ACCEPT)
        if answer.status != 200:
            raise RemoteProtocolError(f"{place}: {answer.status}")
        return answer.body

    async def _ask(
        self, place: str, method: str, fields: tuple[tuple[str, str], ...], body: bytes | None = None
    ) -> Received:
        if self._failure is not None and self._clock.monotonic_s() < self._rests_until_s:
            raise TransientError(self._failure.reason, self._failure.detail)
        try:
            return await self._answer(place, method, fields, body)
        except TransientError as exc:
            self._failure, self._rests_until_s = exc, self._clock.monotonic_s() + REST_S
            raise

    async def _answer(
        self, place: str, method: str, fields: tuple[tuple[str, str], ...], body: bytes | None
    ) -> Received:
        try:
            url = Url.parse(place)
            async with asyncio.timeout(self._seconds):  # of it all, many slow steps too
                return await self._https.ask(
                    url, method=method, fields=fields, body=body, seconds=self._seconds, body_max=BODY_MAX
                )
        except PermanentError as exc:
            raise RemoteProtocolError(exc.detail) from exc
        except TimeoutError:
            said = f"{self._issuer} did not answer within {self._seconds:.0f} s"
            raise TransientError(Reason.TIMEOUT, said) from None


class _Kept(Generic[T]):
    """One document, fetched by one at a time."""

    def __init__(self, clock: Clock, fetch: Callable[[], Awaitable[T]]) -> None:
        self._clock = clock
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._known: tuple[float, T] | None = None

    async def get(self, *, at_most_s: float = KEPT_S) -> T:
        """Not older than that; TransientError when it cannot be had."""
        async with self._lock:
            now_s = self._clock.monotonic_s()
            if self._known is not None and now_s - self._known[0] < at_most_s:
                return self._known[1]
            found = await self._fetch()
            self._known = (self._clock.monotonic_s(), found)
            return found
