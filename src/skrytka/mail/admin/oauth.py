"""Programs that people let in, administered: which may ask, which were let in, and how that ends."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from skrytka.mail.admin.base import AdminDeps, AdminPart
from skrytka.mail.identity.oauth.clients import NAME_MAX, WELL_KNOWN, Client, client_of
from skrytka.mail.identity.oauth.keys import OAuthKeys
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import OAuthClientChanged, OAuthRevoked
from skrytka.model.ids import id_text, parse_id
from skrytka.protocol.oauth.errors import OAuthError
from skrytka.protocol.oauth.redirect import check_registered
from skrytka.protocol.oauth.scopes import Scope, parse_scopes, scope_text
from skrytka.store.commands.oauth import AddOAuthClient, RemoveOAuthClient, RevokeOAuth
from skrytka.store.oauth_rows import OAuthGrantRow
from skrytka.store.sql import oauth as sql

REDIRECTS_MAX: Final = 20
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]")


class ClientInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A program that may ask."""

    client: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    is_public: bool  # it has no secret
    is_device: bool  # it may be let in by a code that is typed elsewhere
    is_well_known: bool = False  # not registered here, and cannot be removed


class ClientAdded(msgspec.Struct, frozen=True, kw_only=True):
    """It may ask from now on; ``secret`` is told once."""

    client: ClientInfo
    secret: str = ""

    def __repr__(self) -> str:
        return f"ClientAdded({self.client.client!r})"


class GrantInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A program that somebody let in."""

    grant: str
    address: str
    client: str
    scopes: tuple[str, ...]
    created_at_ms: int
    used_at_ms: int
    expires_at_ms: int


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How many programs are out."""

    grants: int


class Programs(AdminPart):
    """Part of Admin."""

    def __init__(self, deps: AdminDeps) -> None:
        super().__init__(deps)
        self._keys = OAuthKeys(deps.keys, deps.random)

    async def clients(self) -> Sequence[ClientInfo]:
        """Those everybody has first; whether these are taken, ``oauth.is_well_known_taken`` says."""
        rows = await self._deps.store.read(sql.clients())
        return [*(_info(client) for client in WELL_KNOWN.values()), *(_info(client_of(row)) for row in rows)]

    async def add_client(
        self,
        client: str,
        name: str,
        actor: str,
        *,
        redirect_uris: Sequence[str] = (),
        scopes: Sequence[str] = (),
        is_confidential: bool = False,
        is_device: bool = False,
    ) -> ClientAdded:
        """Register a program; BAD_SYNTAX says what is wrong with it."""
        made = _checked(client, name, redirect_uris, scopes)
        if not made.redirect_uris and not is_device:
            raise PermanentError(Reason.BAD_SYNTAX, "it needs a redirect URI, or has to be a device")
        secret = (await self._keys.mint()).client_secret() if is_confidential else None
        made = msgspec.structs.replace(made, is_device=is_device, secret_mac=secret and secret.mac)
        command = AddOAuthClient(
            unit=self._unit(),
            client=made.client_id,
            name=made.name,
            redirect_uris=made.redirect_uris,
            scopes=scope_text(made.scopes),
            secret_mac=made.secret_mac,
            is_device=is_device,
        )
        await self._deps.store.submit(command)
        info = _info(made)
        self._deps.events.emit(
            OAuthClientChanged(
                actor=actor,
                action="oauth.client.add",
                client=made.client_id,
                redirect_uris=made.redirect_uris,
                scopes=info.scopes,
            )
        )
        return ClientAdded(client=info, secret=secret.text if secret else "")

    async def remove_client(self, client: str, actor: str) -> Ended:
        """Send a program away, and end what anybody allowed it."""
        if client in WELL_KNOWN:
            detail = f"{client} is known everywhere; is_well_known_taken = false in [oauth] refuses all of these"
            raise PermanentError(Reason.NOT_PERMITTED, detail)
        ended = await self._deps.store.submit(RemoveOAuthClient(unit=self._unit(), client=client))
        self._deps.events.emit(
            OAuthClientChanged(actor=actor, action="oauth.client.remove", client=client, grants=ended)
        )
        return Ended(grants=ended)

    async def grants(self, address: str) -> Sequence[GrantInfo]:
        """What somebody let in and what has not had its time, the oldest first."""
        account, now_ms = await self._account(address), self._deps.clock.now_ms()
        rows = await self._deps.store.read(sql.grants(account.account))
        return [_grant_info(row, account.address) for row in rows if row.expires_at_ms > now_ms]

    async def revoke(self, address: str, actor: str, grant: str | None = None, *, cause: str = "admin") -> Ended:
        """End one, or all and whatever is under way. NO_SUCH_OBJECT for one that is not there."""
        account = await self._account(address)
        grant_id, client = None, ""
        if grant is not None:
            row = await self._named(grant, await self._deps.store.read(sql.grants(account.account)))
            grant_id, client = row.grant_id, row.client
        ended = await self._deps.store.submit(
            RevokeOAuth(unit=self._unit(), account=account.account, grant_id=grant_id)
        )
        self._deps.events.emit(
            OAuthRevoked(
                account=account.account,
                account_name=account.address,
                client=client,
                grants=ended,
                cause=cause,
                actor=actor,
            )
        )
        return Ended(grants=ended)

    async def _named(self, grant: str, rows: Sequence[OAuthGrantRow]) -> OAuthGrantRow:
        try:
            grant_id = parse_id(grant)
        except ValueError as exc:
            raise PermanentError(Reason.BAD_SYNTAX, f"{grant!r}: {exc}") from exc
        found = next((row for row in rows if row.grant_id == grant_id), None)
        if found is None:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no grant {grant}; see `skrytka oauth grants`")
        return found


def _checked(client: str, name: str, redirect_uris: Sequence[str], scopes: Sequence[str]) -> Client:
    if _ID.fullmatch(client) is None:
        raise PermanentError(Reason.BAD_SYNTAX, f"{client!r}: an id has 3 to 64 of a-z, 0-9 and . _ - inside")
    if client in WELL_KNOWN:
        raise PermanentError(Reason.ALREADY_EXISTS, f"{client} is known everywhere")
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise PermanentError(Reason.BAD_SYNTAX, f"a name has 1 to {NAME_MAX} characters that can be shown")
    if len(redirect_uris) > REDIRECTS_MAX:
        raise PermanentError(Reason.TOO_MANY, f"{REDIRECTS_MAX} redirect URIs at most")
    try:
        uris = tuple(check_registered(uri) for uri in dict.fromkeys(redirect_uris))
        chosen = parse_scopes(" ".join(scopes)) or tuple(Scope)
    except OAuthError as exc:
        raise PermanentError(Reason.BAD_SYNTAX, exc.said) from exc
    return Client(client_id=client, name=name, redirect_uris=uris, scopes=chosen)


def _info(client: Client) -> ClientInfo:
    return ClientInfo(
        client=client.client_id,
        name=client.name,
        redirect_uris=client.redirect_uris,
        scopes=tuple(scope.value for scope in client.scopes),
        is_public=client.is_public,
        is_device=client.is_device,
        is_well_known=client.client_id in WELL_KNOWN,
    )


def _grant_info(row: OAuthGrantRow, address: str) -> GrantInfo:
    return GrantInfo(
        grant=id_text(row.grant_id),
        address=address,
        client=row.client,
        scopes=tuple(row.scopes.split()),
        created_at_ms=row.created_at_ms,
        used_at_ms=row.used_at_ms,
        expires_at_ms=row.expires_at_ms,
    )
