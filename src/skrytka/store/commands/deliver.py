"""Mail into mailboxes: one blob, many targets, one commit."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec

from skrytka.model.flags import SystemFlag
from skrytka.model.ids import AccountId, EmailId, MailboxId, QueueId, State, ThreadId, Uid
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.copies import check_quota
from skrytka.store.commands.shared import (
    BlobIn,
    NewFolder,
    check_keywords,
    checked_place,
    finish,
    next_state,
    number,
    put_blob,
    uidvalidity_s,
)
from skrytka.store.rows import Op, Role
from skrytka.store.sql import mailboxes, search_text
from skrytka.store.sql import messages as sql
from skrytka.store.statement import Query, Rows

INBOX = Role.INBOX.value
SEEN = SystemFlag.SEEN.value


class Target(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One mailbox that gets the message. Without ``mailbox`` the one with ``role``; if that is gone, INBOX."""

    account: AccountId
    mailbox: MailboxId | None = None
    role: Role = Role.INBOX
    wrapped_key: bytes
    prefix: bytes  # this recipient's own header fields, sealed
    prefix_size: int  # of the fields in clear
    size: int  # RFC822.SIZE: prefix and message
    summary: bytes  # sealed
    flags: int = 0
    digest: bytes  # keyed hash of the content
    email_id: EmailId
    thread_macs: tuple[bytes, ...] = ()  # keyed hashes of Message-ID and References: the first one known decides
    thread_id: ThreadId  # if none of them is known
    received_at_ms: int  # INTERNALDATE
    text: bytes = b""  # search text, sealed
    folder: NewFolder | None = None  # goes there and nowhere else; made if the account has none of its role
    keyword_epoch: int | None = None  # of keywords among the flags
    is_exact: bool = False  # APPEND: NO_SUCH_MAILBOX without the mailbox, OVER_QUOTA beyond the quota


class QueueDone(msgspec.Struct, frozen=True, array_like=True):
    """Recipients of a queued message that this command finishes, in the same commit."""

    queue_id: QueueId
    recipients: tuple[int, ...]


class Delivered(msgspec.Struct, frozen=True, array_like=True):
    """Where a target's copy is now."""

    account: AccountId
    mailbox: MailboxId
    uid: Uid
    modseq: State
    email_id: EmailId
    thread_id: ThreadId


class Deliver(Command[tuple[Delivered, ...]], frozen=True):
    """Put a message into mailboxes. Answers in the order of the targets. Quota is counted, not enforced."""

    blob: BlobIn
    targets: tuple[Target, ...]
    done: QueueDone | None = None

    def run(self, tx: Tx) -> Query[tuple[Delivered, ...]]:
        answers = yield from self.put(tx, 0)
        if self.done is not None:
            yield from finish(tx, self.done.queue_id, self.done.recipients)
        return answers

    def put(self, tx: Tx, refs: int) -> Query[tuple[Delivered, ...]]:
        """All but ``done``; the blob has so many references beside those of the copies (one write of it, not two)."""
        if self.blob.spool_name is not None:
            tx.publish(self.blob.spool_name, self.blob.blob_id)
        answers: dict[int, Delivered] = {}
        for account, targets in _by_account(self.targets):
            refs += yield from self._deliver_to(tx, account, targets, answers)
        yield from put_blob(self.blob, refs)
        return tuple(answers[place] for place in range(len(self.targets)))

    def _deliver_to(
        self, tx: Tx, account: AccountId, targets: list[tuple[int, Target]], answers: dict[int, Delivered]
    ) -> Query[int]:
        """All copies of one account under one state; how many new contents refer to the blob."""
        total = sum(target.size for _, target in targets)
        state = yield from next_state(account, total, len(targets))
        if any(target.is_exact for _, target in targets):
            yield from check_quota(account, 0)  # they have been counted
        new_contents = 0
        log: list[object] = []
        for place, target in targets:
            yield from check_keywords(account, target.keyword_epoch)
            mailbox, uid = yield from _place(tx, target, state)
            thread_id = yield from _thread(target)
            yield sql.INSERT_MESSAGE(
                account=account,
                mailbox=mailbox,
                uid=uid,
                flags=target.flags,
                state=state,
                size=target.size,
                received_at_ms=target.received_at_ms,
                saved_at_ms=tx.now_ms,
                email_id=target.email_id,
                thread_id=thread_id,
            )
            ((copies,),) = yield sql.INSERT_CONTENT(
                account=account,
                email_id=target.email_id,
                blob_id=self.blob.blob_id,
                wrapped_key=target.wrapped_key,
                prefix=target.prefix,
                prefix_size=target.prefix_size,
                digest=target.digest,
                summary=target.summary,
            )
            if copies == 1:
                new_contents += 1
                if target.text:
                    yield search_text.INSERT(account=account, email_id=target.email_id, sealed=target.text)
            log.append((mailbox, uid, target.email_id, target.flags))
            answers[place] = Delivered(
                account, MailboxId(mailbox), Uid(uid), state, target.email_id, ThreadId(thread_id)
            )
        tx.log(account, Op.DELIVER, state, log)
        return new_contents


