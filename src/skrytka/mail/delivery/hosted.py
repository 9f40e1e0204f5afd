"""Which domains are ours, for who knows nothing else of the directory."""

from skrytka.store.api import Store
from skrytka.store.sql import directory as sql


class HostedDomains:
    """Asks the directory each time: one read by key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def has(self, domain: str) -> bool:
        """Whether mail is taken for it (``Domain.name``, lower case)."""
        return await self._store.read(sql.domain_by_name(domain)) is not None

    async def names(self) -> list[str]:
        """All of them, by name."""
        return sorted(row.name for row in await self._store.read(sql.domains()))
