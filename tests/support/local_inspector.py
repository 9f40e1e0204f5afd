"""An inspector without a process, for tests of what stands around it: the same job, the same check of its answer.

It stands here and not in the package: whatever delivers mail in the product has a pool, and an administrator's command
on a stopped server delivers none.
"""

from collections.abc import Callable

from skrytka.inspect.errors import PoisonedMessageError
from skrytka.inspect.inspector import Inspector, ResultT
from skrytka.inspect.jobs import HANDLERS
from skrytka.inspect.memory import MessageMemory, read_sealed
from skrytka.inspect.wire import INLINE_MAX_BYTES


class LocalInspector(Inspector):
    """``poison`` is what a message has to have in it to kill one."""

    def __init__(self) -> None:
        self.poison: bytes | None = None
        self.failures: list[Exception] = []  # raised instead of an answer
        self.sizes: list[tuple[int, bool]] = []  # of each message, and whether it came as a memory file

    async def run(self, kind: str, message: bytes | MessageMemory, check: Callable[[bytes], ResultT]) -> ResultT:
        """In this process, at once."""
        raw = message if isinstance(message, bytes) else read_sealed(message.fd, message.size)
        self.sizes.append((len(raw), not isinstance(message, bytes)))
        assert not isinstance(message, bytes) or len(message) <= INLINE_MAX_BYTES
        if self.failures:
            raise self.failures.pop(0)
        if self.poison is not None and self.poison in raw:
            raise PoisonedMessageError(f"{kind}: ended")
        return check(HANDLERS[kind](raw))
