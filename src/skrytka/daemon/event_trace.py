"""``trace``: what happened to a message or an address, out of the event log's index."""

import asyncio
import hashlib
import hmac

from skrytka.daemon.layout import Layout
from skrytka.model.address import Address, AddressError
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import parse_id
from skrytka.model.secret import Secret
from skrytka.store.events.index import EventIndex, FoundEvent

_MAC_BYTES = 16


class EventTrace:
    """``servers.control.Trace``; the index is brought up to date in a thread."""

    def __init__(self, layout: Layout, name_key: Secret) -> None:
        self._folder = layout.events
        self._name_key = name_key

    async def __call__(self, what: str) -> list[FoundEvent]:
        """By trace id or by address, in order of time. PermanentError(BAD_SYNTAX): it is neither."""
        if not (is_trace(what) or is_address(what)):
            raise PermanentError(Reason.BAD_SYNTAX, f"{what!r} is neither an address nor a trace id of 26 characters")
        return await asyncio.to_thread(self._find, what)

    def _find(self, what: str) -> list[FoundEvent]:
        index = EventIndex(self._folder, self._mac)
        try:
            index.update()
            return index.by_trace(what) if is_trace(what) else index.by_address(what)
        finally:
            index.close()

    def _mac(self, data: bytes) -> bytes:
        return hmac.digest(self._name_key.reveal(), b"events\x00" + data, hashlib.sha256)[:_MAC_BYTES]


def is_trace(text: str) -> bool:
    """Whether it is an id as replies and events show it."""
    try:
        parse_id(text)
    except ValueError:
        return False
    return True


def is_address(text: str) -> bool:
    """Whether it is a mail address."""
    try:
        Address.parse(text)
    except AddressError:
        return False
    return True
