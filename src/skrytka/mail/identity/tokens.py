"""Access tokens of this server, as logins ask for them: ``bearers.Bearers`` over the store.

A token that was right is remembered by its hash until the directory changes, as passwords are; its expiry is looked at
each time. Whatever ends a token is a change of the directory, so it ends everywhere within a second.
"""

from typing import Final, Protocol

from skrytka.mail.identity.bearers import Bearer
from skrytka.mail.identity.oauth.keys import OAuthKeys
from skrytka.model.address import Address
from skrytka.model.clock import Clock
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.protocol.oauth.metadata import OPENID_PATH
from skrytka.store.api import Store
from skrytka.store.oauth_rows import OAuthTokenRow
from skrytka.store.rows import AccountStatus
from skrytka.store.sql import directory
from skrytka.store.sql import oauth as sql
from skrytka.store.statement import Query

KNOWN_MAX: Final = 10_000
_ACCOUNT: Final = 8


class Changing(Protocol):
    """What tells that the directory has changed (``login.Credentials``)."""

    @property
    def changes(self) -> int: ...


class Tokens:
    """Of one process."""

    def __init__(self, store: Store, keys: OAuthKeys, directory_: Changing, clock: Clock, issuer: str) -> None:
        self._store = store
        self._keys = keys
        self._directory = directory_
        self._clock = clock
        self._issuer = issuer
        self._known: dict[bytes, tuple[OAuthTokenRow, int]] = {}
        self._valid: dict[tuple[bytes, str], int] = {}  # grant and right, found standing at so many changes

    async def prove(self, token: Secret, right: str) -> Bearer:
        """See ``bearers.Bearers``."""
        mint = await self._keys.mint()
        shown = mint.shown_access(token)
        if shown is None:
            raise _refused("no token of this server")
        row = await self._row(shown.account, shown.mac)
        if row is None:
            raise _refused("revoked, or never given")
        if row.expires_at_ms <= self._clock.now_ms():
            raise _refused(Reason.EXPIRED.value)
        if not row.is_active:
            raise _refused(Reason.ACCOUNT_SUSPENDED.value)
        if right not in row.scopes.split(" "):
            raise _refused(f"not for {right}")
        grant = shown.account.to_bytes(_ACCOUNT, "big") + row.grant_id
        return Bearer(Address.parse(row.address), grant, row.expires_at_ms)

    async def is_still_valid(self, bearer: Bearer, right: str) -> bool:
        """See ``bearers.Bearers``."""
        key, changes = (bearer.grant, right), self._directory.changes
        if self._valid.get(key) == changes:
            return True
        account, grant_id = AccountId(int.from_bytes(bearer.grant[:_ACCOUNT], "big")), bearer.grant[_ACCOUNT:]
        is_valid = await self._store.read(_stands(account, grant_id, bearer.address.key, right))
        if is_valid:
            if len(self._valid) >= KNOWN_MAX:
                self._valid.clear()
            self._valid[key] = changes
        return is_valid

    def challenge(self, right: str) -> dict[str, str]:
        """See ``bearers.Bearers``."""
        return {"scope": right, "openid-configuration": self._issuer + OPENID_PATH}

    async def _row(self, account: AccountId, mac: bytes) -> OAuthTokenRow | None:
        changes = self._directory.changes
        known = self._known.get(mac)
        if known is not None and known[1] == changes:
            return known[0]
        row = await self._store.read(sql.token(account, mac))
        if row is None:
            self._known.pop(mac, None)
            return None
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[mac] = (row, changes)
        return row


def _stands(account: AccountId, grant_id: bytes, address: str, right: str) -> Query[bool]:
    grant = yield from sql.grant(account, grant_id)
    row = yield from directory.account_by_id(account)
    return (
        grant is not None
        and right in grant.scopes.split(" ")
        and row is not None
        and row.status is AccountStatus.ACTIVE
        and row.address == address
    )


def _refused(detail: str) -> PermanentError:
    return PermanentError(Reason.BAD_CREDENTIALS, detail)
