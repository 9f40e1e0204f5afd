"""Which addresses an account may send from (RFC 6409 6.1): its own, any subaddress of it, aliases that lead to it."""

from skrytka.mail.identity.login import Login
from skrytka.model.address import Address
from skrytka.store.api import Store
from skrytka.store.sql import directory as sql


class SenderRights:
    """Asks the directory of now, so that a removed alias ends at once."""

    def __init__(self, store: Store, *, separator: str = "+") -> None:
        self._store = store
        self._separator = separator

    async def may_send_as(self, login: Login, address: Address) -> bool:
        """A catch-all gives no right: its owner would be everybody of the domain."""
        if self._base(address).key == self._base(login.address).key:
            return True
        for asked in dict.fromkeys((address, self._base(address))):
            row = await self._store.read(sql.address(asked.key))
            if row is not None:
                return login.address.key in row.targets
        return False

    def _base(self, address: Address) -> Address:
        """``user@domain`` of ``user+detail@domain`` (RFC 5233 1)."""
        base, found, _detail = address.local.partition(self._separator) if self._separator else (address.local, "", "")
        return Address(base, address.domain) if found and base else address
