"""Opened messages whose damage is reported where it shows (design section 12: that message is reported)."""

from skrytka.mail.mailbox.types import Content
from skrytka.model.errors import PermanentError
from skrytka.model.ids import Uid
from skrytka.servers.imap.state import ImapSession


class ReportedContent:
    """A :class:`Content` that emits MessageCorrupt when octets of it cannot be had; opening reports by itself."""

    __slots__ = ("_content", "_session", "_uid", "size_bytes")

    def __init__(self, session: ImapSession, uid: Uid, content: Content) -> None:
        self._session = session
        self._uid = uid
        self._content = content
        self.size_bytes = content.size_bytes

    async def read(self, offset: int, length: int) -> bytes:
        try:
            return await self._content.read(offset, length)
        except PermanentError as exc:
            self._session.report_corrupt(self._uid, exc)
            raise

    def close(self) -> None:
        self._content.close()


async def open_content(session: ImapSession, uid: Uid) -> ReportedContent:
    """A message of the selected mailbox; PermanentError(NO_SUCH_OBJECT, CORRUPT)."""
    return ReportedContent(session, uid, await session.mailbox.view.content(uid))
