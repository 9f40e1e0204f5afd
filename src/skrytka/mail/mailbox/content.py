"""The octets of one message as its owner sees it: the sealed prefix of his copy, then the shared blob."""

from skrytka.mail.mailbox.blobs import Blobs, OpenBlob
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId, MailboxId, Uid
from skrytka.store.rows import BlobRow, ContentRow
from skrytka.store.seal.keys import AccountKeys, Kind
from skrytka.store.sql import messages as sql
from skrytka.store.statement import Query


class MessageContent:
    """``types.Content``."""

    __slots__ = ("_blob", "_prefix", "size_bytes")

    def __init__(self, prefix: bytes, blob: OpenBlob) -> None:
        self._prefix = prefix
        self._blob = blob
        self.size_bytes = len(prefix) + blob.reader.size

    async def read(self, offset: int, length: int) -> bytes:
        """As ``types.Content.read``. Opens one segment of 256 KiB at a time (half a millisecond)."""
        prefix = self._prefix
        if offset >= len(prefix):
            return self._blob.reader.read(offset - len(prefix), length)
        head = prefix[offset : offset + length]
        if len(head) == length:
            return head
        return head + self._blob.reader.read(0, length - len(head))

    def close(self) -> None:
        """May be called twice."""
        self._blob.close()


def find(account: AccountId, mailbox: MailboxId, uid: Uid) -> Query[tuple[ContentRow, BlobRow | None]]:
    """What is needed to open a message, in one read; PermanentError(NO_SUCH_OBJECT) when it is gone."""
    found = yield from sql.content_and_blob(account, mailbox, uid)
    if found is None:
        raise PermanentError(Reason.NO_SUCH_OBJECT, f"account {account} mailbox {mailbox} uid {uid}")
    return found


def open_content(keys: AccountKeys, row: ContentRow, blob_row: BlobRow | None, blobs: Blobs) -> MessageContent:
    """PermanentError(CORRUPT) when any part of it is not what was written."""
    prefix = keys.open(Kind.PREFIX, row.email_id, row.prefix)
    key = keys.unwrap_blob_key(row.blob_id, row.email_id, row.wrapped_key)
    return MessageContent(prefix, blobs.opened(blob_row, row.blob_id, key))
