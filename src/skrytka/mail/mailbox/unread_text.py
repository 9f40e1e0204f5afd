"""The search text of a message that has none, from an earlier release or damaged: an inspector reads the message."""

import asyncio
from typing import Final

from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.inspector import Inspector
from skrytka.inspect.memory import MessageMemory
from skrytka.inspect.wire import INLINE_MAX_BYTES
from skrytka.mail.mailbox.types import Content
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.store.seal.text import MessageText

PIECE_BYTES: Final = 256 * 1024


async def read_text(content: Content, inspector: Inspector) -> MessageText:
    """PermanentError: CORRUPT, POISONED (two inspectors died of it); TransientError(INSPECTOR_DOWN)."""
    try:
        if content.size_bytes <= INLINE_MAX_BYTES:
            found = await inspector.structure(await content.read(0, content.size_bytes))
        else:
            with await _in_memory(content) as memory:
                found = await inspector.structure(memory)
    except PoisonedMessageError as exc:
        raise PermanentError(Reason.POISONED, str(exc)) from exc
    return MessageText(found.header_text, found.body_text)


async def _in_memory(content: Content) -> MessageMemory:
    """A piece takes about a millisecond; others have their turn between two."""
    try:
        memory = MessageMemory()
    except OSError as exc:
        raise _no_memory(exc) from exc
    try:
        for start in range(0, content.size_bytes, PIECE_BYTES):
            memory.write(await content.read(start, PIECE_BYTES))
            await asyncio.sleep(0)
        return memory.seal()
    except OSError as exc:
        memory.close()
        raise _no_memory(exc) from exc
    except BaseException:
        memory.close()
        raise


def _no_memory(error: OSError) -> TransientError:
    return TransientError(Reason.STORE_DOWN, f"a large message, for its text: {error.strerror}")
