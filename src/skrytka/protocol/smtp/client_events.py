"""What a client is told to say, and what it reports."""

import msgspec

from skrytka.model.address import Domain, ReversePath
from skrytka.model.envelope import BodyType, By, Recipient, Ret
from skrytka.model.secret import Secret
from skrytka.protocol.smtp.capabilities import Capabilities
from skrytka.protocol.smtp.client_states import Step
from skrytka.protocol.smtp.peer_reply import PeerReply

# -- actions ------------------------------------------------------------------------------------------------------


class SayHello(msgspec.Struct, frozen=True):
    """EHLO; HELO for a server that knows no EHLO (RFC 5321 3.2). LHLO to an LMTP server (RFC 2033 4.1)."""

    name: Domain
    is_extended: bool = True


class SayStartTls(msgspec.Struct, frozen=True):
    """Only where it is offered."""


class SayAuth(msgspec.Struct, frozen=True):
    """PLAIN or LOGIN, under TLS only; each 334 wants a :class:`SayResponse`."""

    mechanism: str
    name: str
    password: Secret


class SayResponse(msgspec.Struct, frozen=True):
    """The next line of the exchange that SayAuth began; "*" when there is none."""


class SayMail(msgspec.Struct, frozen=True, kw_only=True):
    """SIZE, MT-PRIORITY, BY of mode N and the DSN parameters go only to a server that knows them."""

    reverse_path: ReversePath
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    size_bytes: int = 0
    ret: Ret | None = None
    envid: str = ""
    by: By | None = None
    priority: int | None = None
    is_tls_required: bool = False  # only where it is offered (RFC 8689 4.2.1)


class SayRcpt(msgspec.Struct, frozen=True):
    """One more recipient."""

    recipient: Recipient


class SayData(msgspec.Struct, frozen=True):
    """Ask for 354."""


class SayBody(msgspec.Struct, frozen=True):
    """Octets of the message, cut anywhere, after 354; dots are stuffed here and nowhere else."""

    data: bytes


class SayEnd(msgspec.Struct, frozen=True):
    """The end of the message after 354."""


class SayChunk(msgspec.Struct, frozen=True):
    """BDAT with its octets."""

    data: bytes
    is_last: bool


class SayReset(msgspec.Struct, frozen=True):
    """RSET."""


class SayNoop(msgspec.Struct, frozen=True):
    """NOOP, to see whether it is still there."""


class SayQuit(msgspec.Struct, frozen=True):
    """QUIT."""


Action = (
    SayHello
    | SayStartTls
    | SayAuth
    | SayResponse
    | SayMail
    | SayRcpt
    | SayData
    | SayBody
    | SayEnd
    | SayChunk
    | SayReset
    | SayNoop
    | SayQuit
)

# -- events -------------------------------------------------------------------------------------------------------


class Answered(msgspec.Struct, frozen=True):
    """The reply to a command, in order. ``recipient`` for RCPT, and for the end of a message by LMTP."""

    step: Step
    reply: PeerReply
    recipient: Recipient | None = None
    capabilities: Capabilities | None = None  # of a positive reply to EHLO or LHLO


class Closing(msgspec.Struct, frozen=True):
    """421 out of turn: the server ends the session (RFC 5321 3.8)."""

    reply: PeerReply


class PeerEof(msgspec.Struct, frozen=True):
    """The server has closed; ``is_expected`` after QUIT was answered or 421."""

    is_expected: bool


ClientEvent = Answered | Closing | PeerEof
