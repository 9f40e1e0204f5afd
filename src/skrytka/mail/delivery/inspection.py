"""Messages on their way to the inspectors and back (design section 4): nothing here looks into one.

A message of up to 256 KiB is at hand and goes as it is. A larger one is read back from its spool file into a sealed
memory file, in a thread, two at a time per process: that is what bounds their memory.
"""

import asyncio
import os
from collections.abc import Iterable
from typing import Final

from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.inspector import Inspector
from skrytka.inspect.memory import MessageMemory
from skrytka.inspect.wire import INLINE_MAX_BYTES, ReportsAnswer
from skrytka.mail.delivery.message import HEADER_INLINE_BYTES, Sealed
from skrytka.mail.delivery.summary import Insides, summary_of, unread_summary
from skrytka.model.errors import Reason, TransientError
from skrytka.protocol.mime.header import header_end
from skrytka.store.seal.blob import BlobReader, SealedBlob
from skrytka.store.seal.text import MessageText

LARGE_AT_ONCE: Final = 2
PIECE_BYTES: Final = 1024 * 1024


class Inspection:
    """Has messages taken apart; one per process."""

    def __init__(self, inspector: Inspector) -> None:
        self._inspector = inspector
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def of(self, sealed: Sealed) -> Insides:
        """What is in a message; insides with ``poison`` when two inspectors died of it.

        TransientError: INSPECTOR_DOWN, SHUTTING_DOWN; STORE_DOWN when its spool file or memory is not to be had.
        """
        blob, found = sealed.blob, sealed.scan
        try:
            if sealed.content is not None and len(sealed.content) <= INLINE_MAX_BYTES:
                structure = await self._inspector.structure(sealed.content)
            else:
                async with self._large:
                    with await _in_memory(sealed) as memory:
                        structure = await self._inspector.structure(memory)
        except PoisonedMessageError as exc:
            return Insides(unread_summary(found, blob.size, blob.sha256), poison=exc)
        text = MessageText(structure.header_text, structure.body_text)
        if len(found.raw) < HEADER_INLINE_BYTES:
            summary = summary_of(structure, found, blob.sha256)
        else:
            summary = await asyncio.to_thread(summary_of, structure, found, blob.sha256)
        return Insides(summary, text, authors=structure.authors)

    async def reports(self, sealed: Sealed) -> ReportsAnswer:
        """Reports of other servers in a message. Raises as :meth:`of`, and PoisonedMessageError."""
        if sealed.content is not None and len(sealed.content) <= INLINE_MAX_BYTES:
            return await self._inspector.reports(sealed.content)
        async with self._large:
            with await _in_memory(sealed) as memory:
                return await self._inspector.reports(memory)

    async def seven_bit(self, content: bytes) -> bytes | None:
        """A message for a server that takes seven bits only; None: it goes as it is, or not at all.

        That is one that is signed, one that cannot be re-encoded, and one that two inspectors died of. Raises as
        :meth:`of`.
        """
        header = content[: header_end(content, 0, len(content))]
        try:
            if len(content) <= INLINE_MAX_BYTES:
                return await self._inspector.seven_bit(content, header)
            async with self._large:
                with await asyncio.to_thread(_held, content) as memory:
                    return await self._inspector.seven_bit(memory, header)
        except PoisonedMessageError:
            return None


def _held(content: bytes) -> MessageMemory:
    memory = _memory()
    try:
        memory.write(content)
        memory.seal()
    except OSError as exc:
        memory.close()
        raise _unavailable(exc) from exc
    return memory


async def _in_memory(sealed: Sealed) -> MessageMemory:
    """The message in a memory file; closed again if we are cancelled meanwhile."""
    memory = _memory()
    copying = asyncio.get_running_loop().run_in_executor(None, _copy, sealed, memory)
    try:
        await asyncio.shield(copying)
    except BaseException:
        copying.add_done_callback(lambda done: _give_up(done, memory))  # the thread may write still
        raise
    return memory


def _give_up(done: "asyncio.Future[None]", memory: MessageMemory) -> None:
    memory.close()
    if not done.cancelled():
        done.exception()  # seen


def _memory() -> MessageMemory:
    try:
        return MessageMemory()
    except OSError as exc:
        raise _unavailable(exc) from exc


def _copy(sealed: Sealed, memory: MessageMemory) -> None:
    try:
        if sealed.content is not None:
            memory.write(sealed.content)
        else:
            _copy_spooled(sealed.blob, memory)
        memory.seal()
    except OSError as exc:
        raise _unavailable(exc) from exc


def _copy_spooled(blob: SealedBlob, memory: MessageMemory) -> None:
    if blob.stored is not None:  # small, but the process had no memory left to keep it in clear
        memory.write(BlobReader(blob.stored, blob.blob_id, blob.key).read_all())
        return
    fd = os.open(blob.spool_path or "", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        for piece in _pieces(BlobReader(fd, blob.blob_id, blob.key)):
            memory.write(piece)
    finally:
        os.close(fd)


def _pieces(reader: BlobReader) -> Iterable[bytes]:
    return (reader.read(start, PIECE_BYTES) for start in range(0, reader.size, PIECE_BYTES))


def _unavailable(error: OSError) -> TransientError:
    return TransientError(Reason.STORE_DOWN, f"a large message, for its inspection: {error.strerror}")
