"""Mailboxes that others share with an account: whose, which, with what rights of RFC 4314, as the directory has them.

Kept until the directory changes, so that who shares nothing with anybody pays nothing. Nothing is shared by an account
that is suspended.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from skrytka.mail.identity.delegation import parse_rights
from skrytka.model.ids import AccountId
from skrytka.store.api import Store
from skrytka.store.known import KnownOfDirectory
from skrytka.store.sql import controls as sql

KNOWN_MAX: Final = 10_000  # accounts
ALL: Final = 0  # every mailbox of the owner, those that he will make included
Shared = Mapping[str, "Owner"]


class Owner(msgspec.Struct, frozen=True):
    """Who shares something."""

    account: AccountId
    address: str  # Address.key
    rights: dict[int, str]  # by mailbox, or ALL

    def on(self, mailbox: int) -> str:
        """Rights on that mailbox, in the order of RFC 4314 2.1; "" for none."""
        return parse_rights(self.rights.get(ALL, "") + self.rights.get(mailbox, ""))


class Shares:
    """One per process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = KnownOfDirectory[AccountId, Shared](store, KNOWN_MAX)

    @property
    def changes(self) -> int:
        """As long as it is the same, :meth:`of` answers the same."""
        return self._known.changes

    async def of(self, delegate: AccountId) -> Shared:
        """Who shares with the account, by address; one read after each change of the directory."""
        if (known := self._known.get(delegate)) is not None:
            return known
        changes = self._known.changes
        found = _by_owner(await self._store.read(sql.shared_with(delegate)))
        self._known.keep(delegate, found, changes)
        return found


def _by_owner(rows: Sequence[sql.SharedRow]) -> Shared:
    found: dict[str, Owner] = {}
    for row in rows:
        owner = found.setdefault(row.address, Owner(row.account, row.address, {}))
        owner.rights[row.mailbox] = row.rights
    return found
