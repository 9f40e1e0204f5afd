"""The ten fields of an ENVELOPE as values, before they are written (RFC 9051 7.5.2, "ENVELOPE")."""

import sys
from collections.abc import Mapping

import msgspec

from skrytka.protocol.mime.addresses import RawAddress, parse_addresses

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


def read_envelope(values: Mapping[bytes, bytes], *, addresses_max: int = sys.maxsize) -> Envelope:
    """From the first field of each name, unfolded; of a longer list only the first ``addresses_max`` are kept."""

    def addresses(name: bytes) -> Addresses:
        return tuple(parse_addresses(values.get(name, b""), addresses_max)[:addresses_max])

    from_list = addresses(b"from")
    return Envelope(
        values.get(b"date"),
        values.get(b"subject"),
        from_list,
        addresses(b"sender") or from_list,  # RFC 9051 7.5.2: absent or empty ones are the same as From
        addresses(b"reply-to") or from_list,
        addresses(b"to"),
        addresses(b"cc"),
        addresses(b"bcc"),
        values.get(b"in-reply-to"),
        values.get(b"message-id"),
    )