def _by_account(targets: tuple[Target, ...]) -> Iterator[tuple[AccountId, list[tuple[int, Target]]]]:
    """Targets with their places, account by account in ascending id: the order in which accounts are locked."""
    if len(targets) == 1:
        yield targets[0].account, [(0, targets[0])]
        return
    ordered = sorted(enumerate(targets), key=lambda pair: (pair[1].account, pair[0]))
    for account, group in groupby(ordered, key=lambda pair: pair[1].account):
        yield account, list(group)


def _place(tx: Tx, target: Target, state: State) -> Query[tuple[int, int]]:
    """The mailbox and the UID of a new message there."""
    counts = {
        "account": target.account,
        "unseen": 0 if target.flags & SEEN else 1,
        "bytes": target.size,
        "state": state,
    }
    rows: Rows = []
    if target.folder is not None:
        rows = yield from _into_folder(tx, target.account, target.folder, counts)
    elif target.mailbox is not None:
        rows = yield mailboxes.ADD_TO_MAILBOX(mailbox=target.mailbox, **counts)
    elif target.role is not Role.INBOX:
        rows = yield mailboxes.ADD_TO_ROLE(role=target.role.value, **counts)
    if not rows and not target.is_exact and target.folder is None:
        rows = yield mailboxes.ADD_TO_ROLE(role=INBOX, **counts)
    return checked_place(rows, target.account)


def _into_folder(tx: Tx, account: AccountId, folder: NewFolder, counts: dict[str, int]) -> Query[Rows]:
    """The folder's row as the counting statement gives it."""
    role = folder.role and folder.role.value
    rows = yield mailboxes.ADD_TO_ROLE(role=role, **counts)
    if rows:
        return rows
    ((mailbox, uidvalidity),) = yield mailboxes.NEXT_MAILBOX(account=account, now_s=uidvalidity_s(tx.now_ms))
    yield mailboxes.INSERT_MAILBOX(
        account=account,
        mailbox=number(mailbox),
        name_mac=folder.name_mac,
        name=folder.name,
        role=role,
        uidvalidity=number(uidvalidity),
        state=counts["state"],
        is_subscribed=0,
    )
    tx.log(account, Op.MAILBOX_CREATE, State(counts["state"]), (mailbox, folder.name_mac, folder.name, role))
    return (yield mailboxes.ADD_TO_ROLE(role=role, **counts))


def _thread(target: Target) -> Query[bytes]:
    """The thread of the first keyed hash that is known, in the order given; all are known afterwards."""
    macs = target.thread_macs
    if len(macs) == 1:  # a message that answers none
        ((found,),) = yield sql.INSERT_OR_FIND_THREAD(account=target.account, mac=macs[0], thread_id=target.thread_id)
        return found  # type: ignore[return-value]
    known: dict[object, object] = {}
    for start in range(0, len(macs), 4):
        four = macs[start : start + 4]
        padded = (*four, *(four[-1],) * (4 - len(four)))
        rows = yield sql.THREADS_OF(
            account=target.account, mac0=padded[0], mac1=padded[1], mac2=padded[2], mac3=padded[3]
        )
        known.update((row[0], row[1]) for row in rows)
    thread_id: Any = next((known[mac] for mac in macs if mac in known), target.thread_id)
    for mac in macs:
        if mac not in known:
            yield sql.INSERT_THREAD(account=target.account, mac=mac, thread_id=thread_id)
    return thread_id  # type: ignore[no-any-return]
