from skrytka.mail.outbox.sealed import OutboundEnvelope
from skrytka.mail.queue.parcel import CHUNK_BYTES, Parcel, octets
from skrytka.model.address import Address, ReversePath
from skrytka.model.ids import BlobId, QueueId, TraceId
from skrytka.store.sql.outbound import OutboundRow
from tests.support.outside import to


class Source:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.asked.append((offset, length))
        return self.content[offset : offset + length]


def parcel(size: int, sender: str = "a@example.org") -> Parcel:
    envelope = OutboundEnvelope(
        trace=TraceId(bytes(16)),
        reverse_path=ReversePath(Address.parse(sender)),
        arrived_at_ms=1,
        trace_fields=b"Received: x\r\n",
    )
    row = OutboundRow(QueueId(bytes(16)), 0, BlobId(bytes(16)), size, b"", b"", b"", 0, 0, 0, "", 1, 0, 0, 0, 0)
    return Parcel(envelope, (row,), {0: to()})


def test_our_field_goes_before_the_message_which_is_read_piece_by_piece() -> None:
    source = Source(bytes(range(256)) * 2000)
    whole = b"".join(octets(parcel(512_000), source))
    assert whole == b"Received: x\r\n" + source.content
    assert source.asked == [(0, CHUNK_BYTES), (CHUNK_BYTES, 512_000 - CHUNK_BYTES)]
    assert parcel(512_000).size == len(whole)


def test_an_internationalised_sender_needs_smtputf8() -> None:
    assert parcel(1, "ż@example.org").needs_smtputf8
    assert not parcel(1).needs_smtputf8
