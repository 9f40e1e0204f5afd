"""Which messages meet a bug of ours again and again: their senders would hear 451 for five days (conventions C6)."""

from typing import Final

from skrytka.model.errors import TransientError
from skrytka.net.limits import SharedLimits

DEFERRED: Final = 2  # times that a message is left to its sender; the next one sets it apart
WITHIN_S: Final = 5 * 86_400.0  # RFC 5321 4.5.4.1: so long a sender tries
RULE: Final = "bugs-of-message"


class MessageBugs:
    """Counted by content in the table that all fronts share, which is bounded; nothing survives the supervisor."""

    def __init__(self, limits: SharedLimits) -> None:
        self._limits = limits

    async def is_hopeless(self, sha256: bytes) -> bool:
        """Count another bug with this content; whether it is one too many. Never with the supervisor away."""
        try:
            return not await self._limits.take(RULE, sha256.hex(), limit=DEFERRED, window_s=WITHIN_S)
        except TransientError:
            return False
