"""What a protocol engine looks like from outside: bytes in, events out; actions in, bytes out (design section 3).

A session is ``async for event in conn.events(engine)``; replies go out by ``await conn.send(engine.send(action))``.
Beside the engine's own events the connection yields :class:`Woken` and :class:`TimedOut`, so a session matches on both.
"""

from enum import Enum
from typing import Final, Protocol, TypeVar

import msgspec

from skrytka.model.errors import SkrytkaError

E_co = TypeVar("E_co", covariant=True)
A_contra = TypeVar("A_contra", contravariant=True)


class NeedData(Enum):
    """The one value :data:`NEED_DATA`; an enum so that a type checker narrows by ``is``."""

    NEED_DATA = "need data"


class Paused(Enum):
    """The one value :data:`PAUSED`."""

    PAUSED = "paused"


NEED_DATA: Final = NeedData.NEED_DATA
"""``next_event()``: nothing more until ``receive()`` brings bytes or the end of file."""

PAUSED: Final = Paused.PAUSED
"""``next_event()``: the last event still waits for its ``send()`` (or ``tls_started()``); input is kept meanwhile."""


class TlsFacts(msgspec.Struct, frozen=True):
    """What a finished handshake agreed on."""

    version: str  # "TLSv1.3"
    cipher: str  # "TLS_AES_256_GCM_SHA384"
    sni: str = ""  # the name the client asked for, in lower case; "" when it gave none
    peer: bytes = b""  # DER of the peer's certificate; b"" when it sent none

    def __str__(self) -> str:
        """Version and cipher as events and Received fields show them."""
        return f"{self.version} {self.cipher}"


class EventSource(Protocol[E_co]):
    """The half of an engine that a connection drives."""

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer, cut anywhere; ``b""`` is the end of file. Does not raise: faults are events."""
        ...

    def next_event(self) -> E_co | NeedData | Paused:
        """The next thing that happened; RemoteProtocolError when the connection cannot go on."""
        ...


class Engine(EventSource[E_co], Protocol[E_co, A_contra]):
    """One side of one protocol, without I/O."""

    def send(self, action: A_contra) -> bytes:
        """The bytes of a reply or command; LocalProtocolError if it is not allowed now."""
        ...

    def tls_started(self, tls: TlsFacts) -> None:
        """TLS is up: forgets all unread clear-text input and the state before it (RFC 3207 4.2)."""
        ...


class Woken(msgspec.Struct, frozen=True):
    """Not the peer: somebody called ``Connection.wake()``, or drain began (``Connection.is_draining``)."""


class TimedOut(msgspec.Struct, frozen=True):
    """The deadline passed while waiting for input: say goodbye and return; a few seconds later the line is cut."""


class DisconnectedError(SkrytkaError):
    """The connection is gone, so nothing can be sent; a session lets it pass, its listener expects it."""
