"""What is announced when (RFC 9051 6.1.1); only what works."""

from collections.abc import Sequence
from typing import Final

_ALWAYS: Final = b"IMAP4rev1 IMAP4rev2 SASL-IR LITERAL- ID ENABLE"
_SERVICES: Final = (  # LITERAL+ has all of LITERAL- (RFC 7888 5)
    b"IMAP4rev1 IMAP4rev2 LITERAL+ ID ENABLE IDLE NAMESPACE UNSELECT CHILDREN SPECIAL-USE CREATE-SPECIAL-USE "
    b"LIST-EXTENDED LIST-STATUS ESEARCH SEARCHRES STATUS=SIZE OBJECTID SAVEDATE UIDPLUS MOVE BINARY "
    b"CONDSTORE UTF8=ACCEPT"
)


def capabilities(*, is_logged_in: bool, is_tls: bool, can_start_tls: bool, mechanisms: Sequence[str] = ()) -> bytes:
    """The line behind ``CAPABILITY``. Without TLS no password is taken (RFC 9051 11.7)."""
    if is_logged_in:
        return b"CAPABILITY " + _SERVICES
    if is_tls:
        return b"CAPABILITY " + _ALWAYS + "".join(f" AUTH={name}" for name in mechanisms).encode()
    return b"CAPABILITY " + _ALWAYS + (b" STARTTLS" if can_start_tls else b"") + b" LOGINDISABLED"
