"""Which addresses an account may send from (RFC 6409 6.1): its own, any subaddress of it, aliases that lead to it."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from skrytka.mail.identity.login import Login
from skrytka.model.address import Address
from skrytka.model.ids import AccountId
from skrytka.store.api import Store
from skrytka.store.sql import directory as sql

FIELDS_MAX: Final = 10_000  # that a process knows to be their account's
FIELD_BYTES_MAX: Final = 500  # of one that is kept


class Changing(Protocol):
    """What tells that the directory has changed (``login.Credentials``)."""

    @property
    def changes(self) -> int: ...


class SenderRights:
    """Asks the directory of now, so that a removed alias ends at once."""

    def __init__(self, store: Store, directory: Changing, *, separator: str = "+") -> None:
        self._store = store
        self._directory = directory
        self._separator = separator
        self._proven: dict[tuple[AccountId, bytes], int] = {}  # found right when the directory had so many changes

    async def may_send_as(self, login: Login, address: Address) -> bool:
        """A catch-all gives no right: its owner would be everybody of the domain."""
        if address == login.address or self._base(address).key == self._base(login.address).key:
            return True
        for asked in dict.fromkeys((address, self._base(address))):
            row = await self._store.read(sql.address(asked.key))
            if row is not None:
                return login.address.key in row.targets
        return False

    async def are_proven(self, login: Login, field: bytes, prove: Callable[[bytes], Awaitable[bool]]) -> bool:
        """What ``prove`` says of a field's addresses; a yes is kept until the directory changes.

        The From of a person is the same octets in each message, and to read it takes an inspector.
        """
        key, changes = (login.account, field), self._directory.changes
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
