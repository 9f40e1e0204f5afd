"""One provider: what it is asked, and what is believed of its answers. Its word counts for the domains it was given."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from skrytka.mail.identity.gate import parse_name
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import RemoteProtocolError
from skrytka.model.secret import Secret
from skrytka.model.settings import EMAIL_CLAIM
from skrytka.model.settings import Provider as ProviderSettings
from skrytka.net.openid import OpenIdProvider
from skrytka.protocol.acme.jose import encode
from skrytka.protocol.openid.exchange import Client, Question, Tokens, authorization_url, code_of

if TYPE_CHECKING:
    from skrytka.protocol.openid.id_token import Identified

GROUPS_MAX: Final = 10_000


class ProviderPerson(msgspec.Struct, frozen=True):
    """Somebody whom a provider has identified."""

    issuer: str
    subject: str
    address: Address | None  # that is believed to be his: of a domain that the provider may speak for
    groups: tuple[str, ...]
    has_mfa: bool  # he has shown the provider more than a password, by a word that counts here

    def __repr__(self) -> str:
        return "ProviderPerson()"


class Provider:
    """TransientError when it cannot be asked, RemoteProtocolError for what is not believed."""

    def __init__(self, settings: ProviderSettings, client: OpenIdProvider, clock: Clock, random: Random) -> None:
        self.settings = settings
        self._client = client
        self._clock = clock
        self._random = random
        self._domains = frozenset(name.lower() for name in settings.domains)
        self._us = Client(settings.client_id, settings.scopes, settings.max_age_s, settings.mfa_acr)

    def question(self, redirect_uri: str) -> Question:
        """All of chance for one sign-in."""
        state, nonce, verifier = (encode(self._random.token(32)) for _ in range(3))
        return Question(redirect_uri, state, nonce, verifier)

    async def place(self, question: Question) -> str:
        """Where the browser is sent."""
        return authorization_url(await self._client.metadata(), self._us, question)

    async def end_place(self) -> str:
        """Where somebody ends his session there; "" where there is no such place."""
        return (await self._client.metadata()).end_session_endpoint or ""

    async def answer(self, query: Mapping[str, str], question: Question) -> ProviderPerson:
        """Who has come back with that answer to that question. AnswerError, TokenError."""
        code = code_of(query, question, await self._client.metadata())
        tokens = await self._client.redeem(self.settings.client_id, question, code)
        identified = await self._verified(tokens, question)
        of_address, of_groups = await self._sources(identified, tokens)
        has_mfa = bool(identified.methods & frozenset(self.settings.mfa_amr))
        return ProviderPerson(
            identified.issuer,
            identified.subject,
            self._address(of_address),
            _groups(of_groups.get(self.settings.group_claim)),
            has_mfa or (identified.context != "" and identified.context in self.settings.mfa_acr),
        )

    async def _sources(self, identified: "Identified", tokens: Tokens) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Where the address stands, and the groups: in the id token, else in what userinfo says.

        Each is read from one of them as a whole: whether an address is verified is said beside that very address.
        """
        settings, claims = self.settings, identified.claims
        has_address = settings.address_claim in claims
        has_groups = not settings.roles or settings.group_claim in claims
        more = claims if has_address and has_groups else await self._client.person(tokens, identified.subject)
        return claims if has_address else more, claims if has_groups else more

    async def _verified(self, tokens: Tokens, question: Question) -> "Identified":
        """The id token, checked in a thread; once more with newer keys where none of the known ones has signed it."""
        from skrytka.protocol.openid import id_token  # joserfc: 9 MB that a front without providers does not need

        settings = self.settings
        expected = id_token.Expected(
            settings.issuer,
            settings.client_id,
            question.nonce,
            self._clock.now_ms() // 1000,
            settings.max_age_s,
        )
        text = tokens.id_token.reveal().decode()
        try:
            return await asyncio.to_thread(id_token.verify, text, await self._client.keys(), expected)
        except id_token.UnknownKeyError:
            return await asyncio.to_thread(id_token.verify, text, await self._client.newer_keys(), expected)

    def _address(self, claims: Mapping[str, Any]) -> Address | None:
        """None for one of another domain, and for one that nobody has made sure of.

        Only for ``email`` does a provider say whether it is verified (OpenID Connect Core 5.1); for anything else, and
        where it does not say, the settings have to vouch for its administrators.
        """
        settings, text = self.settings, claims.get(self.settings.address_claim)
        said = claims.get("email_verified") if settings.address_claim == EMAIL_CLAIM else None
        is_verified = said is True or said == "true"  # some providers write it as text
        if not isinstance(text, str) or not (is_verified or (said is None and settings.is_address_trusted)):
            return None
        address = parse_name(text)
        return address if address is not None and address.domain.name in self._domains else None


def _groups(found: object) -> tuple[str, ...]:
    """RemoteProtocolError for what is no list of names; a single name is a list of one."""
    if found is None:
        return ()
    groups = [found] if isinstance(found, str) else found
    if not isinstance(groups, list) or len(groups) > GROUPS_MAX or not all(isinstance(one, str) for one in groups):
        raise RemoteProtocolError("groups that are none")
    return tuple(groups)


def secret_of(raw: bytes) -> Secret:
    """The first line of a file."""
    lines = raw.splitlines()
    return Secret(lines[0] if lines else b"")
