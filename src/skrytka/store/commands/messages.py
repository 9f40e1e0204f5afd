"""What happens to messages in a mailbox: flags, expunge, back from the vault."""

from typing import Any

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, MailboxId, State, Uid
from skrytka.store import ranges
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.shared import check_keywords, checked_place, next_state
from skrytka.store.ranges import Ranges
from skrytka.store.rows import Op, Role
from skrytka.store.sql import mailboxes, packs
from skrytka.store.sql import messages as sql
from skrytka.store.statement import Query

NO_BOUND = 2**62
SEEN = SystemFlag.SEEN.value


class FlagsStored(msgspec.Struct, frozen=True, array_like=True):
    """The state, which is the MODSEQ of ``changed``; ``modified`` are newer than UNCHANGEDSINCE (RFC 7162 3.1.3).

    ``before`` was the mailbox's: whoever knows the mailbox as it was then knows it now.
    """

    modseq: State
    changed: Ranges
    modified: Ranges
    before: State = State(0)


class Expunged(msgspec.Struct, frozen=True, array_like=True):
    """What left the mailbox."""

    modseq: State
    uids: Ranges


class VaultItem(msgspec.Struct, frozen=True, array_like=True):
    """A deleted message by the place it had."""

    mailbox: MailboxId
    uid: Uid


class TakenBack(msgspec.Struct, frozen=True, array_like=True):
    """Where it is now: under a new UID."""

    mailbox: MailboxId
    uid: Uid


class StoreFlags(Command[FlagsStored], frozen=True):
    """First take flags away, then add some; ``remove=-1`` replaces all. Messages that are gone are passed over."""

    account: AccountId
    mailbox: MailboxId
    uids: Ranges
    add: int = 0
    remove: int = 0
    unchanged_since: State | None = None
    keyword_epoch: int | None = None  # of keywords among the flags

    def run(self, tx: Tx) -> Query[FlagsStored]:
        state = yield from next_state(self.account)
        yield from check_keywords(self.account, self.keyword_epoch)
        bound = NO_BOUND if self.unchanged_since is None else self.unchanged_since
        box: Any = yield mailboxes.MODSEQ(account=self.account, mailbox=self.mailbox)
        before: list[tuple[int, int]] = []
        modified: list[int] = []
        for low, high in ranges.clip(self.uids):
            where = {"account": self.account, "mailbox": self.mailbox, "low": low, "high": high}
            if self.unchanged_since is not None:
                later: Any = yield sql.LATER_IN_RANGE(since=bound, **where)
                modified.extend(uid for (uid,) in later)
            change = {"add": self.add, "remove": self.remove, "unchanged_since": bound, **where}
            rows: Any = yield sql.FLAGS_TO_CHANGE(**change)
            if rows:
                before.extend(rows)
                yield sql.SET_FLAGS(state=state, **change)
        changed = ranges.of([uid for uid, _ in before])
        if changed:
            yield mailboxes.ADD_COUNTS(
                account=self.account,
                mailbox=self.mailbox,
                messages=0,
                bytes=0,
                unseen=self._unseen_change(before),
                state=state,
            )
        tx.log(self.account, Op.FLAGS, state, (self.mailbox, changed, self.add, self.remove), before)
        return FlagsStored(state, changed, ranges.of(modified), State(box[0][0]) if box else State(0))

    def _unseen_change(self, before: list[tuple[int, int]]) -> int:
        if not (self.add | self.remove) & SEEN:
            return 0
        seen = sum([flags & SEEN for _, flags in before])
        return seen - len(before) if self.add & SEEN else seen


class Expunge(Command[Expunged], frozen=True):
    """Move messages to the vault: those within ``uids`` flagged Deleted, or all of them."""

    account: AccountId
    mailbox: MailboxId
    uids: Ranges
    only_deleted: bool = True

    def run(self, tx: Tx) -> Query[Expunged]:
        state = yield from next_state(self.account)
        mask = SystemFlag.DELETED.value if self.only_deleted else 0
        gone = yield from to_vault(tx, self.account, self.mailbox, self.uids, mask, state)
        return Expunged(state, gone)


class TakeBack(Command[tuple[TakenBack | None, ...]], frozen=True):
    """Deleted messages return, into ``mailbox`` or where they were, else INBOX; None for those no longer there."""

    account: AccountId
    items: tuple[VaultItem, ...]
    mailbox: MailboxId | None = None

    def run(self, tx: Tx) -> Query[tuple[TakenBack | None, ...]]:
        state = yield from next_state(self.account)
        answers: list[TakenBack | None] = []
        for item in self.items:
            answer = yield from self._take(tx, item, state)
            answers.append(answer)
        tx.log(self.account, Op.TAKE_BACK, state, (self.items, answers))
        return tuple(answers)

    def _take(self, tx: Tx, item: VaultItem, state: State) -> Query[TakenBack | None]:
        found: Any = yield sql.FROM_VAULT(account=self.account, mailbox=item.mailbox, uid=item.uid)
        if not found:
            return None
        ((old_flags, size, received_at_ms, email_id, thread_id),) = found
        flags = old_flags & ~SystemFlag.DELETED.value
        counts = {"account": self.account, "unseen": 0 if flags & SEEN else 1, "bytes": size, "state": state}
        wanted = item.mailbox if self.mailbox is None else self.mailbox
        rows = yield mailboxes.ADD_TO_MAILBOX(mailbox=wanted, **counts)
        if not rows:
            rows = yield mailboxes.ADD_TO_ROLE(role=Role.INBOX.value, **counts)
        mailbox, uid = checked_place(rows, self.account)
        yield sql.INSERT_MESSAGE(
            account=self.account,
            mailbox=mailbox,
            uid=uid,
            flags=flags,
            state=state,
            size=size,
            received_at_ms=received_at_ms,
            saved_at_ms=tx.now_ms,
            email_id=email_id,
            thread_id=thread_id,
        )
        yield mailboxes.ADD_USE(account=self.account, bytes=size, messages=1)
        return TakenBack(MailboxId(mailbox), Uid(uid))


def to_vault(tx: Tx, account: AccountId, mailbox: MailboxId, uids: Ranges, mask: int, state: State) -> Query[Ranges]:
    """Move messages that have all flags of ``mask`` to the vault, count them out and log it; what was moved."""
    if not (yield mailboxes.ONE(account=account, mailbox=mailbox)):
        raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account} mailbox {mailbox}")
    gone: list[Any] = []
    for low, high in ranges.clip(uids):
        where = {"account": account, "mailbox": mailbox, "low": low, "high": high, "mask": mask}
        yield sql.TO_VAULT(now_ms=tx.now_ms, **where)
        gone.extend((yield sql.DELETE_MESSAGES(**where)))
        yield from packs.drop(account, mailbox, low, high)
    moved = ranges.of(uid for uid, _, _ in gone)
    if gone:
        size = sum(size for _, _, size in gone)
        unseen = sum(1 for _, flags, _ in gone if not flags & SEEN)
        yield mailboxes.ADD_COUNTS(
            account=account, mailbox=mailbox, messages=-len(gone), unseen=-unseen, bytes=-size, state=state
        )
        yield mailboxes.ADD_USE(account=account, bytes=-size, messages=-len(gone))
    tx.log(account, Op.EXPUNGE, state, (mailbox, moved), [(uid, flags) for uid, flags, _ in gone])
    return moved
