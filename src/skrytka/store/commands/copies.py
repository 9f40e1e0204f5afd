"""COPY and MOVE (RFC 9051 6.4.7, 6.4.8).

A copy is one command where it is small. A large one is staged in pieces of 2,000, which count the references to the
content, then published in one commit; what a crash leaves staged is dropped by age. A move keeps its content, so it
costs half; it goes in pieces, for each message by itself is moved or not (RFC 6851 3.3).
"""

from typing import Any

import msgspec

from skrytka.model.errors import PermanentError, Reason
from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, BlobId, EmailId, MailboxId, State
from skrytka.store import ranges
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.shared import next_state, number
from skrytka.store.ranges import UID_MAX, Ranges
from skrytka.store.rows import JOBS_SUBJECT, Op
from skrytka.store.sql import copies as sql
from skrytka.store.sql import mailboxes, packs, search_text
from skrytka.store.sql import messages as message_sql
from skrytka.store.statement import Query

PIECE = 2000  # messages of one command
SEEN = SystemFlag.SEEN.value


class Copied(msgspec.Struct, frozen=True, array_like=True):
    """Where copies are: ``source`` ascending, the copies from ``first_uid`` on in the same order (RFC 4315 3)."""

    modseq: State
    uidvalidity: int
    source: Ranges
    first_uid: int


class _Found(msgspec.Struct):
    """The messages of a command that are there."""

    uids: list[int]
    unseen: int
    size: int


class CopyMessages(Command[Copied], frozen=True):
    """Copy messages within an account, at most :data:`PIECE`. Those that are gone are passed over.

    NO_SUCH_MAILBOX (either), OVER_QUOTA. Flags, dates and EMAILID stay (RFC 8474 5.1).
    """

    account: AccountId
    mailbox: MailboxId
    uids: Ranges
    target: MailboxId

    def run(self, tx: Tx) -> Query[Copied]:
        state = yield from next_state(self.account)
        where = {"account": self.account, "mailbox": self.mailbox}
        found = yield from _sources(self.account, self.mailbox, self.uids)
        yield from check_quota(self.account, found.size)
        base, uidvalidity = yield from _add(self.account, self.target, found, state)
        uid = base
        for low, high in ranges.of(found.uids):
            span = {**where, "low": low, "high": high}
            yield sql.ADD_REFS(**span)
            yield sql.COPY_RANGE(target=self.target, base=uid, state=state, now_ms=tx.now_ms, **span)
            uid += high - low + 1
        yield mailboxes.ADD_USE(account=self.account, bytes=found.size, messages=len(found.uids))
        source = ranges.of(found.uids)
        tx.log(self.account, Op.COPY, state, (self.mailbox, source, self.target, base))
        return Copied(state, uidvalidity, source, base)


class MoveMessages(Command[Copied], frozen=True):
    """Move messages within an account, at most :data:`PIECE`: new UIDs there, gone here, in one commit (RFC 6851)."""

    account: AccountId
    mailbox: MailboxId
    uids: Ranges
    target: MailboxId

    def run(self, tx: Tx) -> Query[Copied]:
        state = yield from next_state(self.account)
        where = {"account": self.account, "mailbox": self.mailbox}
        found = yield from _sources(self.account, self.mailbox, self.uids)
        base, uidvalidity = yield from _add(self.account, self.target, found, state)
        uid = base
        source = ranges.of(found.uids)
        for low, high in source:
            span = {**where, "low": low, "high": high}
            yield sql.COPY_RANGE(target=self.target, base=uid, state=state, now_ms=tx.now_ms, **span)
            yield sql.DELETE_RANGE(**span)
            yield from packs.drop(self.account, self.mailbox, low, high)
            uid += high - low + 1
        if source:
            yield mailboxes.ADD_COUNTS(
                **where, messages=-len(found.uids), unseen=-found.unseen, bytes=-found.size, state=state
            )
        tx.log(self.account, Op.MOVE, state, (self.mailbox, source, self.target, base))
        tx.log(self.account, Op.EXPUNGE, state, (self.mailbox, source))
        return Copied(state, uidvalidity, source, base)


class StageCopy(Command[Ranges], frozen=True):
    """Put a piece of a large copy aside under ``stage``; which messages were there, in the order of the copies."""

    account: AccountId
    mailbox: MailboxId
    uids: Ranges
    stage: bytes

    def run(self, tx: Tx) -> Query[Ranges]:
        state = yield from next_state(self.account)
        found = yield from _sources(self.account, self.mailbox, self.uids)
        ((count,),) = yield sql.STAGED_COUNT(account=self.account, stage=self.stage)
        base = number(count)
        source = ranges.of(found.uids)
        for low, high in source:
            span = {"account": self.account, "mailbox": self.mailbox, "low": low, "high": high}
            yield sql.ADD_REFS(**span)
            yield sql.STAGE_RANGE(stage=self.stage, base=base + 1, now_ms=tx.now_ms, **span)
            base += high - low + 1
        tx.log(self.account, Op.STAGE, state, (self.stage, self.mailbox, source))
        return source


