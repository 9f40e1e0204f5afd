"""Which account belongs to whom at a provider: by issuer and subject, never by an address.

Kept as keyed hashes; what they are of is sealed beside them, for whoever looks at an account.
"""

from collections.abc import Collection
from typing import Final

import msgspec

from skrytka.mail.identity.access_deps import AccessDeps, AccessPart, mac, open_record, seal
from skrytka.mail.identity.types import Login
from skrytka.model.ids import AccountId
from skrytka.store.commands.identities import LinkIdentity, UnlinkIdentity
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.sql import identities as sql

PROVIDED: Final = "$oidc$"  # before the issuer, where a hash would stand: of an account that a provider opens
_PROVIDER: Final = b"openid provider"
_IDENTITY: Final = b"openid identity"


class Record(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed of a link."""

    issuer: str
    subject: str


class LinkInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A link as somebody sees it who may look at the account."""

    address: str
    issuer: str
    subject: str
    created_at_ms: int


class Links(AccessPart):
    """Of one process."""

    def __init__(self, deps: AccessDeps, issuers: Collection[str] = ()) -> None:
        """``issuers``: who is believed now; what others have opened is closed."""
        super().__init__(deps)
        self._issuers = frozenset(issuers)

    async def owner(self, issuer: str, subject: str) -> AccountId | None:
        """Whose account it opens."""
        return await self._deps.store.read(sql.owner(_identity(await self._keys(), issuer, subject)))

    async def proof(self, issuer: str, subject: str) -> bytes:
        """What a login by it is proven by (``Login.proof``)."""
        return _identity(await self._keys(), issuer, subject)

    async def is_still(self, login: Login) -> bool:
        """Whether what has opened the account still opens it."""
        keys = await self._keys()
        for row in await self._deps.store.read(sql.of(login.account)):
            if row.identity == login.proof:
                return _opened(keys, row).issuer in self._issuers
        return False

    async def add(self, account: AccountId, issuer: str, subject: str, *, is_told: bool) -> None:
        """PermanentError(ALREADY_EXISTS). ``is_told``: the owner hears of it by mail."""
        keys = await self._keys()
        identity = _identity(keys, issuer, subject)
        await self._deps.store.submit(
            LinkIdentity(
                unit=self._unit(),
                account=account,
                provider=_provider(keys, issuer),
                identity=identity,
                record=seal(keys, _IDENTITY, _row(account, identity), Record(issuer, subject)),
                is_told=is_told,
            )
        )

    async def remove(self, account: AccountId, issuer: str) -> None:
        """PermanentError(NO_SUCH_OBJECT)."""
        provider = _provider(await self._keys(), issuer)
        await self._deps.store.submit(UnlinkIdentity(unit=self._unit(), account=account, provider=provider))

    async def of(self, account: AccountId, address: str) -> list[LinkInfo]:
        """The oldest first."""
        keys = await self._keys()
        found = []
        for row in await self._deps.store.read(sql.of(account)):
            record = _opened(keys, row)
            found.append(
                LinkInfo(address=address, issuer=record.issuer, subject=record.subject, created_at_ms=row.created_at_ms)
            )
        return found


def _provider(keys: AccountKeys, issuer: str) -> bytes:
    return mac(keys, _PROVIDER, issuer.encode())


def _identity(keys: AccountKeys, issuer: str, subject: str) -> bytes:
    """No issuer has a NUL in it, so nothing can be split in two ways."""
    return mac(keys, _IDENTITY, issuer.encode() + b"\0" + subject.encode("utf-8", "surrogatepass"))


def _row(account: AccountId, identity: bytes) -> bytes:
    return account.to_bytes(8, "big") + identity


def _opened(keys: AccountKeys, row: sql.IdentityRow) -> Record:
    return open_record(keys, _IDENTITY, _row(row.account, row.identity), row.record, Record)
