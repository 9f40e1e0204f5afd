"""Mailboxes that are shared with others: rights on them given, shown and taken."""

from typing import Final

from skrytka.mail.admin.access import DelegationInfo
from skrytka.mail.admin.base import AdminPart
from skrytka.mail.identity.delegation import shareable
from skrytka.mail.identity.shares import ALL
from skrytka.mail.mailbox.names import Names, name_mac
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import DelegationChanged
from skrytka.model.ids import AccountId
from skrytka.protocol.imap.mailbox_name import canonical
from skrytka.store.commands.controls import NOT_DELEGATED, AddDelegation, RemoveDelegation
from skrytka.store.rows import DelegationKind, DelegationRow
from skrytka.store.sql import controls as sql
from skrytka.store.sql import mailboxes

EVERY: Final = "*"  # no mailbox has that name
GONE: Final = "?"  # nor that one: it was deleted a moment ago


class Sharing(AdminPart):
    """Part of Admin."""

    async def add(self, address: str, delegate: str, mailbox: str, rights: str, actor: str) -> DelegationInfo:
        """Let ``delegate`` use a mailbox of the account, or all (``*``); other rights in place of those he had."""
        owner, other, given = await self._account(address), await self._account(delegate), shareable(rights)
        number = await self._number(owner.account, mailbox)
        await self._deps.store.submit(
            AddDelegation(
                unit=self._unit(),
                account=owner.account,
                delegate=other.account,
                kind=DelegationKind.MAILBOX,
                mailbox=number,
                rights=given,
            )
        )
        self._tell(owner.address, other.address, actor, number, given, is_given=True)
        return DelegationInfo(
            address=owner.address,
            delegate=other.address,
            kind=DelegationKind.MAILBOX.value,
            created_at_ms=self._deps.clock.now_ms(),
            mailbox=canonical(mailbox),
            rights=given,
        )

    async def remove(self, address: str, delegate: str, mailbox: str, actor: str) -> DelegationInfo:
        """An open session hears of it within a second."""
        owner, other = await self._account(address), await self._account(delegate)
        try:
            number = await self._number(owner.account, mailbox)
        except PermanentError as exc:  # nobody finds out which mailboxes there are by taking what was not given
            raise PermanentError(exc.reason, NOT_DELEGATED) from None
        await self._deps.store.submit(
            RemoveDelegation(
                unit=self._unit(),
                account=owner.account,
                delegate=other.account,
                kind=DelegationKind.MAILBOX,
                mailbox=number,
            )
        )
        self._tell(owner.address, other.address, actor, number, "", is_given=False)
        return DelegationInfo(
            address=owner.address,
            delegate=other.address,
            kind=DelegationKind.MAILBOX.value,
            created_at_ms=0,
            mailbox=canonical(mailbox),
        )

    async def list(self, address: str) -> list[DelegationInfo]:
        """Who acts for the account or uses mailboxes of it, and for whom it acts and whose it uses."""
        row = await self._account(address)
        names: dict[AccountId, dict[int, str]] = {}
        return [
            DelegationInfo(
                address=each.address,
                delegate=each.delegate_address,
                kind=each.kind.value,
                created_at_ms=each.created_at_ms,
                mailbox=await self._name(each, names),
                rights=each.rights,
            )
            for each in await self._deps.store.read(sql.delegations(row.account))
        ]

    async def _name(self, row: DelegationRow, names: dict[AccountId, dict[int, str]]) -> str:
        if row.kind is not DelegationKind.MAILBOX:
            return ""
        if row.mailbox == ALL:
            return EVERY
        if row.account not in names:
            names[row.account] = await self._names(row.account)
        return names[row.account].get(row.mailbox, GONE)

    async def _names(self, account: AccountId) -> dict[int, str]:
        keys, opened = await self._deps.keys.account(account), Names()
        rows = await self._deps.store.read(mailboxes.list_(account))
        return {int(row.mailbox): opened.mailbox(keys, row).name for row in rows}

    async def _number(self, account: AccountId, name: str) -> int:
        if name == EVERY:
            return ALL
        keys = await self._deps.keys.account(account)
        row = await self._deps.store.read(mailboxes.by_name(account, name_mac(keys, canonical(name))))
        if row is None:
            raise PermanentError(Reason.NO_SUCH_OBJECT, f"there is no mailbox {name!r}")
        return row.mailbox

    def _tell(self, owner: str, other: str, actor: str, mailbox: int, rights: str, *, is_given: bool) -> None:
        self._deps.events.emit(
            DelegationChanged(
                actor=actor,
                object=owner,
                delegate=other,
                right=DelegationKind.MAILBOX.value,
                is_given=is_given,
                mailbox=mailbox,
                rights=rights,
            )
        )
