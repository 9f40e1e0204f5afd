"""The credentials of the directory, as logins ask for them, kept until the directory changes (ADR 0010)."""

from typing import Final

import msgspec

from skrytka.mail.identity.controls import decode_controls
from skrytka.mail.identity.types import Credential
from skrytka.mail.identity.verifier import decode_verifier
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId, State, UnitId, new_id
from skrytka.store.api import Store
from skrytka.store.commands.directory import PASSWORD, SetPassword
from skrytka.store.rows import DIRECTORY_SUBJECT, AccountStatus
from skrytka.store.sql import controls as control_sql
from skrytka.store.sql import directory as sql
from skrytka.store.statement import Query

KNOWN_MAX: Final = 10_000  # some 8 MB


class StoredCredentials:
    """``login.Credentials`` over a store. An account is named by its own address only, not by its aliases.

    One per process: it watches the directory for as long as the store is open.
    """

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._changes = 0
        self._known: dict[str, Credential] = {}
        store.watch(AccountId(DIRECTORY_SUBJECT), self._changed)

    @property
    def changes(self) -> int:
        """See ``login.Credentials``."""
        return self._changes

    def _changed(self, _state: State) -> None:
        self._changes += 1
        self._known.clear()

    async def find(self, address: Address) -> Credential | None:
        """One read for who logs in again and again; who is nobody is looked up each time."""
        if (known := self._known.get(address.key)) is not None:
            return known
        changes = self._changes
        found = await self._store.read(_find(address.key))
        if found is not None and changes == self._changes:
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[address.key] = found
        return found

    async def renew(self, account: AccountId, was: str, stored: str) -> None:
        """Read again just before the write: a password changed since the login began stays changed."""
        for row in await self._store.read(sql.credentials(account)):
            verifier = decode_verifier(row.verifier)
            if row.kind == PASSWORD and verifier.stored == was:
                renewed = type(verifier)(stored, verifier.services).encode()
                unit = UnitId(new_id(self._clock, self._random))
                await self._store.submit(SetPassword(unit=unit, account=account, verifier=renewed))


def _find(key: str) -> Query[Credential | None]:
    account = yield from sql.account_by_address(key)
    if account is None or account.status is AccountStatus.REMOVED:
        return None
    control = yield from control_sql.control(account.account)
    found = Credential(
        account.account,
        Address.parse(account.address),
        None,
        account.status is AccountStatus.SUSPENDED,
        controls=None if control is None else decode_controls(control),
    )
    for row in (yield from sql.credentials(account.account)):
        if row.kind == PASSWORD:
            verifier = decode_verifier(row.verifier)
            services = frozenset(verifier.services)
            return msgspec.structs.replace(found, stored=verifier.stored, services=services)
    return found
