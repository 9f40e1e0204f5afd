"""What an error of ours or a refusal of the engine means to an SMTP peer, and the trace id in the last word."""

from typing import Final

from skrytka.model import reply as replies
from skrytka.model.errors import Reason, ReasonedError, TransientError
from skrytka.model.ids import TraceId, id_text
from skrytka.model.reply import Reply

BUG: Final = Reason.BUG.value

_TRANSIENT: Final[dict[Reason, Reply]] = {
    Reason.DISK_FULL: replies.DISK_FULL,
    Reason.STORE_BUSY: replies.STORE_DOWN,
    Reason.STORE_DOWN: replies.STORE_DOWN,
    Reason.RATE_LIMITED: replies.RATE_LIMITED,
    Reason.OVER_QUOTA: replies.OVER_QUOTA,
}
_PERMANENT: Final[dict[Reason, Reply]] = {
    Reason.NO_SUCH_USER: replies.NO_SUCH_USER,
    Reason.NO_SUCH_DOMAIN: replies.NO_SUCH_DOMAIN,
    Reason.RELAY_DENIED: replies.RELAY_DENIED,
    Reason.ACCOUNT_SUSPENDED: replies.ACCOUNT_SUSPENDED,
    Reason.TOO_LARGE: replies.TOO_LARGE,
    Reason.MAIL_LOOP: replies.MAIL_LOOP,
}
_ENGINE: Final[dict[Reply, Reason]] = {
    replies.BARE_NEWLINE_DATA: Reason.BARE_NEWLINE,
    replies.TOO_LARGE: Reason.TOO_LARGE,
    replies.HEADER_TOO_LARGE: Reason.TOO_LARGE,
    replies.TEXT_LINE_TOO_LONG: Reason.TOO_LARGE,
    replies.EIGHT_BIT_NEEDED: Reason.UNSUPPORTED,
}


def reply_to(error: ReasonedError) -> Reply:
    """Whether waiting helps is in the class of the error; its detail never reaches the peer."""
    if isinstance(error, TransientError):
        return _TRANSIENT.get(error.reason, replies.LOCAL_ERROR)
    return _PERMANENT.get(error.reason, replies.POLICY)


def reason_of(refusal: Reply) -> Reason:
    """Why the engine refused a message."""
    return _ENGINE.get(refusal, Reason.BAD_SYNTAX)


def accepted(reply: Reply, trace: TraceId) -> Reply:
    """The 250 names the message as `skrytka trace` knows it."""
    if reply.enhanced == replies.PRIORITY_CHANGED.enhanced:  # its text begins with the priority (RFC 6710 4.1)
        return reply.with_text(f"{reply.lines[0]}, accepted {id_text(trace)}")
    return reply.with_text(f"Accepted {id_text(trace)}")


def refused(reply: Reply, trace: TraceId) -> Reply:
    """So does the refusal, so that a sender's postmaster can ask for it."""
    *lines, last = reply.lines
    return reply.with_text(*lines, f"{last} (trace {id_text(trace)})")
