"""The ten fields of an ENVELOPE out of a header section (RFC 9051 7.5.2, "ENVELOPE")."""

import sys
from collections.abc import Mapping

from skrytka.protocol.mime.addresses import parse_addresses
from skrytka.protocol.mime.envelope import Addresses, Envelope


def read_envelope(values: Mapping[bytes, bytes], *, addresses_max: int = sys.maxsize) -> Envelope:
    """From the first field of each name, unfolded; of a longer list only the first ``addresses_max`` are kept."""

    def addresses(name: bytes) -> Addresses:
        value = values.get(name)
        return tuple(parse_addresses(value, addresses_max)[:addresses_max]) if value else ()

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
