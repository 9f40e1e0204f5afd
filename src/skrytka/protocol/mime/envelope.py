"""The ten fields of an ENVELOPE as values, before they are written (RFC 9051 7.5.2, "ENVELOPE")."""

import msgspec

ENVELOPE_FIELDS = (
    b"date",
    b"subject",
    b"from",
    b"sender",
    b"reply-to",
    b"to",
    b"cc",
    b"bcc",
    b"in-reply-to",
    b"message-id",
)


class RawAddress(msgspec.Struct, frozen=True, array_like=True):
    """One address as RFC 9051 7.5.2 wants it: raw bytes, nothing decoded; None is NIL.

    A group begins with (None, None, name, None) and ends with all None; an address that lacks its local part or its
    domain has b"" there, so that it is not taken for one of these.
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


Addresses = tuple[RawAddress, ...]


class Envelope(msgspec.Struct, frozen=True, array_like=True):
    """Raw bytes, nothing decoded; None and an empty list are NIL."""

    date: bytes | None = None
    subject: bytes | None = None
    from_: Addresses = ()
    sender: Addresses = ()
    reply_to: Addresses = ()
    to: Addresses = ()
    cc: Addresses = ()
    bcc: Addresses = ()
    in_reply_to: bytes | None = None
    message_id: bytes | None = None
