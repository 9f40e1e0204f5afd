"""Whose fault it is, and whether waiting helps.

Every error that crosses a layer is one of these; anything else is a bug of ours, caught once per session or job,
answered 451 (IMAP: ``NO [SERVERBUG]``) and recorded, never shown to the peer.
"""

from enum import StrEnum
from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding octets of others or of the disk raises: neither text that is no UTF-8 nor depth is msgspec's error."""


class Reason(StrEnum):
    """Closed list of why something failed or was refused; the key of texts, statistics and documentation."""

    BAD_SYNTAX = "bad_syntax"
    BAD_SEQUENCE = "bad_sequence"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    BARE_NEWLINE = "bare_newline"
    NO_SUCH_USER = "no_such_user"
    NO_SUCH_DOMAIN = "no_such_domain"
    NO_SUCH_MAILBOX = "no_such_mailbox"
    NO_SUCH_OBJECT = "no_such_object"
    ALREADY_EXISTS = "already_exists"
    ACCOUNT_SUSPENDED = "account_suspended"
    OVER_QUOTA = "over_quota"
    MAIL_LOOP = "mail_loop"
    RELAY_DENIED = "relay_denied"
    BAD_CREDENTIALS = "bad_credentials"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 - says that one was refused
    RATE_LIMITED = "rate_limited"
    NOT_PERMITTED = "not_permitted"
    STEP_UP_NEEDED = "step_up_needed"  # a fresh proof of identity is
    APPROVAL_NEEDED = "approval_needed"  # of a second person
    STORE_BUSY = "store_busy"
    STORE_DOWN = "store_down"
    DISK_FULL = "disk_full"
    KEY_UNAVAILABLE = "key_unavailable"
    CORRUPT = "corrupt"
    DNS_TIMEOUT = "dns_timeout"
    DNS_FAILURE = "dns_failure"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    EXPIRED = "expired"
    SHUTTING_DOWN = "shutting_down"
    BAD_CONFIG = "bad_config"
    UNSUPPORTED = "unsupported"
    INSPECTOR_DOWN = "inspector_down"
    POISONED = "poisoned"
    SPF_FAIL = "spf_fail"
    DMARC_REJECT = "dmarc_reject"
    DMARC_QUARANTINE = "dmarc_quarantine"
    SENDER_UNKNOWN = "sender_unknown"  # DNS does not tell now whether the mail is its author's
    MFA_REQUIRED = "mfa_required"  # a mail program came with the password of an account that has a second factor
    NETWORK_NOT_ALLOWED = "network_not_allowed"
    OUTSIDE_HOURS = "outside_hours"
    BUG = "bug"  # an exception that nobody expected


class SkrytkaError(Exception):
    """Base of all errors raised on purpose."""


class ProtocolError(SkrytkaError):
    """A protocol was broken, by us (Local) or by the peer (Remote)."""


class LocalProtocolError(ProtocolError):
    """Our code used an engine in a way its state does not allow: a bug."""


class RemoteProtocolError(ProtocolError):
    """The peer sent what its protocol does not allow; the connection cannot go on."""


class ReasonedError(SkrytkaError):
    """An error with a closed reason; ``detail`` is for events and the administrator, never for the peer."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class TransientError(ReasonedError):
    """Waiting may help: answered 4xx, tried again."""


class PermanentError(ReasonedError):
    """Waiting does not help: answered 5xx."""
