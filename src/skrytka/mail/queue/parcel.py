"""A queued message with those of its recipients that go to one destination, opened for one try."""

from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.model.envelope import By, Recipient, TlsWish
from skrytka.store.sql.outbound import OutboundRow

CHUNK_BYTES: Final = 256 * 1024


class Reader(Protocol):
    """Where the octets come from (``store.seal.blob.BlobReader``)."""

    def read(self, offset: int, length: int) -> bytes: ...


class Parcel(msgspec.Struct, frozen=True):
    """Rows of one message; all have the same envelope and blob."""

    envelope: OutboundEnvelope
    rows: tuple[OutboundRow, ...]
    recipients: dict[int, Recipient]  # by the number in the queue
    recoded: bytes | None = None  # instead of the stored message, for a server that cannot have that
    by: By | None = None  # that this server is told
    fields: bytes = b""  # that this server is told beside those of the envelope

    @property
    def size(self) -> int:
        """Octets that travel."""
        size = self.rows[0].size if self.recoded is None else len(self.recoded)
        envelope = self.envelope
        return len(envelope.trace_fields) + len(self.fields) + len(envelope.signatures) + size

    @property
    def tls_wish(self) -> TlsWish:
        """Of a report REQUIRETLS is no more than a wish (RFC 8689 5): it goes where it must."""
        wish = self.envelope.tls_wish
        return TlsWish.USUAL if wish is TlsWish.REQUIRED and self.envelope.reverse_path.is_null else wish

    @property
    def needs_smtputf8(self) -> bool:
        """Whether every recipient needs it; one with such an address needs it by itself (RFC 6531 3.2)."""
        address = self.envelope.reverse_path.address
        return self.envelope.needs_smtputf8 or (address is not None and not address.is_ascii)


def octets(parcel: Parcel, reader: Reader) -> Iterator[bytes]:
    """Our fields, then the message as it was accepted; each piece is decrypted when it is asked for."""
    yield parcel.envelope.trace_fields + parcel.fields + parcel.envelope.signatures
    if parcel.recoded is not None:
        yield parcel.recoded
        return
    size = parcel.rows[0].size
    for start in range(0, size, CHUNK_BYTES):
        yield reader.read(start, min(CHUNK_BYTES, size - start))
