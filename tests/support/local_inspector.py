"""An inspector without a process, for tests of what stands around it: the same job, the same check of its answer.

It stands here and not in the package: whatever delivers mail in the product has a pool, and an administrator's command
on a stopped server delivers none.
"""

from skrytka.inspect.check import MessageStructure, seven_bit_of, structure_of
from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.jobs import recoded, structure
from skrytka.inspect.memory import MessageMemory, read_sealed


class LocalInspector:
    """``inspect.client.Inspector``; ``poison`` is what a message has to have in it to kill one."""

    def __init__(self) -> None:
        self.poison: bytes | None = None
        self.failures: list[Exception] = []  # raised instead of an answer
        self.sizes: list[tuple[int, bool]] = []  # of each message, and whether it came as a memory file

    async def structure(self, message: bytes | MessageMemory) -> MessageStructure:
        """In this process, at once."""
        raw = self._taken(message)
        return structure_of(structure(raw), len(raw))

    async def seven_bit(self, message: bytes | MessageMemory, header: bytes) -> bytes | None:
        """Likewise."""
        return seven_bit_of(recoded(self._taken(message)), header)

    def _taken(self, message: bytes | MessageMemory) -> bytes:
        raw = message if isinstance(message, bytes) else read_sealed(message.fd, message.size)
        self.sizes.append((len(raw), not isinstance(message, bytes)))
        if self.failures:
            raise self.failures.pop(0)
        if self.poison is not None and self.poison in raw:
            raise PoisonedMessageError("structure: ended")
        return raw
