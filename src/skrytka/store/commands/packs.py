"""Packs of what was made of messages, kept for the next who lists the mailbox."""

from typing import Final

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, MailboxId, State
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.shared import next_state, number
from skrytka.store.rows import Op
from skrytka.store.sql import mailboxes
from skrytka.store.sql import packs as sql
from skrytka.store.statement import Query

MAILBOX_PACK_BYTES: Final = 5_000_000  # 200,000 messages that do not pack at all
PACKS_MAX: Final = 64
KINDS_MAX: Final = 8  # of the same messages: clients ask in a form of their own each, and keep to it


class Pack(msgspec.Struct, frozen=True, array_like=True):
    """All messages of ``low`` and the 255 UIDs behind it, of which there were so many."""

    low: int
    messages: int
    sealed: bytes


class PutMailboxPack(Command[int], frozen=True):
    """Keep what the messages of a mailbox were at a state, unless a later one is there; 0 without the mailbox.

    A cache, which is right whatever became of the account meanwhile: no journal row, and nobody is told.
    """

    account: AccountId
    mailbox: MailboxId
    state: State
    sealed: bytes

    def run(self, tx: Tx) -> Query[int]:
        if len(self.sealed) > MAILBOX_PACK_BYTES:
            raise PermanentError(Reason.TOO_LARGE, f"a pack of {len(self.sealed)} bytes")
        if not (yield mailboxes.MODSEQ(account=self.account, mailbox=self.mailbox)):
            return 0
        yield sql.PUT_MAILBOX(account=self.account, mailbox=self.mailbox, state=self.state, sealed=self.sealed)
        return 1


class PutPacks(Command[int], frozen=True):
    """Keep packs; one of whose messages some have left the mailbox meanwhile is passed over. How many were kept."""

    account: AccountId
    mailbox: MailboxId
    kind: bytes
    packs: tuple[Pack, ...]

    def run(self, tx: Tx) -> Query[int]:
        if len(self.packs) > PACKS_MAX:
            raise PermanentError(Reason.TOO_MANY, f"{len(self.packs)} packs in one command")
        state = yield from next_state(self.account)
        kept: list[int] = []
        for pack in self.packs:
            where = {"account": self.account, "mailbox": self.mailbox, "low": pack.low}
            ((count,),) = yield sql.MESSAGES(high=pack.low + sql.PACK_UIDS - 1, **where)
            if number(count) != pack.messages:  # UIDs are never given twice: as many are the same
                continue
            ((kinds,),) = yield sql.KINDS(**where)
            if number(kinds) >= KINDS_MAX:
                yield from sql.drop(self.account, self.mailbox, pack.low, pack.low)
            yield sql.PUT(kind=self.kind, messages=pack.messages, sealed=pack.sealed, **where)
            kept.append(pack.low)
        tx.log(self.account, Op.PACKS, state, (self.mailbox, kept))
        return len(kept)
