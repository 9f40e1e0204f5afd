"""Mailboxes: made, renamed, deleted, subscribed to; keywords."""

from typing import Any

import msgspec

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.flags import FIRST_KEYWORD_BIT, KEYWORDS_MAX
from skrytka.model.ids import AccountId, MailboxId, State
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.messages import to_vault
from skrytka.store.commands.shared import next_state, number, uidvalidity_s
from skrytka.store.ranges import ALL
from skrytka.store.rows import MailboxRow, Op, Role
from skrytka.store.sql import controls, keywords, packs
from skrytka.store.sql import mailboxes as sql
from skrytka.store.statement import Query

MARKS_MAX = 256  # of one command
MAILBOXES_MAX = 10_000  # of an account, and as many names that are only subscribed to


class MailboxCreated(msgspec.Struct, frozen=True, array_like=True):
    """The new mailbox (RFC 8474 4.1: its id is its MAILBOXID)."""

    mailbox: MailboxId
    uidvalidity: int
    modseq: State


class Renamed(msgspec.Struct, frozen=True, array_like=True):
    """A mailbox and its new sealed name."""

    mailbox: MailboxId
    name_mac: bytes
    name: bytes


class CreateMailbox(Command[MailboxCreated], frozen=True):
    """A new mailbox; ALREADY_EXISTS if the name or the role is taken."""

    account: AccountId
    name_mac: bytes
    name: bytes
    role: Role | None = None
    is_subscribed: bool = False

    def run(self, tx: Tx) -> Query[MailboxCreated]:
        state = yield from next_state(self.account)
        ((count,),) = yield sql.MAILBOX_COUNT(account=self.account)
        if number(count) >= MAILBOXES_MAX:
            raise PermanentError(Reason.TOO_MANY, f"account {self.account} has {MAILBOXES_MAX} mailboxes")
        is_subscribed = self.is_subscribed or bool((yield from _take_subscription(self.account, self.name_mac)))
        ((mailbox, uidvalidity),) = yield sql.NEXT_MAILBOX(account=self.account, now_s=uidvalidity_s(tx.now_ms))
        if not (
            yield sql.INSERT_MAILBOX(
                account=self.account,
                mailbox=number(mailbox),
                name_mac=self.name_mac,
                name=self.name,
                role=self.role and self.role.value,
                uidvalidity=number(uidvalidity),
                state=state,
                is_subscribed=int(is_subscribed),
            )
        ):
            raise PermanentError(Reason.ALREADY_EXISTS, "the mailbox name is taken")
        tx.log(self.account, Op.MAILBOX_CREATE, state, (mailbox, self.name_mac, self.name, self.role))
        return MailboxCreated(MailboxId(number(mailbox)), number(uidvalidity), state)


class RenameMailbox(Command[State], frozen=True):
    """New names for a mailbox and all below it, at once. Their ids and UIDs stay.

    Subscriptions are of names, not of mailboxes: they stay where they are (RFC 9051 6.3.6, RFC 3501 6.3.6).
    """

    account: AccountId
    renames: tuple[Renamed, ...]

    def run(self, tx: Tx) -> Query[State]:
        state = yield from next_state(self.account)
        before: list[tuple[int, bytes]] = []
        moving = {rename.mailbox for rename in self.renames}
        for rename in self.renames:
            row = yield from _existing(self.account, rename.mailbox)
            taken = yield from sql.by_name(self.account, rename.name_mac)
            if taken is not None and taken.mailbox not in moving:
                raise PermanentError(Reason.ALREADY_EXISTS, "the mailbox name is taken")
            before.append((rename.mailbox, row.name))
        if len({rename.name_mac for rename in self.renames}) < len(self.renames):
            raise PermanentError(Reason.ALREADY_EXISTS, "two mailboxes of one name")
        for rename in self.renames:  # out of the way first: new names may be old names of others that move
            yield sql.KEEP_SUBSCRIPTION(account=self.account, mailbox=rename.mailbox)
            yield sql.SUBSCRIBE(account=self.account, mailbox=rename.mailbox, is_subscribed=0)
            aside = b"moving:%d" % rename.mailbox
            yield sql.RENAME(account=self.account, mailbox=rename.mailbox, name_mac=aside, name=rename.name)
        for rename in self.renames:
            yield sql.RENAME(account=self.account, mailbox=rename.mailbox, name_mac=rename.name_mac, name=rename.name)
            if (yield from _take_subscription(self.account, rename.name_mac)):
                yield sql.SUBSCRIBE(account=self.account, mailbox=rename.mailbox, is_subscribed=1)
        tx.log(self.account, Op.MAILBOX_RENAME, state, self.renames, before)
        return state


class DeleteMailbox(Command[State], frozen=True):
    """Remove a mailbox; its messages go to the vault, its name stays subscribed to. INBOX stays (RFC 9051 6.3.5)."""

    account: AccountId
    mailbox: MailboxId

    def run(self, tx: Tx) -> Query[State]:
        state = yield from next_state(self.account)
        row = yield from _existing(self.account, self.mailbox)
        if row.role is Role.INBOX:
            raise PermanentError(Reason.NOT_PERMITTED, "INBOX cannot be deleted")
        yield from to_vault(tx, self.account, self.mailbox, ALL, 0, state)
        yield sql.KEEP_SUBSCRIPTION(account=self.account, mailbox=self.mailbox)
        yield sql.DELETE(account=self.account, mailbox=self.mailbox)
        yield packs.DROP_MAILBOX(account=self.account, mailbox=self.mailbox)
        yield controls.DELETE_MAILBOX_DELEGATIONS(account=self.account, mailbox=self.mailbox)
        before = (self.mailbox, row.name, row.role, row.uidvalidity, row.uidnext)
        tx.log(self.account, Op.MAILBOX_DELETE, state, (self.mailbox,), before)
        return state