class PublishCopy(Command[Copied], frozen=True):
    """Everything staged becomes messages of a mailbox at once; ``source`` of the answer is empty.

    NO_SUCH_OBJECT when the stage has been dropped, else as CopyMessages.
    """

    account: AccountId
    stage: bytes
    count: int
    target: MailboxId

    def run(self, tx: Tx) -> Query[Copied]:
        state = yield from next_state(self.account)
        ((count, size, unseen),) = yield sql.STAGED_SUMS(account=self.account, stage=self.stage)
        if number(count) != self.count:
            raise PermanentError(Reason.NO_SUCH_OBJECT, "the stage is not whole")
        yield from check_quota(self.account, number(size))
        found = _Found(list(range(self.count)), number(unseen), number(size))
        base, uidvalidity = yield from _add(self.account, self.target, found, state)
        yield sql.PUBLISH(
            account=self.account, stage=self.stage, mailbox=self.target, base=base, state=state, now_ms=tx.now_ms
        )
        yield sql.DELETE_STAGE(account=self.account, stage=self.stage)
        yield mailboxes.ADD_USE(account=self.account, bytes=found.size, messages=self.count)
        tx.log(self.account, Op.PUBLISH, state, (self.stage, self.target, base, self.count))
        return Copied(state, uidvalidity, (), base)


class DropStaged(Command[int], frozen=True):
    """Let go of staged copies older than ``before_ms``, or of one stage, at most ``limit``. How many went."""

    before_ms: int = 0
    account: AccountId | None = None
    stage: bytes = b""
    limit: int = 200

    def run(self, tx: Tx) -> Query[int]:
        if self.account is None:
            rows: Any = yield sql.STAGED_BEFORE(before_ms=self.before_ms, limit=self.limit)
        else:
            rows = yield sql.STAGED_OF(account=self.account, stage=self.stage, limit=self.limit)
        for account, stage, place, email_id in sorted(rows):
            yield sql.DELETE_STAGED(account=account, stage=stage, number=place)
            yield from drop_content(account, email_id)
        if rows:
            tx.log(JOBS_SUBJECT, Op.STAGE_DROP, 0, [row[:3] for row in rows])
        return len(rows)


def drop_content(account: AccountId, email_id: EmailId) -> Query[None]:
    """One reference less to a content; with the last one it goes, and its search text."""
    shared: Any = yield sql.DROP_SHARED_REF(account=account, email_id=email_id)
    if shared:
        if shared[0][0] <= 0:
            yield sql.DELETE_SHARED(account=account, email_id=email_id)
        return
    left: Any = yield message_sql.DROP_CONTENT_REF(account=account, email_id=email_id)
    for refs, blob_id in left:
        if refs == 0:
            yield message_sql.DELETE_CONTENT(account=account, email_id=email_id)
            yield message_sql.ADD_BLOB_REFS(blob_id=BlobId(blob_id), refs=-1)
            yield from search_text.forget(account, email_id)


def check_quota(account: AccountId, size: int) -> Query[None]:
    """OVER_QUOTA when so many more octets would pass the account's quota (RFC 9208 5.1); its lock is held already."""
    ((quota, used),) = yield sql.QUOTA(account=account)
    if number(quota) and number(used) + size > number(quota):
        raise PermanentError(Reason.OVER_QUOTA, f"account {account}")


def _sources(account: AccountId, mailbox: MailboxId, uids: Ranges) -> Query[_Found]:
    if not (yield mailboxes.ONE(account=account, mailbox=mailbox)):
        raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account} mailbox {mailbox}")
    found = _Found([], 0, 0)
    for low, high in ranges.clip(uids):
        rows: Any = yield sql.SOURCE(account=account, mailbox=mailbox, low=low, high=high)
        found.uids += [row[0] for row in rows]
        found.unseen += sum(1 for row in rows if not row[1] & SEEN)
        found.size += sum(row[2] for row in rows)
    if len(found.uids) > PIECE:
        raise PermanentError(Reason.TOO_MANY, f"{len(found.uids)} messages in one command")
    return found


def _add(account: AccountId, target: MailboxId, found: _Found, state: State) -> Query[tuple[int, int]]:
    """Count the new messages in; (first UID, UIDVALIDITY). With none of them the mailbox keeps its MODSEQ."""
    count = len(found.uids)
    if not count:
        rows: Any = yield mailboxes.ONE(account=account, mailbox=target)
        rows = [(row[4], row[3]) for row in rows]
    else:
        rows = yield sql.ADD_MANY(
            account=account, mailbox=target, count=count, unseen=found.unseen, bytes=found.size, state=state
        )
    if not rows:
        raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account} mailbox {target}")
    base = number(rows[0][0])
    if base + count > UID_MAX:  # RFC 9051 2.3.1.1
        raise PermanentError(Reason.TOO_MANY, f"account {account} mailbox {target} has no UIDs left")
    return base, number(rows[0][1])
