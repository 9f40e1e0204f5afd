"""What the folder of a stopped installation holds, read with its keys: every message, every difference."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from skrytka.daemon.layout import Layout
from skrytka.daemon.prepare import read_recovery
from skrytka.mail.outbox.sealed import open_recipient, queue_keys
from skrytka.model.ids import AccountId, BlobId
from skrytka.model.secret import Secret
from skrytka.store.check import check
from skrytka.store.commands import Deliver
from skrytka.store.local import LocalStore
from skrytka.store.seal.blob import BlobReader
from skrytka.store.seal.keys import AccountKeys
from skrytka.store.seal.ring import KeyRing, account_subject
from skrytka.store.seal.source import LocalKeySource
from skrytka.store.sql import outbound
from skrytka.store.system import SystemClock, SystemRandom
from tests.support.store import Ids, blob, target

_MESSAGES = (
    "SELECT m.account, a.address, m.mailbox, b.uidvalidity, m.uid, m.flags, c.email_id, c.blob_id, c.wrapped_key,"
    " s.stored"
    " FROM message m JOIN account a ON a.account = m.account"
    " JOIN mailbox b ON b.account = m.account AND b.mailbox = m.mailbox"
    " JOIN content c ON c.account = m.account AND c.email_id = m.email_id JOIN blob s ON s.blob_id = c.blob_id"
    " ORDER BY m.account, m.mailbox, m.uid"
)
_STORED = "SELECT stored FROM blob WHERE blob_id = :blob_id"


class Message(NamedTuple):
    """One copy in one mailbox; ``sha256`` is that of the message as its sender sent it."""

    account: int
    name: str
    mailbox: int
    uidvalidity: int
    uid: int
    flags: int
    sha256: bytes

    @property
    def place(self) -> tuple[int, int, int, int]:
        """What a client remembers it by, for ever."""
        return self.account, self.mailbox, self.uidvalidity, self.uid


class Queued(NamedTuple):
    """One recipient elsewhere, and what is to be sent to him."""

    recipient: str
    content: bytes


class Contents:
    """An open installation whose server does not run."""

    def __init__(self, root: Path, store: LocalStore, ring: KeyRing) -> None:
        self.root = root
        self.store = store
        self.ring = ring
        self.faults: list[str] = []
        self._ids = Ids()

    def messages(self) -> list[Message]:
        """Every message of every mailbox, opened; one that does not open is an error."""
        rows: Any = self.store.writer.db.execute(_MESSAGES, {})
        keys: dict[int, AccountKeys] = {}
        found = []
        for account, address, mailbox, uidvalidity, uid, flags, email_id, blob_id, wrapped, stored in rows:
            if account not in keys:
                key = self.ring.get(account_subject(AccountId(account)))
                keys[account] = AccountKeys(AccountId(account), key, SystemRandom())
            blob_key = keys[account].unwrap_blob_key(BlobId(blob_id), email_id, wrapped)
            digest = self._digest(BlobId(blob_id), blob_key, stored)
            found.append(Message(account, address.partition("@")[0], mailbox, uidvalidity, uid, flags, digest))
        return found

    async def queued(self) -> list[Queued]:
        """Everything that waits for other servers, opened."""
        keys = await queue_keys(LocalKeySource(self.ring, SystemRandom()), SystemRandom())
        found = []
        for row in await self.store.read(outbound.listed(100_000)):
            recipient = open_recipient(keys, row.queue_id, row.recipient, row.sealed_recipient)
            blob_key = keys.unwrap_blob_key(row.blob_id, row.queue_id, row.wrapped_key)
            blobs: Any = self.store.writer.db.execute(_STORED, {"blob_id": row.blob_id})
            ((stored,),) = blobs
            found.append(Queued(str(recipient.address), b"".join(self._pieces(row.blob_id, blob_key, stored))))
        return found

    def _digest(self, blob_id: BlobId, key: Secret, stored: bytes | None) -> bytes:
        digest = hashlib.sha256()
        for piece in self._pieces(blob_id, key, stored):
            digest.update(piece)
        return digest.digest()

    def _pieces(self, blob_id: BlobId, key: Secret, stored: bytes | None) -> Iterator[bytes]:
        if stored is not None:
            yield from BlobReader(stored, blob_id, key).chunks()
            return
        descriptor = os.open(self.store.reader.paths.blob(blob_id), os.O_RDONLY)
        try:
            yield from BlobReader(descriptor, blob_id, key).chunks()
        finally:
            os.close(descriptor)

    async def differences(self) -> list[Any]:
        """What ``skrytka store check`` would find, and SQLite's own check."""
        report = await self.store.read(check(self.store.reader.paths.blob_size))
        lines: Any = self.store.writer.db.execute("PRAGMA integrity_check", {})
        return [*report.differences, *(line for (line,) in lines if line != "ok")]

    async def next_uid(self, account: int) -> int:
        """The UID that a message gets now; it is delivered."""
        ids = self._ids
        command = Deliver(unit=ids.unit(), blob=blob(ids), targets=(target(ids, account),))
        (delivered,) = await self.store.submit(command)
        return delivered.uid


@contextmanager
def opened(root: Path) -> Iterator[Contents]:
    """Open the folder as the server and its key agent would."""
    layout = Layout(root)
    clock, random = SystemClock(), SystemRandom()
    master = Secret(layout.master_key.read_bytes())
    faults: list[str] = []
    with closing(KeyRing(layout.ring, master, read_recovery(layout).public_key, clock, random)) as ring:
        store = LocalStore(layout.store, clock, lambda fault, detail: faults.append(f"{fault}: {detail}"))
        try:
            contents = Contents(root, store, ring)
            contents.faults = faults
            yield contents
        finally:
            store.reader.close()
            store.writer.close()
