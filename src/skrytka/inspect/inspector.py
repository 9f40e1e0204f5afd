"""What a front can have done to mail, and how each answer is checked; who does it is the pool's matter (client)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from skrytka.inspect.check import (
    MessageStructure,
    folded_of,
    mailboxes_of,
    reports_of,
    seven_bit_of,
    structure_of,
    undone_of,
)
from skrytka.inspect.memory import MessageMemory
from skrytka.inspect.wire import Encoded, Mailbox, ReportsAnswer, Undone

ResultT = TypeVar("ResultT")
_encoder = msgspec.msgpack.Encoder()


class Inspector(ABC):
    """The jobs.

    PoisonedMessageError when two children died of one; TransientError: INSPECTOR_DOWN when there was none in time,
    SHUTTING_DOWN.
    """

    @abstractmethod
    async def run(self, kind: str, message: bytes | MessageMemory, check: Callable[[bytes], ResultT]) -> ResultT:
        """One job by name; ``check`` gets the payload and raises HostileAnswerError if no honest child gives it.

        Over 256 KiB hand in a sealed MessageMemory.
        """

    async def structure(self, message: bytes | MessageMemory) -> MessageStructure:
        """Parts, IMAP texts and search text of a message."""
        size = len(message) if isinstance(message, bytes) else message.size
        return await self.run("structure", message, lambda payload: structure_of(payload, size))

    async def seven_bit(self, message: bytes | MessageMemory, header: bytes) -> bytes | None:
        """The message for a server that takes seven bits only, under its own ``header``; None: leave it alone."""
        return await self.run("seven_bit", message, lambda payload: seven_bit_of(payload, header))

    async def undo(self, pieces: Sequence[Encoded]) -> Sequence[Undone]:
        """Transfer encodings undone, one result for each; ENCODED_MAX pieces of ENCODED_MAX_BYTES together at most."""
        return await self.run("undo", _encoder.encode(pieces), lambda payload: undone_of(payload, pieces))

    async def fold(self, values: Sequence[bytes]) -> Sequence[bytes]:
        """Unfolded header values as SEARCH compares them, UTF-8; VALUES_MAX of ENCODED_MAX_BYTES together at most."""
        return await self.run("fold", _encoder.encode(values), lambda payload: folded_of(payload, values))

    async def mailboxes(self, value: bytes) -> Sequence[Mailbox] | None:
        """The addresses of a header field; None: more than anybody looks at."""
        return await self.run("mailboxes", value, lambda payload: mailboxes_of(payload, value))

    async def reports(self, message: bytes | MessageMemory) -> ReportsAnswer:
        """DMARC and TLS reports in a message, or in a file that is one itself."""
        return await self.run("reports", message, reports_of)
