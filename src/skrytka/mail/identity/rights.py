"""Which addresses an account may send from (RFC 6409 6.1): its own, any subaddress of it, aliases that lead to it.

Besides, those of others who said so (``delegation``); or exactly those that its control names (``controls``).
"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from skrytka.mail.identity.delegation import SENDING, Delegations
from skrytka.mail.identity.types import Credential, Login
from skrytka.model.address import Address
from skrytka.model.ids import AccountId
from skrytka.store.api import Store
from skrytka.store.rows import DelegationKind
from skrytka.store.sql import directory as sql

FIELDS_MAX: Final = 10_000  # that a process knows to be their account's
FIELD_BYTES_MAX: Final = 500  # of one that is kept


class Accounts(Protocol):
    """What a sender's account may, and whether the directory has changed (``types.Credentials``)."""

    @property
    def changes(self) -> int: ...

    async def find(self, address: Address) -> Credential | None: ...


class SenderRights:
    """Asks the directory of now, so that a removed alias ends at once."""

    def __init__(self, store: Store, directory: Accounts, *, separator: str = "+") -> None:
        self._store = store
        self._directory = directory
        self._separator = separator
        self._delegations = Delegations(store)
        self._proven: dict[
            tuple[AccountId, bytes, bool], int
        ] = {}  # found right when the directory had so many changes

    async def may_send_as(self, login: Login, address: Address) -> bool:
        """A catch-all gives no right: its owner would be everybody of the domain."""
        if (allowed := await self._allowed(login, address)) is not None:
            return allowed
        return DelegationKind.SEND_AS in await self._delegations.kinds(self._base(address).key, login.account)

    async def may_send_on_behalf(self, login: Login, address: Address) -> bool:
        """Whether From may have the address if Sender is his own (RFC 5322 3.6.2)."""
        if (allowed := await self._allowed(login, address)) is not None:
            return allowed
        return bool(await self._delegations.kinds(self._base(address).key, login.account) & set(SENDING))

    async def _allowed(self, login: Login, address: Address) -> bool | None:
        """What follows without any delegation; None: a delegation may allow it.

        Where a control names senders it is those and no others, for that is what it is for.
        """
        found = await self._directory.find(login.address)
        controls = found.controls if found is not None and found.account == login.account else None
        if controls is not None and controls.senders:
            return controls.may_send_from(address)
        if address == login.address or self._base(address).key == self._base(login.address).key:
            return True
        for asked in dict.fromkeys((address, self._base(address))):
            row = await self._store.read(sql.address(asked.key))
            if row is not None:
                return True if login.address.key in row.targets else None
        return False

    async def are_proven(
        self,
        login: Login,
        field: bytes,
        prove: Callable[[bytes], Awaitable[bool]],
        *,
        is_on_behalf: bool = False,
    ) -> bool:
        """What ``prove`` says of a field's addresses; a yes is kept until the directory changes.

        The From of a person is the same octets in each message, and to read it takes an inspector. ``is_on_behalf``:
        another question about the same octets.
        """
        key, changes = (login.account, field, is_on_behalf), self._directory.changes
        if self._proven.get(key) == changes:
            return True
        is_proven = await prove(field)
        if is_proven and len(field) <= FIELD_BYTES_MAX:
            if len(self._proven) >= FIELDS_MAX:
                self._proven.clear()
            self._proven[key] = changes
        return is_proven

    def _base(self, address: Address) -> Address:
        """``user@domain`` of ``user+detail@domain`` (RFC 5233 1)."""
        base, found, _detail = address.local.partition(self._separator) if self._separator else (address.local, "", "")
        return Address(base, address.domain) if found and base else address
