"""What became of a recipient at another server."""

from enum import StrEnum
from typing import Final

import msgspec

from skrytka.model.errors import Reason, ReasonedError
from skrytka.protocol.smtp.peer_reply import PeerReply


class Fate(StrEnum):
    """Where the recipient stands after a try."""

    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A fate with its words."""

    fate: Fate
    status: str  # RFC 3463
    text: str
    is_remote: bool = False  # the text is the other server's reply
    host: str = ""
    tls: str = ""
    is_late: bool = False  # the time by which its sender wanted it delivered has passed
    is_deliver_by: bool = False  # the other server sees to that time
    is_dsn: bool = False  # the other server has taken over what the sender wants to hear (RFC 3461 5.2.2)


_STATUS: Final = {
    Reason.NO_SUCH_DOMAIN: "5.1.2",
    Reason.RELAY_DENIED: "5.1.10",  # RFC 7505 4.1: a null MX
    Reason.MAIL_LOOP: "5.4.6",
    Reason.UNREACHABLE: "4.4.1",
    Reason.TIMEOUT: "4.4.2",
    Reason.DNS_TIMEOUT: "4.4.3",
    Reason.DNS_FAILURE: "4.4.3",
    Reason.NOT_PERMITTED: "4.7.0",
    Reason.EXPIRED: "4.4.7",
}


def of_reply(
    reply: PeerReply, host: str, tls: str = "", *, is_dsn: bool = False, is_deliver_by: bool = False
) -> Outcome:
    """4xx may pass, 5xx does not (RFC 5321 4.2.1)."""
    fate = Fate.SENT if reply.is_positive else Fate.DEFERRED if reply.is_transient else Fate.FAILED
    return Outcome(
        fate=fate,
        status=reply.status,
        text=str(reply),
        is_remote=True,
        host=host,
        tls=tls,
        is_dsn=is_dsn,
        is_deliver_by=is_deliver_by,
    )


def deferred(reply: PeerReply, host: str) -> Outcome:
    """A refusal that is about the session, not about the message: later, whatever its class."""
    return Outcome(fate=Fate.DEFERRED, status="4" + reply.status[1:], text=str(reply), is_remote=True, host=host)


def of_error(error: ReasonedError, fate: Fate, host: str = "") -> Outcome:
    """Our own trouble on the way there."""
    status = _STATUS.get(error.reason, "4.3.0")
    if fate is Fate.FAILED and error.reason is not Reason.EXPIRED:
        status = "5" + status[1:]
    return Outcome(fate=fate, status=status, text=error.detail or error.reason.value, host=host)


def unsafe(status: str, text: str, host: str) -> Outcome:
    """The server is there, and the way to it is not what its domain or our setting asks for: later."""
    return Outcome(fate=Fate.DEFERRED, status=status, text=text, host=host)


def failed(status: str, text: str, host: str = "") -> Outcome:
    """What this server decides by itself, for good."""
    return Outcome(fate=Fate.FAILED, status=status, text=text, host=host)
