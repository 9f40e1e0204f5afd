"""Octets of the messages of a FETCH, read some at a time: one read of the store instead of one a message."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from skrytka.mail.mailbox.types import MessageRow
from skrytka.model.ids import Uid
from skrytka.servers.imap.deps import View

GROUP_BYTES: Final = 256 * 1024  # about a millisecond to open
LARGE_BYTES: Final = 128 * 1024  # such a message is opened by itself


class Prefetched:
    """Messages in the order in which they will be taken; ``prepare`` gets those that were opened together."""

    def __init__(
        self,
        view: View,
        rows: Sequence[MessageRow],
        prepare: Callable[[Mapping[int, bytes]], Awaitable[None]] | None = None,
    ) -> None:
        self._view = view
        self._rows = rows
        self._prepare = prepare
        self._next = 0
        self._opened: dict[int, bytes] = {}

    async def take(self, uid: Uid) -> bytes | None:
        """All of it; None when it has to be opened by itself."""
        found = self._opened.pop(uid, None)
        if found is not None or self._next >= len(self._rows):
            return found
        while self._next < len(self._rows) and self._rows[self._next].uid < uid:
            self._next += 1
        group: list[int] = []
        size = 0
        for row in self._rows[self._next :]:
            if row.size_bytes > LARGE_BYTES or size + row.size_bytes > GROUP_BYTES:
                break
            group.append(row.uid)
            size += row.size_bytes
        self._next += max(1, len(group))
        if len(group) < 2:
            return None
        opened = await self._view.wholes(group)
        if self._prepare is not None:
            await self._prepare(opened)
        self._opened.update(opened)
        return self._opened.pop(uid, None)


class WholeContent:
    """A :class:`Content` that is in memory."""

    __slots__ = ("_raw", "size_bytes")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.size_bytes = len(raw)

    async def read(self, offset: int, length: int) -> bytes:
        return self._raw[offset : offset + length]

    def close(self) -> None:
        """There is nothing to let go of."""
