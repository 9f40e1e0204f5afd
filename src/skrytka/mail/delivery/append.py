"""APPEND: a message that its owner puts into a mailbox, byte for byte as it came, NUL and bare LF included."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from skrytka.mail.delivery.copies import blob_in, thread_keys
from skrytka.mail.delivery.incoming import HeaderFilter, HeaderScan
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.message import IncomingMessage, Sealed
from skrytka.mail.delivery.summary import Insides
from skrytka.mail.mailbox.mailboxes import Mailboxes
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import Reason, TransientError
from skrytka.model.events import Emitter, MessageAppended
from skrytka.model.ids import AccountId, EmailId, MailboxId, ThreadId, id_text, new_id, new_unit
from skrytka.model.verdict import Verdict
from skrytka.protocol.mime import header
from skrytka.store.api import Store
from skrytka.store.commands.deliver import Deliver, Target
from skrytka.store.seal.blob import BlobWriter
from skrytka.store.seal.budget import MemoryBudget
from skrytka.store.seal.keys import AccountKeys, Kind, MacKind
from skrytka.store.seal.source import KeySource

_HEADER_MAX: Final = 256 * 1024  # octets in which the fields of a summary are looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendDeps:
    """What APPEND works with; made by the composition root."""

    spool_dir: Path
    store: Store
    keys: KeySource
    inspection: Inspection
    mailboxes: Mailboxes
    events: Emitter
    clock: Clock
    random: Random
    memory: MemoryBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a message goes, and with what."""

    keys: AccountKeys
    mailbox: MailboxId
    uid_validity: int
    flags: int
    keyword_epoch: int | None
    received_at_ms: int


class Appends:
    """``servers.imap.deps.Appends``; one per process."""

    def __init__(self, deps: AppendDeps) -> None:
        self._deps = deps

    async def begin(
        self, account: AccountId, name: str, flags: int, keywords: Sequence[str], received_at_ms: int | None
    ) -> "Appending":
        """As ``deps.Appends.begin``."""
        deps = self._deps
        row = await deps.mailboxes.place(account, name)
        bits, epoch = await deps.mailboxes.keyword_bits(account, keywords)
        place = _Place(
            keys=await deps.keys.account(account),
            mailbox=row.mailbox,
            uid_validity=row.uidvalidity,
            flags=flags | bits,
            keyword_epoch=epoch,
            received_at_ms=deps.clock.now_ms() if received_at_ms is None else received_at_ms,
        )
        writer = BlobWriter(deps.spool_dir, deps.clock, deps.random, deps.memory)
        return Appending(deps, place, IncomingMessage(writer, _KeptHeader(), deps.memory))


class Appending:
    """One message on its way into a mailbox."""

    def __init__(self, deps: AppendDeps, place: _Place, message: IncomingMessage) -> None:
        self._deps = deps
        self._place = place
        self._message = message

    @property
    def place(self) -> tuple[AccountId, MailboxId]:
        """Where it goes."""
        return self._place.keys.account, self._place.mailbox

    async def write(self, data: bytes) -> None:
        """As ``deps.Appending.write``."""
        await self._message.write(data)

    async def finish(self) -> tuple[int, int]:
        """As ``deps.Appending.finish``: UIDVALIDITY and UID."""
        sealed = await self._message.finish()
        if isinstance(sealed, Verdict):
            raise TransientError(sealed.reason or Reason.STORE_DOWN, sealed.detail)
        insides = await self._deps.inspection.of(sealed)
        if insides.poison is not None:  # its owner has it still
            raise insides.poison
        (delivered,) = await self._deps.store.submit(self._command(sealed, insides))
        self._deps.events.emit(
            MessageAppended(
                account=delivered.account,
                mailbox=delivered.mailbox,
                uid=delivered.uid,
                emailid=id_text(delivered.email_id),
                size_bytes=sealed.blob.size,
            )
        )
        return self._place.uid_validity, delivered.uid

    async def abort(self) -> None:
        """As ``deps.Appending.abort``."""
        await self._message.abort()

    def _command(self, sealed: Sealed, insides: Insides) -> Deliver:
        deps, place, blob = self._deps, self._place, sealed.blob
        keys = place.keys
        email_id = EmailId(new_id(deps.clock, deps.random))
        target = Target(
            account=keys.account,
            mailbox=place.mailbox,
            wrapped_key=keys.wrap_blob_key(blob.blob_id, email_id, blob.key),
            prefix=keys.seal(Kind.PREFIX, email_id, b""),
            prefix_size=0,
            size=blob.size,
            summary=keys.seal(Kind.SUMMARY, email_id, insides.behind(0)),
            flags=place.flags,
            keyword_epoch=place.keyword_epoch,
            digest=keys.mac(MacKind.DIGEST, blob.sha256),
            email_id=email_id,
            thread_macs=tuple(keys.mac(MacKind.THREAD, key) for key in thread_keys(sealed.scan)),
            thread_id=ThreadId(new_id(deps.clock, deps.random)),
            received_at_ms=place.received_at_ms,
            text=keys.seal(Kind.TEXT, email_id, insides.text) if insides.text else b"",
            is_exact=True,
        )
        return Deliver(unit=new_unit(deps.clock, deps.random), blob=blob_in(blob), targets=(target,))


class _KeptHeader(HeaderFilter):
    """Lets everything pass at once and unchanged, and keeps the beginning to find the fields in it."""

    def __init__(self) -> None:
        super().__init__("", _HEADER_MAX)
        self._kept = bytearray()

    def feed(self, data: bytes) -> bytes:
        if len(self._kept) < _HEADER_MAX:
            self._kept += data[: _HEADER_MAX - len(self._kept)]
        return data

    def finish(self) -> bytes:
        raw = bytes(self._kept)
        raw = raw[: header.header_end(raw, 0, len(raw))]
        self.scan = HeaderScan(raw, tuple((field.name, raw[field.start : field.end]) for field in header.fields(raw)))
        self._kept = bytearray()
        return b""
