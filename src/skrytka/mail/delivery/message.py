"""A message while it comes in: filtered, hashed, sealed and, when small, kept in clear for its summary."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from skrytka.mail.delivery.incoming import HeaderFilter, HeaderScan
from skrytka.mail.delivery.signatures import SignatureReader
from skrytka.model import reply
from skrytka.model.errors import PermanentError, Reason, ReasonedError, TransientError
from skrytka.model.limits import MESSAGE_IN_MEMORY_BYTES
from skrytka.model.reply import Reply
from skrytka.model.verdict import Action, Verdict
from skrytka.protocol.mailauth.dkim.body import BodyHash, BodyHasher, BodySpec
from skrytka.store.seal.blob import BlobWriter, SealedBlob
from skrytka.store.seal.budget import MemoryBudget

HEADER_INLINE_BYTES: Final = 24 * 1024  # a longer header is looked at in a thread, and counts against the memory
HASH_INLINE_BYTES: Final = 128 * 1024  # 0.3 ms

_REPLIES: Final[dict[Reason, Reply]] = {
    Reason.DISK_FULL: reply.DISK_FULL,
    Reason.STORE_DOWN: reply.STORE_DOWN,
    Reason.STORE_BUSY: reply.STORE_DOWN,
}


Specs = Callable[[HeaderScan], Iterable[BodySpec]]  # which hashes of the body a header makes us want


class Sealed(msgspec.Struct, frozen=True):
    """A whole message: its blob, its header, and its bytes while they are still in memory."""

    blob: SealedBlob
    scan: HeaderScan
    content: bytes | None  # None: it was too large to keep
    is_8bit: bool = False
    hashes: Mapping[BodySpec, BodyHash] = {}  # of its body, those that were wanted
    hash_bug: Exception | None = None  # met with them, and they are not there
    signatures: SignatureReader | None = None  # what is claimed of the hashes; None: nobody checks who sent it

    def hash_of(self, spec: BodySpec) -> BodyHash | None:
        """None if it was not wanted; raises the bug."""
        if self.hash_bug is not None:
            raise self.hash_bug
        return self.hashes.get(spec)


class IncomingMessage:
    """Takes the octets of one message. An error is kept for the verdict, so the session just reads on."""

    def __init__(
        self, writer: BlobWriter, header: HeaderFilter, memory: MemoryBudget, specs: Specs | None = None
    ) -> None:
        self._writer = writer
        self._header = header
        self._memory = memory
        self._specs = specs
        self._hasher: BodyHasher | None = None  # once the header is whole, if a hash is wanted
        self._hash_bug: Exception | None = None
        self._pieces: list[bytes] | None = []  # what was written, as long as it is small enough to keep
        self._held_bytes = 0
        self._header_bytes = 0  # of a long header, held back
        self.size_bytes = 0  # as it came in
        self.is_8bit = False
        self.failure: Verdict | None = None  # why it cannot be accepted any more
        self.blob: SealedBlob | None = None  # once it is finished, with a bug too
        self._bug: Exception | None = None  # met with its header

    async def write(self, data: bytes) -> None:
        """Take octets, cut anywhere; never raises for what the peer, the disk or a bug of ours does."""
        self.size_bytes += len(data)
        self.is_8bit = self.is_8bit or not data.isascii()
        if self.failure is not None:
            return
        try:
            await self._put(await self._checked(data))
        except (PermanentError, TransientError) as exc:
            await self._fail(exc)

    async def finish(self) -> Sealed | Verdict:
        """The whole message, its spool file synced; or why it failed. Raises the bug that was met with its header."""
        if self.failure is not None:
            return self.failure
        try:
            await self._put(await self._header_end())
            blob = self.blob = await self._writer.finish()
        except (PermanentError, TransientError) as exc:
            return await self._fail(exc)
        if self._bug is not None:
            raise self._bug
        if self._header.scan is None:
            raise AssertionError("a finished header has a scan")
        content = None if self._pieces is None else b"".join(self._pieces)
        hashes = self._hashes()
        signatures = self._specs if isinstance(self._specs, SignatureReader) else None
        return Sealed(blob, self._header.scan, content, self.is_8bit, hashes, self._hash_bug, signatures)

    async def abort(self) -> None:
        """Leave nothing behind but what the store took over; may be called at any time and twice."""
        self._forget()
        await self._writer.abort()

    async def _checked(self, data: bytes) -> bytes:
        is_body = self._header.scan is not None
        try:
            found = await self._filtered(data)
            await self._hash(found, is_body=is_body)
            return found
        except Exception as exc:  # noqa: BLE001 - a bug is answered at the end of the message (conventions C6)
            return self._without_header(exc)

    async def _filtered(self, data: bytes) -> bytes:
        """What may go on of ``data``. A header is held back whole, and sixty thousand fields of four octets take 50 ms.

        TransientError(STORE_BUSY) when many long ones are held and memory is short: a usual one always passes.
        """
        header = self._header
        end = data.find(b"\r\n\r\n")
        length = header.held_bytes + (len(data) if end < 0 else end)
        if header.scan is not None or length < HEADER_INLINE_BYTES:
            return header.feed(data)
        if not self._memory.take(len(data)):
            raise TransientError(Reason.STORE_BUSY, "memory for headers")
        self._header_bytes += len(data)
        found = await asyncio.to_thread(header.feed, data)
        if self._header.scan is not None:
            self._release_header()
        return found

    async def _header_end(self) -> bytes:
        try:
            is_body = self._header.scan is not None
            is_small = self._header.held_bytes < HEADER_INLINE_BYTES
            found = self._header.finish() if is_small else await asyncio.to_thread(self._header.finish)
            await self._hash(found, is_body=is_body)
            return found
        except Exception as exc:  # noqa: BLE001 - as for _checked
            return self._without_header(exc)

    async def _hash(self, data: bytes, *, is_body: bool) -> None:
        """Of ``data``, which goes on, what is behind the header. A bug with it costs no octet of the message."""
        scan, specs = self._header.scan, self._specs
        if specs is None or scan is None or self._hash_bug is not None:
            return
        try:
            if not is_body:
                self._hasher = BodyHasher(await _wanted(specs, scan))
                data = data[len(scan.raw) :]
            if self._hasher is None:
                return
            if len(data) <= HASH_INLINE_BYTES:
                self._hasher.feed(data)
            else:
                await asyncio.to_thread(self._hasher.feed, data)
        except Exception as exc:  # noqa: BLE001 - whoever wants the hashes is told of it
            self._hash_bug = exc

    def _hashes(self) -> Mapping[BodySpec, BodyHash]:
        if self._hasher is None or self._hash_bug is not None:
            return {}
        try:
            return self._hasher.finish()
        except Exception as exc:  # noqa: BLE001 - as above
            self._hash_bug = exc
            return {}

    def _without_header(self, bug: Exception) -> bytes:
        """A bug with the header must not lose the octets: what becomes of the message is decided at its end."""
        if isinstance(bug, ReasonedError | MemoryError):
            raise bug
        self._bug = bug
        self._release_header()
        return self._header.give_up()

    def _release_header(self) -> None:
        self._memory.release(self._header_bytes)
        self._header_bytes = 0

    async def _put(self, data: bytes) -> None:
        if not data:
            return
        if self._pieces is not None:
            if self._held_bytes + len(data) <= MESSAGE_IN_MEMORY_BYTES and self._memory.take(len(data)):
                self._held_bytes += len(data)
                self._pieces.append(data)
            else:
                self._forget()
        await self._writer.write(data)

    async def _fail(self, error: ReasonedError) -> Verdict:
        self.failure = verdict_of(error)
        await self.abort()
        return self.failure

    def _forget(self) -> None:
        self._memory.release(self._held_bytes)
        self._held_bytes = 0
        self._release_header()
        self._pieces = None


async def _wanted(specs: Specs, scan: HeaderScan) -> Iterable[BodySpec]:
    """A header is usually read at once; names with U-labels, as a chain of ARC may have many, take their time."""
    if len(scan.raw) < HEADER_INLINE_BYTES and scan.raw.isascii():
        return specs(scan)
    return await asyncio.to_thread(specs, scan)


def verdict_of(error: ReasonedError) -> Verdict:
    """What an error of ours means to the peer; PermanentError means refusal only where the peer is at fault."""
    if isinstance(error, PermanentError) and error.reason is Reason.TOO_LARGE:
        return Verdict(Action.REJECT, reply.HEADER_TOO_LARGE, error.reason, detail=error.detail)
    answer = _REPLIES.get(error.reason, reply.LOCAL_ERROR)
    return Verdict(Action.DEFER, answer, error.reason, detail=error.detail)
