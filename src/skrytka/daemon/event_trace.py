"""``trace``: what happened to a message or an address, out of the event log's index."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable

import msgspec

from skrytka.daemon.layout import Layout
from skrytka.mail.identity.login import hidden_name
from skrytka.model.address import Address, AddressError
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import parse_id
from skrytka.model.secret import Secret
from skrytka.store.events.index import EventIndex, FoundEvent

_MAC_BYTES = 16


class EventTrace:
    """``mail.admin.commands.base.Trace``; the index is brought up to date in a thread."""

    def __init__(self, layout: Layout, name_key: Secret, settles_s: float = 0.0) -> None:
        """``settles_s``: so long a running server may take to write down what has happened."""
        self._folder = layout.events
        self._name_key = name_key
        self._settles_s = settles_s

    async def __call__(self, what: str) -> list[FoundEvent]:
        """By trace id or by address, in order of time. PermanentError(BAD_SYNTAX): it is neither."""
        if not (is_trace(what) or is_address(what)):
            raise PermanentError(Reason.BAD_SYNTAX, f"{what!r} is neither an address nor a trace id of 26 characters")
        await asyncio.sleep(self._settles_s)
        return await asyncio.to_thread(self._find, what)

    def _find(self, what: str) -> list[FoundEvent]:
        index = EventIndex(self._folder, event_mac(self._name_key))
        try:
            index.update()
            return index.by_trace(what) if is_trace(what) else self._by_address(index, Address.parse(what).key)
        finally:
            index.close()

    def _by_address(self, index: EventIndex, key: str) -> list[FoundEvent]:
        """Logins that were refused before anybody looked for the account are under a hash of its name."""
        hidden = hidden_name(self._name_key, key)
        found = {msgspec.json.encode(event): event for event in (*index.by_address(key), *index.by_address(hidden))}
        return sorted((_unhidden(event, hidden, key) for event in found.values()), key=lambda event: event.at)


def event_mac(name_key: Secret) -> Callable[[bytes], bytes]:
    """How the index of events names an address."""
    return lambda data: hmac.digest(name_key.reveal(), b"events\x00" + data, hashlib.sha256)[:_MAC_BYTES]


def _unhidden(event: FoundEvent, hidden: str, key: str) -> FoundEvent:
    if event.fields.get("name") != hidden:
        return event
    return msgspec.structs.replace(event, fields=event.fields | {"name": key})


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