class SubscribeName(Command[State], frozen=True):
    """Set or clear a subscription by name: there need be no mailbox of it (RFC 9051 6.3.7)."""

    account: AccountId
    name_mac: bytes
    name: bytes
    is_subscribed: bool

    def run(self, tx: Tx) -> Query[State]:
        state = yield from next_state(self.account)
        row = yield from sql.by_name(self.account, self.name_mac)
        if row is not None:
            yield sql.SUBSCRIBE(account=self.account, mailbox=row.mailbox, is_subscribed=int(self.is_subscribed))
        elif not self.is_subscribed:
            yield sql.DELETE_SUBSCRIPTION(account=self.account, name_mac=self.name_mac)
        else:
            ((count,),) = yield sql.SUBSCRIPTION_COUNT(account=self.account)
            if number(count) >= MAILBOXES_MAX:
                raise PermanentError(Reason.TOO_MANY, f"account {self.account} has {MAILBOXES_MAX} subscriptions")
            yield sql.INSERT_SUBSCRIPTION(account=self.account, name_mac=self.name_mac, name=self.name)
        detail = (row.mailbox if row else None, self.is_subscribed, self.name_mac, self.name)
        tx.log(self.account, Op.MAILBOX_SUBSCRIBE, state, detail)
        return state


class RecentMark(msgspec.Struct, frozen=True, array_like=True):
    """Up to this UID a session was told of a mailbox's messages (RFC 3501 2.3.2)."""

    account: AccountId
    mailbox: MailboxId
    uid: int


class ClaimRecent(Command[tuple[int, ...]], frozen=True):
    """Raise marks, as far as they are not there already; where each was before, 0 without its mailbox.

    No change of the account: it has no state, no journal row and nobody is told. Done twice it is done once, but for
    the answer. On PostgreSQL two at once may be told the same: then both may take the messages for recent.
    """

    marks: tuple[RecentMark, ...]

    def run(self, tx: Tx) -> Query[tuple[int, ...]]:
        if len(self.marks) > MARKS_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{len(self.marks)} marks in one command")
        before: list[int] = []
        for mark in self.marks:
            rows = yield sql.RECENT(account=mark.account, mailbox=mark.mailbox)
            before.append(number(rows[0][0]) if rows else 0)
            if before[-1] < mark.uid:
                yield sql.RAISE_RECENT(account=mark.account, mailbox=mark.mailbox, uid=mark.uid)
        return tuple(before)


class AddKeyword(Command[int], frozen=True):
    """The bit of a keyword in ``flags``, a new one if its name is new; TOO_MANY after 40.

    Or ``reuse``, the bit of another name, which no message had at ``as_of``: STORE_BUSY when anything has happened in
    the account since.
    """

    account: AccountId
    name_mac: bytes
    name: bytes
    reuse: int | None = None
    as_of: State = State(0)

    def run(self, tx: Tx) -> Query[int]:
        state = yield from next_state(self.account)
        rows: Any = yield keywords.BITS(account=self.account)
        taken = {bit: name_mac for bit, name_mac, _, _ in rows}
        known: int | None = next((bit for bit, name_mac in taken.items() if name_mac == self.name_mac), None)
        if known is not None:
            tx.log(self.account, Op.KEYWORD, state, (known, self.name))
            return known
        if self.reuse is not None:
            return (yield from self._renamed(tx, state, {bit: name for bit, _, name, _ in rows}, self.reuse))
        bit = FIRST_KEYWORD_BIT + len(taken)
        if len(taken) >= KEYWORDS_MAX:
            raise PermanentError(Reason.TOO_MANY, f"account {self.account} has {KEYWORDS_MAX} keywords")
        yield keywords.INSERT(account=self.account, bit=bit, name_mac=self.name_mac, name=self.name)
        tx.log(self.account, Op.KEYWORD, state, (bit, self.name))
        return bit

    def _renamed(self, tx: Tx, state: State, names: dict[int, bytes], bit: int) -> Query[int]:
        if self.as_of != state - 1 or bit not in names:
            raise TransientError(Reason.STORE_BUSY, f"account {self.account} has changed")
        yield keywords.RENAME(account=self.account, bit=bit, name_mac=self.name_mac, name=self.name, state=state)
        tx.log(self.account, Op.KEYWORD, state, (bit, self.name), (bit, names[bit]))
        return bit


def _take_subscription(account: AccountId, name_mac: bytes) -> Query[bool]:
    """Whether the name was subscribed to without a mailbox; the mailbox carries it from now on."""
    return bool((yield sql.DELETE_SUBSCRIPTION(account=account, name_mac=name_mac)))


def _existing(account: AccountId, mailbox: MailboxId) -> Query[MailboxRow]:
    row = yield from sql.by_id(account, mailbox)
    if row is None:
        raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account} mailbox {mailbox}")
    return row
