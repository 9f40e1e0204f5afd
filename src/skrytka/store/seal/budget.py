"""How much message data all sessions of a process may hold in memory."""

from skrytka.model.limits import ConnectionLimits

DEFAULT_BYTES = ConnectionLimits().spool_memory_bytes


class MemoryBudget:
    """Counts bytes held; used by the one thread that runs the sessions.

    Whoever is refused writes to disk instead of waiting, so sessions that hold a lot and stall cost the others speed,
    never service.
    """

    __slots__ = ("held_bytes", "limit_bytes")

    def __init__(self, limit_bytes: int = DEFAULT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0

    def take(self, count: int) -> bool:
        """Whether ``count`` more bytes fit; if so they are counted until :meth:`release`."""
        if self.held_bytes + count > self.limit_bytes:
            return False
        self.held_bytes += count
        return True

    def release(self, count: int) -> None:
        """Give back what was taken."""
        self.held_bytes -= count
