"""Tagged answers and their response codes (RFC 9051 7.1, RFC 5530)."""

from typing import Final

from skrytka.model.errors import Reason, ReasonedError, TransientError
from skrytka.protocol.imap.actions import Status, Tagged
from skrytka.protocol.imap.listing import OTHERS

AUTHENTICATION_FAILED: Final = Tagged(Status.NO, "authentication failed", b"AUTHENTICATIONFAILED")
AUTHORIZATION_FAILED: Final = Tagged(Status.NO, "acting for others is not offered", b"AUTHORIZATIONFAILED")
PRIVACY_REQUIRED: Final = Tagged(Status.NO, "start TLS first", b"PRIVACYREQUIRED")
RATE_LIMITED: Final = Tagged(Status.NO, "too many failed logins, try again later", b"LIMIT")
SERVER_BUG: Final = Tagged(Status.NO, "an error of this server, it has been recorded", b"SERVERBUG")
READ_ONLY: Final = Tagged(Status.NO, "the mailbox is open for reading only", b"NOPERM")
TRY_CREATE: Final = Tagged(Status.NO, "there is no such mailbox, it could be created", b"TRYCREATE")
NO_SPECIAL_USE: Final = Tagged(Status.NO, "that special use is unknown here or taken", b"USEATTR")  # RFC 6154 3
NOTHING_SELECTED: Final = Tagged(Status.NO, "the selected mailbox was deleted", b"NONEXISTENT")
MAILBOX_GONE: Final = "the selected mailbox was deleted"
TLS_ACTIVE: Final = Tagged(Status.BAD, "TLS is active")
NO_TLS: Final = Tagged(Status.NO, "TLS is not available", b"UNAVAILABLE")
UNKNOWN_MECHANISM: Final = Tagged(Status.NO, "that mechanism is not offered", b"CANNOT")
CANCELLED: Final = Tagged(Status.BAD, "cancelled")  # RFC 9051 6.2.2
MESSAGES_GONE: Final = Tagged(Status.NO, "some of the messages are gone", b"EXPUNGEISSUED")
MESSAGES_CORRUPT: Final = Tagged(Status.NO, "some of the messages cannot be read, the others were sent", b"CORRUPTION")
UNKNOWN_ENCODING: Final = Tagged(Status.NO, "a part cannot be decoded", b"UNKNOWN-CTE")
NO_CHARSET: Final = Tagged(Status.BAD, "after ENABLE UTF8=ACCEPT there is no CHARSET")  # RFC 6855 3
UNKNOWN_CHARSET: Final = Tagged(Status.NO, "that charset is not known", b"BADCHARSET (UTF-8 US-ASCII)")

_BY_REASON: Final[dict[Reason, Tagged]] = {
    Reason.NO_SUCH_MAILBOX: Tagged(Status.NO, "there is no such mailbox", b"NONEXISTENT"),
    Reason.NO_SUCH_OBJECT: MESSAGES_GONE,
    Reason.ALREADY_EXISTS: Tagged(Status.NO, "that exists already", b"ALREADYEXISTS"),
    Reason.OVER_QUOTA: Tagged(Status.NO, "the mailbox is full", b"OVERQUOTA"),
    Reason.NOT_PERMITTED: Tagged(Status.NO, "that is not permitted", b"NOPERM"),
    Reason.TOO_MANY: Tagged(Status.NO, "there is no room for more of these", b"LIMIT"),
    Reason.CORRUPT: MESSAGES_CORRUPT,
    Reason.RATE_LIMITED: RATE_LIMITED,
    Reason.BAD_CREDENTIALS: AUTHENTICATION_FAILED,
}
_TRANSIENT: Final = Tagged(Status.NO, "temporary trouble here, try again later", b"UNAVAILABLE")
_PERMANENT: Final = Tagged(Status.NO, "that is not possible", b"CANNOT")


def ok(text: str, code: bytes = b"") -> Tagged:
    """``OK [code] text``."""
    return Tagged(Status.OK, text, code)


def no_target(name: str) -> Tagged:
    """There is no such mailbox to put something into; among those of others nobody makes one (RFC 4314 4)."""
    return _BY_REASON[Reason.NO_SUCH_MAILBOX] if name.startswith(OTHERS) else TRY_CREATE


def messages_gone(code: bytes) -> Tagged:
    """``MESSAGES_GONE`` with another code, if there is one."""
    return Tagged(Status.NO, MESSAGES_GONE.text, code) if code else MESSAGES_GONE


def bad(text: str) -> Tagged:
    """The client's fault."""
    return Tagged(Status.BAD, text)


def for_error(exc: ReasonedError) -> Tagged:
    """What the client hears of an error; its detail stays here."""
    return _BY_REASON.get(exc.reason, _TRANSIENT if isinstance(exc, TransientError) else _PERMANENT)
