"""What the SMTP server engine reports. Every event but BodyChunk, BodyDropped and Eof waits for one reply."""

import msgspec

from skrytka.model.address import Domain, ReversePath
from skrytka.model.envelope import BodyType, By, Hold, Recipient, Ret
from skrytka.model.reply import Reply
from skrytka.model.secret import Secret


class Hello(msgspec.Struct, frozen=True):
    """EHLO or HELO; the transaction, if any, is gone (RFC 5321 4.1.4). ``reply`` lists what this listener offers."""

    name: Domain
    is_extended: bool
    reply: Reply


class MailFrom(msgspec.Struct, frozen=True):
    """MAIL: a transaction begins if the reply is positive."""

    reverse_path: ReversePath
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    declared_bytes: int = 0  # 0: not declared
    ret: Ret | None = None
    envid: str = ""
    hold: Hold | None = None
    by: By | None = None
    priority: int | None = None  # None: not said (RFC 6710 4.1)
    is_tls_required: bool = False  # RFC 8689


class RcptTo(msgspec.Struct, frozen=True):
    """RCPT: one more recipient if the reply is positive. A bare <postmaster> carries our host name as its domain."""

    recipient: Recipient


class DataStart(msgspec.Struct, frozen=True):
    """DATA with recipients: 354 lets the message come. BDAT has no such event, its octets just come."""


class BodyChunk(msgspec.Struct, frozen=True):
    """Octets of the message, dots unstuffed. No reply; chunks are cut anywhere."""

    data: bytes


class BodyDropped(msgspec.Struct, frozen=True):
    """Octets came in and were thrown away: the message is refused already, or a refused BDAT chunk. No reply."""

    octets: int


class ChunkEnd(msgspec.Struct, frozen=True):
    """A BDAT chunk that is not the last is complete. With a refusal only that refusal may be sent."""

    refusal: Reply | None = None


class BodyEnd(msgspec.Struct, frozen=True):
    """The message is complete. With a refusal only that refusal may be sent, and nothing may be delivered."""

    size_bytes: int
    refusal: Reply | None = None


class StartTls(msgspec.Struct, frozen=True):
    """STARTTLS: after 220 the engine waits for ``tls_started``; 454 leaves all as it was."""


class Authenticate(msgspec.Struct, frozen=True):
    """AUTH begins: 334 asks for a line, 235 says that it is true what the client claims, anything else ends it.

    The mechanism may be one that nobody offers.
    """

    mechanism: str  # in capitals
    initial: Secret | None  # None: there was no initial response


class AuthResponse(msgspec.Struct, frozen=True):
    """The line that 334 asked for; to be answered as :class:`Authenticate` (RFC 4954 4)."""

    message: Secret | None  # None: the client gives up


class Reset(msgspec.Struct, frozen=True):
    """RSET: the transaction is gone."""

    reply: Reply


class Routine(msgspec.Struct, frozen=True):
    """NOOP, HELP, VRFY: nothing to decide, send the reply."""

    reply: Reply


class Fault(msgspec.Struct, frozen=True):
    """Wrong input: send the reply; after a fatal one the connection ends."""

    reply: Reply
    is_fatal: bool = False


class Quit(msgspec.Struct, frozen=True):
    """QUIT: say 221 and close."""

    reply: Reply


class Eof(msgspec.Struct, frozen=True):
    """Nothing more will come; ``is_in_message`` when the peer left before the end of a message."""

    is_in_message: bool = False


Event = (
    Hello
    | MailFrom
    | RcptTo
    | DataStart
    | BodyChunk
    | BodyDropped
    | ChunkEnd
    | BodyEnd
    | StartTls
    | Authenticate
    | AuthResponse
    | Reset
    | Routine
    | Fault
    | Quit
    | Eof
)
