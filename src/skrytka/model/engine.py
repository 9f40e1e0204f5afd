"""What every protocol engine is (conventions, section 2): bytes in, events out; actions in, bytes out.

A session is ``async for event in conn.events(engine)``; replies go out by ``await conn.send(engine.send(action))``.
Beside the engine's own events a connection yields :class:`Woken` and :class:`TimedOut`: a session matches on both.
"""

from enum import Enum
from typing import Final, Literal, Protocol, TypeVar

import msgspec

from skrytka.model.errors import SkrytkaError


class Signal(Enum):
    """What an engine says when it has no event."""

    NEED_DATA = "need data"  # feed it: everything received so far has been used or is an unfinished piece
    PAUSED = "paused"  # answer first: an event was handed out that waits for its reply


NEED_DATA: Final = Signal.NEED_DATA
PAUSED: Final = Signal.PAUSED
NeedData = Literal[Signal.NEED_DATA]
Paused = Literal[Signal.PAUSED]

EventT_co = TypeVar("EventT_co", covariant=True)


class TlsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was negotiated on a connection, in OpenSSL's words."""

    version: str  # "TLSv1.3"
    cipher: str  # "TLS_AES_256_GCM_SHA384"
    bits: int = 0
    group: str = ""  # of the key exchange: "X25519MLKEM768"; "" when the runtime cannot tell
    server_name: str = ""  # SNI in lower case, "" when the client sent none
    end_point: bytes = b""  # hash of our own certificate (RFC 5929 4.1); b"" when it cannot be told which one that was
    peer: bytes = b""  # DER of the peer's certificate, b"" when it sent none
    chain: tuple[bytes, ...] = ()  # DER of all that it sent, its own first; only where somebody wants it

    def __str__(self) -> str:
        return f"{self.version} {self.cipher} {self.group}".rstrip()


class Engine(Protocol[EventT_co]):
    """One side of one protocol, without socket and clock.

    Whole input and input byte by byte give the same events. Misuse by our code is LocalProtocolError; what the peer
    did wrong is RemoteProtocolError or an event that carries the reply; nothing else is raised. Each engine has a
    ``send(action) -> bytes`` besides, typed by its own actions.
    """

    def receive(self, data: bytes) -> None:
        """Feed what was read; ``b""`` is end of file."""
        ...

    def next_event(self) -> EventT_co | Signal:
        """The next thing the peer said, or why there is none."""
        ...

    def tls_started(self, tls: TlsFacts) -> None:
        """The handshake is done: unread clear text is dropped and the state is reset (RFC 3207 4.2)."""
        ...


class Woken(msgspec.Struct, frozen=True):
    """Not the peer: somebody called ``Connection.wake()``, or drain began (``Connection.is_draining``)."""


class TimedOut(msgspec.Struct, frozen=True):
    """The deadline passed while waiting for input: say goodbye and return; a few seconds later the line is cut."""


class DisconnectedError(SkrytkaError):
    """The connection is gone, nothing can be sent; a session lets it pass, its listener expects it."""
