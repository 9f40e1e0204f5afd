"""Who acts for whom: as another, on behalf of another, in another's mailbox.

*send as*: the delegate writes as the owner, in MAIL FROM and in From, and nobody sees a difference. *on behalf of*:
From is the owner, Sender the delegate (RFC 5322 3.6.2), and MAIL FROM is the delegate's. *mailbox*: rights of RFC 4314
on one mailbox, or on all; ``shares`` answers what IMAP asks.
"""

from typing import Final

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.store.api import Store
from skrytka.store.rows import DelegationKind
from skrytka.store.sql import controls as sql
from skrytka.store.sql import directory

__all__ = ["RIGHTS", "SENDING", "SHAREABLE", "DelegationKind", "Delegations", "parse_rights"]

RIGHTS: Final = "lrswipkxtea"  # RFC 4314 2.1
SHAREABLE: Final = "lrswite"  # what is given on mailboxes of others; making and deleting them stays with the owner
SENDING: Final = (DelegationKind.SEND_AS, DelegationKind.ON_BEHALF)
NOTHING: Final[frozenset[DelegationKind]] = frozenset()


class Delegations:
    """As the directory has them now."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def kinds(self, key: str, delegate: AccountId) -> frozenset[DelegationKind]:
        """What ``delegate`` may do in the name of the account whose own address (``Address.key``) that is."""
        row = await self._store.read(directory.address(key))
        if row is None or row.account is None:
            return NOTHING
        return await self._store.read(sql.delegated(row.account, delegate))


def shareable(text: str) -> str:
    """Rights that may be given, as :func:`parse_rights`; l among them, or nobody would find what is shared."""
    rights = parse_rights(text)
    if unknown := "".join(right for right in rights if right not in SHAREABLE):
        raise PermanentError(Reason.BAD_SYNTAX, f"{unknown}: rights that can be given are of {SHAREABLE}")
    if "l" not in rights:
        raise PermanentError(Reason.BAD_SYNTAX, "without the right l nobody finds the mailbox")
    return rights


def parse_rights(text: str) -> str:
    """Letters of RFC 4314 2.1 in their order, each once; PermanentError(BAD_SYNTAX)."""
    if unknown := sorted(set(text) - set(RIGHTS)):
        raise PermanentError(Reason.BAD_SYNTAX, f"{''.join(unknown)}: rights are of {RIGHTS}")
    return "".join(right for right in RIGHTS if right in text)
