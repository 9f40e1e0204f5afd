"""Programs that may ask: those everybody has, and those an administrator registered."""

from typing import Final

import msgspec

from skrytka.mail.identity.oauth.keys import OAuthKeys
from skrytka.protocol.oauth.client_auth import ClientClaim
from skrytka.protocol.oauth.errors import ErrorCode, OAuthError
from skrytka.protocol.oauth.scopes import Scope, parse_scopes
from skrytka.store.api import Store
from skrytka.store.oauth_rows import OAuthClientRow
from skrytka.store.sql import oauth as sql

NAME_MAX: Final = 100
ID_MAX: Final = 64


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One program."""

    client_id: str
    name: str  # as people are shown it
    redirect_uris: tuple[str, ...]
    scopes: tuple[Scope, ...]
    secret_mac: bytes | None = None  # None: it cannot keep a secret (RFC 6749 2.1)
    is_device: bool = False

    @property
    def is_public(self) -> bool:
        return self.secret_mac is None


_LOOPBACK: Final = tuple(
    f"http://{host}{path}" for host in ("127.0.0.1", "[::1]", "localhost") for path in ("", "/", "/callback")
)
THUNDERBIRD: Final = Client(
    client_id="thunderbird",
    name="Thunderbird",
    redirect_uris=("http://localhost", "http://127.0.0.1", "https://localhost"),
    scopes=tuple(Scope),
)
MAIL_PROGRAM: Final = Client(
    client_id="mail-program", name="Mail program", redirect_uris=_LOOPBACK, scopes=tuple(Scope), is_device=True
)
WELL_KNOWN: Final = {client.client_id: client for client in (THUNDERBIRD, MAIL_PROGRAM)}


class Clients:
    """Finds them; a registered one is read each time, which takes microseconds."""

    def __init__(self, store: Store, keys: OAuthKeys, *, is_well_known_taken: bool = True) -> None:
        self._store = store
        self._keys = keys
        self._well_known = WELL_KNOWN if is_well_known_taken else {}

    async def find(self, client_id: str) -> Client | None:
        if (known := self._well_known.get(client_id)) is not None:
            return known
        if len(client_id) > ID_MAX:
            return None
        row = await self._store.read(sql.client(client_id))
        return None if row is None else client_of(row)

    async def all(self) -> list[Client]:
        """Those everybody has first."""
        return [*self._well_known.values(), *(client_of(row) for row in await self._store.read(sql.clients()))]

    async def authenticated(self, claim: ClientClaim) -> Client:
        """INVALID_CLIENT unless it is who it says it is; a public client has nothing to prove, and must not try to."""
        client = await self.find(claim.client_id)
        if client is not None and await self._is_proven(client, claim):
            return client
        raise OAuthError(ErrorCode.INVALID_CLIENT, "the client is not known, or its secret is wrong")

    async def _is_proven(self, client: Client, claim: ClientClaim) -> bool:
        if client.secret_mac is None or claim.secret is None:
            return client.secret_mac is None and claim.secret is None
        return (await self._keys.mint()).is_client_secret(claim.secret, client.secret_mac)


def client_of(row: OAuthClientRow) -> Client:
    return Client(
        client_id=row.client,
        name=row.name,
        redirect_uris=row.redirect_uris,
        scopes=parse_scopes(row.scopes),
        secret_mac=row.secret_mac,
        is_device=row.is_device,
    )
