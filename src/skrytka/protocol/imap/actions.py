"""What a session can say to the engine, and what the engine tells the session."""

from enum import Enum

import msgspec

from skrytka.model.secret import Secret
from skrytka.protocol.imap.commands.base import Command


class Status(Enum):
    """RFC 9051 7.1."""

    OK = b"OK"
    NO = b"NO"
    BAD = b"BAD"


class Event(msgspec.Struct, frozen=True):
    """Something the client did."""


class Request(Event, frozen=True):
    """A command that is allowed now; exactly one :class:`Tagged` answers it.

    APPEND is told before its message: :class:`Continue` asks for that, :class:`Tagged` refuses it.
    """

    tag: str
    command: Command


class Fault(Event, frozen=True):
    """A command that is wrong or not allowed now; answered by :class:`Tagged` with these."""

    text: str
    code: bytes = b""
    status: Status = Status.BAD


class LiteralWanted(Event, frozen=True):
    """The client waits before it sends a literal: answered by :class:`Continue`, or by :class:`Tagged` to refuse."""

    size_bytes: int


class AppendChunk(Event, frozen=True):
    """Some octets of the message of an APPEND that was answered by :class:`Continue`."""

    data: bytes


class AppendEnd(Event, frozen=True):
    """The message is whole: answered by :class:`Tagged`. A :class:`Fault` may come instead: nothing is to be kept."""


class SaslResponse(Event, frozen=True):
    """A line of the SASL exchange; ``message`` is None when the client cancelled (RFC 9051 6.2.2)."""

    message: Secret | None


class IdleDone(Event, frozen=True):
    """The client ended IDLE; ``is_clean`` is False if it did so with anything but DONE."""

    is_clean: bool = True


class Eof(Event, frozen=True):
    """The client closed its side; whatever it had begun is void."""


class Tagged(msgspec.Struct, frozen=True):
    """The end of a command. Without a tag (it could not be read) the line is untagged (RFC 9051 7.1.3)."""

    status: Status
    text: str
    code: bytes = b""  # inside of the brackets


class Untagged(msgspec.Struct, frozen=True):
    """Whole response lines with their CRLF, as ``format`` makes them."""

    data: bytes


class Continue(msgspec.Struct, frozen=True):
    """``+ text``."""

    text: bytes = b"OK"


class Greeting(msgspec.Struct, frozen=True):
    text: str
    code: bytes = b""


class Bye(msgspec.Struct, frozen=True):
    """The connection ends, by us (RFC 9051 7.1.5)."""

    text: str
    code: bytes = b""


Action = Tagged | Untagged | Continue | Greeting | Bye
