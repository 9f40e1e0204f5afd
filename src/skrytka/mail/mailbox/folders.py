"""Mailboxes made, deleted, renamed and subscribed to (RFC 9051 6.3.4 to 6.3.8)."""

import re
from collections.abc import Sequence
from typing import Final, Protocol

from skrytka.mail.mailbox.copying import Copier
from skrytka.mail.mailbox.names import SPECIAL_USE, Names, name_mac, seal_name
from skrytka.mail.mailbox.types import HIERARCHY_SEPARATOR, INBOX, MailboxInfo
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import Emitter
from skrytka.model.ids import AccountId, MailboxId, UnitId, new_unit
from skrytka.store import ranges
from skrytka.store.api import Store
from skrytka.store.commands.copies import PIECE
from skrytka.store.commands.mailbox import CreateMailbox, DeleteMailbox, Renamed, RenameMailbox, SubscribeName
from skrytka.store.commands.messages import Expunge
from skrytka.store.rows import Role
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.source import KeySource
from skrytka.store.sql import mailboxes, messages

NAME_MAX_BYTES: Final = 1000
LEVELS_MAX: Final = 50
_NOT_IN_NAMES: Final = re.compile(r"[%*\x00-\x1f\x7f]")  # wildcards could not be listed apart (RFC 9051 5.1)
_ROLES: Final = {special_use.upper(): role for role, special_use in SPECIAL_USE.items()}


class FolderDeps(Protocol):
    """Of ``MailboxDeps``, what is needed here."""

    @property
    def store(self) -> Store: ...
    @property
    def keys(self) -> KeySource: ...
    @property
    def events(self) -> Emitter: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def random(self) -> Random: ...


class Folders:
    """Changes to the list of mailboxes of any account."""

    def __init__(self, deps: FolderDeps, names: Names) -> None:
        self._deps = deps
        self._names = names

    async def create(self, account: AccountId, name: str, special_use: str = "") -> MailboxId:
        """A new mailbox. PermanentError: ALREADY_EXISTS, BAD_SYNTAX (the name), UNSUPPORTED (the special use)."""
        name = checked(name.removesuffix(HIERARCHY_SEPARATOR))  # RFC 9051 6.3.4: it only says that others will follow
        keys = await self._deps.keys.account(account)
        role: Role | None = None
        if special_use:
            role = _ROLES.get(special_use.upper())
            if role is None or await self._deps.store.read(mailboxes.by_role(account, role)) is not None:
                raise PermanentError(Reason.UNSUPPORTED, "special use")  # RFC 6154 3
        made = await self._deps.store.submit(
            CreateMailbox(
                unit=self._unit(),
                account=account,
                name_mac=name_mac(keys, name),
                name=seal_name(keys, name),
                role=role,
            )
        )
        return made.mailbox

    async def delete(self, account: AccountId, name: str) -> None:
        """Its messages go to the vault. PermanentError: NO_SUCH_MAILBOX, NOT_PERMITTED (INBOX)."""
        keys = await self._deps.keys.account(account)
        row = await self._deps.store.read(mailboxes.by_name(account, name_mac(keys, name)))
        if row is None:
            raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account}")
        if row.role is not Role.INBOX and row.messages > PIECE:
            await self._empty(account, row.mailbox)
        await self._deps.store.submit(DeleteMailbox(unit=self._unit(), account=account, mailbox=row.mailbox))

    async def rename(self, account: AccountId, name: str, new_name: str) -> None:
        """With all below it, in one commit; of INBOX the messages move instead (RFC 9051 6.3.6).

        PermanentError: NO_SUCH_MAILBOX, ALREADY_EXISTS, BAD_SYNTAX.
        """
        if name == INBOX:
            await self._rename_inbox(account, new_name)
            return
        new_name = checked(new_name)
        keys = await self._deps.keys.account(account)
        infos = [self._names.mailbox(keys, row) for row in await self._deps.store.read(mailboxes.list_(account))]
        if any(info.name == new_name for info in infos):
            raise PermanentError(Reason.ALREADY_EXISTS, f"account {account}")
        renames = [
            _renamed(keys, info, checked(new_name + info.name[len(name) :])) for info in infos if _is_in(info, name)
        ]
        if not renames:
            raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account}")
        await self._deps.store.submit(RenameMailbox(unit=self._unit(), account=account, renames=tuple(renames)))

    async def subscribe(self, account: AccountId, name: str, *, is_wanted: bool) -> None:
        """There need be no such mailbox. PermanentError: BAD_SYNTAX, TOO_MANY."""
        keys = await self._deps.keys.account(account)
        if is_wanted:
            name = checked(name)
        await self._deps.store.submit(
            SubscribeName(
                unit=self._unit(),
                account=account,
                name_mac=name_mac(keys, name),
                name=seal_name(keys, name),
                is_subscribed=is_wanted,
            )
        )

    async def _rename_inbox(self, account: AccountId, new_name: str) -> None:
        deps = self._deps
        await self.create(account, new_name)
        keys = await deps.keys.account(account)
        inbox = await deps.store.read(mailboxes.by_role(account, Role.INBOX))
        if inbox is None:
            raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account}: INBOX")
        uids = [row[0] for row in await deps.store.read(messages.snapshot(account, inbox.mailbox))]
        copier = Copier(deps.store, deps.events, deps.clock, deps.random)
        await copier.run(keys, inbox.mailbox, uids, new_name, is_move=True)

    async def _empty(self, account: AccountId, mailbox: MailboxId) -> None:
        """In pieces: one command would keep the writer for too long."""
        uids = [row[0] for row in await self._deps.store.read(messages.snapshot(account, mailbox))]
        for piece in _pieces(uids):
            await self._deps.store.submit(
                Expunge(unit=self._unit(), account=account, mailbox=mailbox, uids=ranges.of(piece), only_deleted=False)
            )

    def _unit(self) -> UnitId:
        return new_unit(self._deps.clock, self._deps.random)


def checked(name: str) -> str:
    """A name that a mailbox can have; PermanentError(BAD_SYNTAX)."""
    levels = name.split(HIERARCHY_SEPARATOR)
    if (
        not all(levels)
        or len(levels) > LEVELS_MAX
        or name.startswith("#")  # RFC 9051 5.1.1: namespaces
        or _NOT_IN_NAMES.search(name)
        or len(name.encode("utf-8", "surrogatepass")) > NAME_MAX_BYTES
    ):
        raise PermanentError(Reason.BAD_SYNTAX, "mailbox name")
    return name


def _is_in(info: MailboxInfo, name: str) -> bool:
    return info.name == name or info.name.startswith(name + HIERARCHY_SEPARATOR)


def _renamed(keys: AccountKeys, info: MailboxInfo, name: str) -> Renamed:
    if info.mailbox is None:
        raise AssertionError("a row is a mailbox")
    return Renamed(info.mailbox, name_mac(keys, name), seal_name(keys, name))


def _pieces(uids: Sequence[int]) -> list[Sequence[int]]:
    return [uids[start : start + PIECE] for start in range(0, len(uids), PIECE)]
