"""What the queue keeps of a message that leaves, sealed under the node's queue key. A format: docs/formats.md."""

from typing import Final, Generic, TypeVar

import msgspec

from skrytka.model.address import NULL_REVERSE_PATH, Address, ReversePath
from skrytka.model.clock import Random
from skrytka.model.envelope import BodyType, DeliverBy, Recipient, Ret, TlsWish
from skrytka.model.errors import UNREADABLE, PermanentError, Reason
from skrytka.model.ids import AccountId, QueueId, TraceId
from skrytka.model.secret import Secret
from skrytka.store.seal.keys import AccountKeys, Kind
from skrytka.store.seal.source import KeySource

RecordT = TypeVar("RecordT")
QUEUE_SUBJECT: Final = "node:queue"
NODE: Final = AccountId(0)  # accounts begin at 1: what is sealed for the node opens for none of them


class OutboundEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all recipients."""

    trace: TraceId
    reverse_path: ReversePath
    arrived_at_ms: int
    account: AccountId | None = None  # who submitted it; None: this server itself
    body_type: BodyType = BodyType.SEVEN_BIT  # what the octets are, whatever was declared
    needs_smtputf8: bool = False  # the header is UTF-8 and was declared so (RFC 6531 3.2)
    ret: Ret | None = None
    envid: str = ""
    trace_fields: bytes = b""  # our Received field, which goes before the message (RFC 5321 4.4)
    is_report: bool = False  # a DSN of ours
    deliver_by: DeliverBy | None = None  # counted from arrived_at_ms
    priority: int | None = None  # MT-PRIORITY, as granted; None: nobody has said one
    hold: str = ""  # as its sender said it (model.envelope.Hold)
    signatures: bytes = b""  # DKIM-Signature fields of ours below a set of ARC, which go between these and the message
    signed_for: str = ""  # d= of them: who signs anew when the octets have to change
    origin: ReversePath | None = None  # the reverse path of a forward before it was rewritten: who may be told
    is_proven: bool = True  # that it is the sender's
    alias: Address | None = None  # of ours, that led to these recipients: reports name it and not them
    tls_wish: TlsWish = TlsWish.USUAL
    body_digest: bytes = b""  # what our signatures are made of: what has waited long is signed anew

    @property
    def told(self) -> ReversePath:
        """Who is told what becomes of it: nobody whose mail it may not be."""
        if not self.is_proven:
            return NULL_REVERSE_PATH
        return self.reverse_path if self.origin is None else self.origin


class SealedRecords(Generic[RecordT]):
    """One kind of record of the queue: each opens in its own place only."""

    def __init__(self, kind: type[RecordT], name: str) -> None:
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._name = name

    def seal(self, keys: AccountKeys, place: bytes, record: RecordT) -> bytes:
        return keys.seal(Kind.TEXT, place, msgspec.msgpack.encode(record))

    def open(self, keys: AccountKeys, place: bytes, sealed: bytes) -> RecordT:
        """PermanentError(CORRUPT)."""
        try:
            return self._decoder.decode(keys.open(Kind.TEXT, place, sealed))
        except UNREADABLE as exc:
            raise PermanentError(Reason.CORRUPT, f"queued {self._name} of an unknown form") from exc


_ENVELOPES: Final = SealedRecords(OutboundEnvelope, "envelope")
_RECIPIENTS: Final = SealedRecords(Recipient, "recipient")


async def queue_keys(keys: KeySource, random: Random) -> AccountKeys:
    """The working keys of this node's queue."""
    return AccountKeys(NODE, await keys.node(QUEUE_SUBJECT), random)


class QueueKeys:
    """As :func:`queue_keys`; derived once for each key that the source hands out."""

    def __init__(self, keys: KeySource, random: Random) -> None:
        self._source = keys
        self._random = random
        self._derived: tuple[Secret, AccountKeys] | None = None

    async def get(self) -> AccountKeys:
        """TransientError(KEY_UNAVAILABLE) when the key agent does not answer."""
        secret = await self._source.node(QUEUE_SUBJECT)
        if self._derived is None or self._derived[0] is not secret:
            self._derived = secret, AccountKeys(NODE, secret, self._random)
        return self._derived[1]


def seal_envelope(keys: AccountKeys, queue_id: QueueId, envelope: OutboundEnvelope) -> bytes:
    """Bound to the queued message."""
    return _ENVELOPES.seal(keys, queue_id, envelope)


def open_envelope(keys: AccountKeys, queue_id: QueueId, sealed: bytes) -> OutboundEnvelope:
    """PermanentError(CORRUPT)."""
    return _ENVELOPES.open(keys, queue_id, sealed)


def seal_recipient(keys: AccountKeys, queue_id: QueueId, number: int, recipient: Recipient) -> bytes:
    """Bound to its place in the queued message."""
    return _RECIPIENTS.seal(keys, place_of(queue_id, number), recipient)


def open_recipient(keys: AccountKeys, queue_id: QueueId, number: int, sealed: bytes) -> Recipient:
    """PermanentError(CORRUPT)."""
    return _RECIPIENTS.open(keys, place_of(queue_id, number), sealed)


def place_of(queue_id: QueueId, number: int) -> bytes:
    """What a record of one recipient is bound to."""
    return queue_id + number.to_bytes(4, "big")
