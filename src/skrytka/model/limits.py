"""Limits with a name and a reason; what an administrator may change of them stands in ``settings``."""

import msgspec


class SmtpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one SMTP server session."""

    message_bytes: int = 50 * 1024 * 1024
    header_bytes: int = 256 * 1024
    command_line_bytes: int = 4096  # RFC 5321 4.5.3.1.4 asks for 512, extensions add to it (RFC 5321 4.1.1.11 note)
    text_line_bytes: int = 64 * 1024  # RFC 5321 4.5.3.1.6 asks for 1000; longer lines are met and stay unchanged
    recipients: int = 1000  # RFC 5321 4.5.3.1.8 asks for 100 at least
    errors: int = 20
    commands: int = 10_000
    messages: int = 1000
    command_s: float = 300.0  # RFC 5321 4.5.3.2.7
    data_s: float = 180.0  # RFC 5321 4.5.3.2.5: between two chunks of data
    session_s: float = 7200.0
    reply_s: float = 60.0  # from the final dot to the reply (design section 5)


class ImapLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one IMAP server session."""

    line_bytes: int = 64 * 1024  # RFC 7162 4 asks for 8192 at least
    literal_bytes: int = 64 * 1024  # literals of commands other than APPEND
    append_bytes: int = 50 * 1024 * 1024
    before_login_s: float = 60.0
    after_login_s: float = 1800.0  # RFC 9051 5.4: 30 minutes at least
    bad_commands: int = 20
    logins: int = 3


class ConnectionLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds over all connections of one listener kind; 0 lifts a bound."""

    total: int = 20_000
    per_address: int = 50
    per_network: int = 200  # /24 of IPv4, /48 of IPv6
    spool_memory_bytes: int = 64 * 1024 * 1024  # message data held in memory by all sessions of a process


MESSAGE_IN_MEMORY_BYTES = 256 * 1024  # beyond it a message goes to a sealed spool file (design section 5)
DELIVER_BY_MIN_S = 60  # RFC 2852 2: of mode R; the decision at the end of a message may take so long
RECEIVED_MAX = 100  # RFC 5321 6.3
