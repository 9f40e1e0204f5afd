"""The credentials of the directory, as logins ask for them."""

from skrytka.mail.identity.login import Credential
from skrytka.mail.identity.verifier import decode_verifier
from skrytka.model.address import Address
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId, State, UnitId, new_id
from skrytka.store.api import Store
from skrytka.store.commands.directory import PASSWORD, SetPassword
from skrytka.store.rows import DIRECTORY_SUBJECT, AccountStatus
from skrytka.store.sql import directory as sql


class StoredCredentials:
    """``login.Credentials`` over a store. An account is named by its own address only, not by its aliases.

    One per process: it watches the directory for as long as the store is open.
    """

    def __init__(self, store: Store, clock: Clock, random: Random) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._changes = 0
        store.watch(AccountId(DIRECTORY_SUBJECT), self._changed)

    @property
    def changes(self) -> int:
        """See ``login.Credentials``."""
        return self._changes

    def _changed(self, _state: State) -> None:
        self._changes += 1

    async def find(self, address: Address) -> Credential | None:
        account = await self._store.read(sql.account_by_address(address.key))
        if account is None or account.status is AccountStatus.REMOVED:
            return None
        is_suspended = account.status is AccountStatus.SUSPENDED
        for row in await self._store.read(sql.credentials(account.account)):
            if row.kind == PASSWORD:
                verifier = decode_verifier(row.verifier)
                services = frozenset(verifier.services)
                return Credential(
                    account.account, Address.parse(account.address), verifier.stored, is_suspended, services
                )
        return Credential(account.account, Address.parse(account.address), None, is_suspended)

    async def renew(self, account: AccountId, was: str, stored: str) -> None:
        """Read again just before the write: a password changed since the login began stays changed."""
        for row in await self._store.read(sql.credentials(account)):
            verifier = decode_verifier(row.verifier)
            if row.kind == PASSWORD and verifier.stored == was:
                renewed = type(verifier)(stored, verifier.services).encode()
                unit = UnitId(new_id(self._clock, self._random))
                await self._store.submit(SetPassword(unit=unit, account=account, verifier=renewed))
