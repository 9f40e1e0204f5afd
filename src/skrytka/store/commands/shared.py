"""Steps that several handlers take."""

import msgspec

from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import AccountId, BlobId, QueueId, State
from skrytka.store.commands.base import Tx
from skrytka.store.ranges import UID_MAX
from skrytka.store.rows import DIRECTORY_SUBJECT, QUEUE_SUBJECT, Op, Role
from skrytka.store.sql import directory, keywords, mailboxes, messages
from skrytka.store.sql import queue as queue_sql
from skrytka.store.statement import Query, Rows

UIDVALIDITY_FIRST_MAX = 4_000_000_000  # of the year 2096


class BlobIn(msgspec.Struct, frozen=True, array_like=True):
    """The sealed message. With neither ``stored`` nor ``spool_name`` the blob is in the store already (queue)."""

    blob_id: BlobId
    size: int  # of the message in clear
    stored_size: int  # as sealed
    stored: bytes | None = None  # up to 256 KiB: the sealed bytes
    spool_name: str | None = None  # above: name of the synced file in store/spool/


class NewFolder(msgspec.Struct, frozen=True, array_like=True):
    """A mailbox to be made; its name is sealed under the account's key, found by its keyed hash."""

    role: Role | None
    name_mac: bytes
    name: bytes


def next_number(name: str) -> Query[int]:
    """The next of a counter in ``meta``."""
    ((value,),) = yield directory.NEXT(name=name)
    return number(value)


def log_directory(tx: Tx, op: Op, detail: object, before: object = None) -> Query[None]:
    """A change of the directory, which is one state further."""
    tx.log(DIRECTORY_SUBJECT, op, (yield from next_number("directory")), detail, before)


def hosted(name: str) -> Query[int]:
    """The id of a domain of this server; PermanentError(NO_SUCH_DOMAIN)."""
    row = yield from directory.domain_by_name(name)
    if row is None:
        raise PermanentError(Reason.NO_SUCH_DOMAIN, name)
    return row.domain


def next_state(account: AccountId, add_bytes: int = 0, messages_: int = 0) -> Query[State]:
    """The command's state of the account, whose lock it takes; counters are moved in the same statement."""
    rows = yield mailboxes.NEXT_STATE(account=account, bytes=add_bytes, messages=messages_)
    if not rows:
        raise PermanentError(Reason.NO_SUCH_OBJECT, f"account {account}")
    return State(number(rows[0][0]))


def check_keywords(account: AccountId, epoch: int | None) -> Query[None]:
    """The bits of keywords mean what they did in that epoch: STORE_BUSY, and they have to be found anew."""
    if epoch is None:
        return
    ((now,),) = yield keywords.EPOCH(account=account)
    if (now or 0) != epoch:
        raise TransientError(Reason.STORE_BUSY, f"account {account}: a keyword has another bit now")


def number(value: object) -> int:
    """A column that is an integer."""
    if not isinstance(value, int):
        raise TypeError(f"the column is no integer but {type(value).__name__}")
    return value


def checked_place(rows: Rows, account: AccountId) -> tuple[int, int]:
    """(mailbox, uid) as the counting statement gave them."""
    if not rows:
        raise PermanentError(Reason.NO_SUCH_MAILBOX, f"account {account}")
    mailbox, uid = number(rows[0][0]), number(rows[0][1])
    if uid >= UID_MAX:  # RFC 9051 2.3.1.1: UIDNEXT is a 32-bit number too
        raise PermanentError(Reason.TOO_MANY, f"account {account} mailbox {mailbox} has no UIDs left")
    return mailbox, uid


def uidvalidity_s(now_ms: int) -> int:
    """What a mailbox made now begins with, whatever the clock says: a 32-bit number above 0 (RFC 9051 2.3.1.1)."""
    return min(max(now_ms // 1000, 1), UIDVALIDITY_FIRST_MAX)


def put_blob(blob: BlobIn, refs: int) -> Query[None]:
    """Store the blob, or count references to one that is there; neither there nor given is NO_SUCH_OBJECT."""
    if blob.stored is not None or blob.spool_name is not None:
        new = yield messages.INSERT_BLOB(
            blob_id=blob.blob_id, size=blob.size, stored_size=blob.stored_size, refs=refs, stored=blob.stored
        )
        if new:
            return
    if not (yield messages.ADD_BLOB_REFS(blob_id=blob.blob_id, refs=refs)):
        raise PermanentError(Reason.NO_SUCH_OBJECT, "the blob is not in the store")


def finish(tx: Tx, queue_id: QueueId, recipients: tuple[int, ...]) -> Query[None]:
    """Take recipients of one message out of the queue."""
    yield from leave(queue_id, recipients)
    tx.log(QUEUE_SUBJECT, Op.QUEUE_DONE, 0, (queue_id, recipients))


def leave(queue_id: QueueId, recipients: tuple[int, ...]) -> Query[None]:
    """As :func:`finish`, for the caller to log: with the last one the message goes, what is gone does not matter."""
    for recipient in recipients:
        yield queue_sql.DELETE_RECIPIENT(queue_id=queue_id, number=recipient)
    if (yield queue_sql.RECIPIENT_LEFT(queue_id=queue_id)):
        return
    for (blob_id,) in (yield queue_sql.DELETE_QUEUED(queue_id=queue_id)):
        if not isinstance(blob_id, bytes):
            raise TypeError("a blob id is bytes")
        yield messages.ADD_BLOB_REFS(blob_id=blob_id, refs=-1)
