"""Work of the keeper: what has had its time leaves. Small steps, repeated until the answer is 0."""

from typing import Any

from skrytka.model.ids import BlobId
from skrytka.store.commands.base import Command, Tx
from skrytka.store.commands.copies import drop_content
from skrytka.store.commands.shared import number
from skrytka.store.rows import JOBS_SUBJECT, Op
from skrytka.store.sql import dkim, journal, queue
from skrytka.store.sql import messages as sql
from skrytka.store.statement import Query


class ExpireVault(Command[int], frozen=True):
    """Let go of messages deleted before ``before_ms``, at most ``limit``; held ones stay. How many went."""

    before_ms: int
    limit: int = 200

    def run(self, tx: Tx) -> Query[int]:
        rows: Any = yield sql.VAULT_BEFORE(before_ms=self.before_ms, limit=self.limit)
        rows = sorted(rows)
        for account, mailbox, uid, email_id in rows:
            yield sql.DELETE_FROM_VAULT(account=account, mailbox=mailbox, uid=uid)
            yield from drop_content(account, email_id)
        if rows:
            tx.log(JOBS_SUBJECT, Op.VAULT_EXPIRE, 0, [row[:3] for row in rows])
        return len(rows)


class MendTimes(Command[int], frozen=True):
    """Times that were written while the clock was wrong become now: they would hold things up, or end them at once.

    That is what is due after ``due_latest_ms`` by the clock of now, and what was queued or deleted after ``latest_ms``
    or before ``earliest_ms``, which is longer ago than anything stays. ``sure_ms`` is the later of the clock and the
    time that was known last. How many.
    """

    now_ms: int
    due_latest_ms: int
    sure_ms: int
    latest_ms: int
    earliest_ms: int

    def run(self, tx: Tx) -> Query[int]:
        bounds = {"sure_ms": self.sure_ms, "latest_ms": self.latest_ms, "earliest_ms": self.earliest_ms}
        mended = len((yield queue.MEND_RELEASE(**bounds)))
        mended += len((yield queue.MEND_DUE(now_ms=self.now_ms, latest_ms=self.due_latest_ms)))
        mended += len((yield queue.MEND_QUEUED(**bounds)))
        mended += len((yield sql.MEND_VAULT(**bounds)))
        mended += len((yield dkim.MEND(sure_ms=self.sure_ms, latest_ms=self.latest_ms)))
        if mended:
            tx.log(JOBS_SUBJECT, Op.TIMES_MEND, 0, mended)
        return mended


class CollectBlobs(Command[int], frozen=True):
    """Delete blobs that nothing refers to, at most ``limit``; their files go after COMMIT. How many went."""

    limit: int = 200

    def run(self, tx: Tx) -> Query[int]:
        rows: Any = yield sql.DELETE_BLOBS(limit=self.limit)
        for blob_id, is_file in rows:
            if is_file:
                tx.discard(BlobId(blob_id))
        return len(rows)


class ExpireJournal(Command[int], frozen=True):
    """Drop journal rows older than ``before_ms`` that every registered reader has shipped. How many went.

    The newest row always stays: commit numbers go on from it.
    """

    before_ms: int
    latest_ms: int  # rows of a later time were written while the clock was wrong: they hold nothing up
    limit: int = 2000

    def run(self, tx: Tx) -> Query[int]:
        rows: Any = yield journal.EXPIRY_BOUND(before_ms=self.before_ms, latest_ms=self.latest_ms, limit=self.limit)
        bound = min((value for value in rows[0] if value is not None), default=None)
        if bound is None:
            return 0
        return len((yield journal.DELETE_BEFORE(bound=number(bound))))
